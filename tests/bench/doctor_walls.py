"""How long the doctor takes beside the longest chain of its checks, with all of them as slow as a far service.

The table of checks, what each stands on, and the walk are the product's; only what a check asks is replaced by its
time.  SES allows one call a second, so its checks follow each other in each region.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from rotator.config.loader import load
from rotator.doctor.checks import Check, Function, Subject, Verdict, ok
from rotator.doctor.ground import Ground
from rotator.doctor.registry import CHECKS
from rotator.doctor.runner import Task, examine, plan
from rotator.sandbox.world import World
from rotator.wiring.doctor import Asked, doctor

SES_S, OTHER_S = 1.0, 0.32  # SES's rate; connect, TLS, question: four round trips of 80 ms


def walls(world: World) -> tuple[float, float]:
    """(seconds of the walk, the least that it can take) for the configuration of a world."""
    checks = [replace(one, function=_slow(one)) for one in CHECKS.values()]
    with doctor(load(str(world.place.config), world.environment()), Asked()) as found:
        least = least_s(plan(found.ground, checks))
        began = time.perf_counter()
        told = list(examine(found.ground, checks))
        wall_s = time.perf_counter() - began
    if not told or any(one.summary != "asked" for one in told):
        raise RuntimeError("not every check was asked")
    return wall_s, least


def least_s(tasks: Sequence[Task]) -> float:
    """Seconds of the longest chain of prerequisites, or of a region's SES calls one after the other if that is more."""

    @cache
    def ends(number: int) -> float:
        task = tasks[number]
        return _seconds(task.check) + max((ends(need) for need in task.needs), default=0.0)

    lanes = Counter(task.subject.region for task in tasks if task.check.lane)
    return max([*map(ends, range(len(tasks))), *(calls * SES_S for calls in lanes.values())])


def _seconds(one: Check) -> float:
    return SES_S if one.lane else OTHER_S


def _slow(one: Check) -> Function:
    seconds = _seconds(one)

    def function(ground: Ground, subject: Subject) -> Verdict:
        time.sleep(seconds)
        return ok("asked")

    return function
