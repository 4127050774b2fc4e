"""Processes and what they cost, and the world that the measured ones live in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from rotator.sandbox.certificates import write_private
from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.world import World

ROOT = Path(__file__).parents[2]
DUE = Scenario(keys=(InitialKey(age_days=85),))  # past rotate_at, not past the limit of 90 days
FOREIGN = ("AWS_", "ROTATOR_", "PYTHON", "GOOGLE_")
PYTHON = "python"  # the part of a metered process before the meter starts and after it ends


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took, seen from outside; `report` is the meter's, if it ran under one."""

    wall_s: float
    cpu_s: float
    report: dict[str, Any] = field(default_factory=dict)


class Failed(RuntimeError):
    """A measured process did not do its work, so its figures mean nothing."""


def measure(
    arguments: Sequence[str], *, environ: dict[str, str] | None = None, given: str = "", metered: bool = False
) -> Cost:
    """Run `python ARGUMENTS` (`MODULE ...` if metered) to its end.  Raises Failed for any exit code but 0."""
    with tempfile.TemporaryDirectory() as directory:
        report, errors = Path(directory, "report"), Path(directory, "errors")
        command = ["-m", "tests.bench.meter", str(report), *arguments] if metered else list(arguments)
        began = time.perf_counter()
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, *command],
                env=clean_environment() | (environ or {}),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
            assert process.stdin is not None
            process.stdin.write(given.encode())
            process.stdin.close()
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise Failed(f"{' '.join(command)}: exit code {process.returncode}: {errors.read_text('utf-8')[-2000:]}")
        cost = Cost(wall, usage.ru_utime + usage.ru_stime, json.loads(report.read_text("utf-8")) if metered else {})
    if metered:  # what the meter cannot see from inside
        cost.report["wall_s"][PYTHON] = cost.wall_s - sum(cost.report["wall_s"].values())
        cost.report["cpu_s"][PYTHON] = cost.cpu_s - sum(cost.report["cpu_s"].values())
    return cost


def clean_environment() -> dict[str, str]:
    """Nobody's environment: no accounts, no proxy before the loopback, no settings of Python."""
    foreign = {name for name in os.environ if name.startswith(FOREIGN) or name.lower().endswith("_proxy")}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return kept | {"PYTHONPATH": str(ROOT)}


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure by itself; counts and names are those of the first."""
    report: dict[str, Any] = dict(costs[0].report)
    for name in ("wall_s", "cpu_s"):
        parts = {part for one in costs for part in one.report.get(name, {})}
        report[name] = {part: median(one.report[name].get(part, 0.0) for one in costs) for part in parts}
    if "memory_mb" in report:
        report["memory_mb"] = max(one.report["memory_mb"] for one in costs)
    return Cost(median(one.wall_s for one in costs), median(one.cpu_s for one in costs), report)


@contextmanager
def calm_world(*, adopted: bool = True) -> Iterator[World]:
    """A calm world in which nothing waits for a person: a Workspace alias and a relay's file, one key that is due."""
    with (
        tempfile.TemporaryDirectory() as directory,
        World.start(Path(directory, "world"), calm=True, scenario=DUE) as world,
    ):
        document = yaml.safe_load(world.place.config.read_text("utf-8"))
        for user in document["users"]:
            user["consumers"] = [one for one in user["consumers"] if one["name"] != "admin-alias"]
        write_private(world.place.config, yaml.safe_dump(document).encode())
        if adopted:
            (key,) = world.keys.now_held(world.scenario.user)
            adopt = ["-m", "rotator", "adopt", "--secret-stdin", "--no-input"]
            measure(adopt, environ=world.environment(), given=key.secret)
        yield world


def rotate(world: World) -> Cost:
    """One metered `rotate`, which ends in the grace."""
    return measure(["rotator", "rotate", "--yes", "--no-input"], environ=world.environment(), metered=True)


def doctor(world: World, runs: int) -> dict[str, list[float]]:
    """What `tests.bench.doctor` tells of some runs.  Raises Failed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.doctor", str(runs)],
        env=clean_environment() | world.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"doctor: {done.stderr[-2000:]}")
    told: dict[str, list[float]] = json.loads(done.stdout)
    return told


def bare(world: World, calls: Sequence[str]) -> Cost:
    """The bare script, making `calls` in order."""
    assert world.gmail is not None
    scenario = world.scenario
    place = {
        "user": scenario.user,
        "region": scenario.region,
        "host": "127.0.0.1",
        "port": world.smtp.port,
        "ca_file": str(world.authority.ca_file),
        "service_account": str(world.service_account),
        "gmail_url": world.gmail.url,
        "mailbox": f"ops@{scenario.domain}",
        "alias": f"news@{scenario.domain}",
    }
    given = json.dumps({"place": place, "calls": list(calls)})
    return measure(["tests.bench.bare"], environ=world.environment(), given=given, metered=True)


def calls_since(world: World, since: int) -> list[str]:
    """The outside calls that the program made, as the world recorded them.

    After a mail is handed to Gmail, what speaks SMTP is Gmail: those entries are its own.
    """
    names: list[str] = []
    for entry in world.record.entries(since):
        if entry.kind != "smtp" or "messages.send" not in names:
            names.append(entry.name)
    return names
