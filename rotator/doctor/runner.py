"""Walk the table of checks: side by side, answered in order, and nothing is looked at whose ground is gone.

A check that failed takes with it what stands on it: those are skipped and name it, so that one cause is one failure.
SES's calls wait for the service's rate, each region on a thread of its own: nothing else waits for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from rotator.core.errors import ConfigurationError, LockHeld, RotatorError
from rotator.core.findings import CheckStatus, Finding
from rotator.doctor.checks import Check, Subject, Verdict, not_known, skipped
from rotator.doctor.ground import Ground
from rotator.doctor.registry import CHECKS, LAYERS
from rotator.doctor.subjects import subjects

THREADS = 8


@dataclass(frozen=True, slots=True)
class Task:
    """One check about one subject, and the numbers of the tasks that it stands on."""

    check: Check
    subject: Subject
    needs: tuple[int, ...]


def named(ids: Iterable[str]) -> tuple[Check, ...]:
    """The checks of these ids and all that they stand on, in the table's order; no ids: all.

    An id without a dot is a layer.  Raises ConfigurationError for one that is unknown.
    """
    wanted: set[str] = set()
    for name in ids:
        found = [one.id for one in CHECKS.values() if name in (one.id, one.layer)]
        if not found:
            near = get_close_matches(name.lower(), [*CHECKS, *LAYERS], 1)
            raise ConfigurationError(
                f"unknown check {name!r}" + (f", did you mean {near[0]!r}?" if near else ""),
                why="neither a check nor a layer has that name",
                fix="rotator doctor --list-checks",
                id="unknown-check",
            )
        wanted.update(found)
    todo = list(wanted)
    while todo:
        needed = set(CHECKS[todo.pop()].needs) - wanted
        wanted |= needed
        todo += needed
    return tuple(one for one in CHECKS.values() if one.id in wanted or not wanted)


def plan(ground: Ground, checks: Sequence[Check]) -> tuple[Task, ...]:
    """Every check about everything it is made for, in order."""
    placed = [(one, subject) for one in checks for subject in subjects(ground, one.kind)]
    return tuple(
        Task(one, subject, tuple(
            number for number, (other, about) in enumerate(placed) if other.id in one.needs and subject.related(about)
        ))
        for one, subject in placed
    )  # fmt: skip


def examine(ground: Ground, checks: Sequence[Check], clock: Callable[[], float] = time.monotonic) -> Iterator[Finding]:
    """The findings, each as soon as it and all before it are there.  `clock` in seconds times them."""
    tasks = plan(ground, checks)
    with ExitStack() as stack:
        pools = _Pools(stack)
        walk = _Walk(ground, tasks, clock, pools)
        stack.callback(pools.stop)
        yield from walk.findings()


@dataclass(slots=True)
class _Pools:
    """Eight threads, and one for each region's SES calls."""

    stack: ExitStack
    pools: dict[str, ThreadPoolExecutor] = field(default_factory=dict)

    def of(self, task: Task) -> ThreadPoolExecutor:
        lane = f"{task.check.lane}-{task.subject.region}" if task.check.lane else ""
        if lane not in self.pools:
            self.pools[lane] = ThreadPoolExecutor(1 if lane else THREADS, f"doctor{lane}")
        return self.pools[lane]

    def stop(self) -> None:
        """Start nothing more; what runs is bounded by its own deadline."""
        for pool in self.pools.values():
            pool.shutdown(wait=False, cancel_futures=True)


class _Walk:
    """One pass over the tasks."""

    def __init__(self, ground: Ground, tasks: Sequence[Task], clock: Callable[[], float], pools: _Pools) -> None:
        self._ground, self._tasks, self._clock, self._pools = ground, tasks, clock, pools
        self._found: dict[int, Finding] = {}
        self._gone: dict[int, str] = {}  # number -> the check that is the cause
        self._running: dict[Future[Finding], int] = {}
        self._waiting = set(range(len(tasks)))

    def findings(self) -> Iterator[Finding]:
        shown = 0
        while shown < len(self._tasks):
            self._start()
            while shown in self._found:
                yield self._found[shown]
                shown += 1
            if self._running:
                done, _ = wait(self._running, return_when=FIRST_COMPLETED)
                for future in done:
                    self._settle(self._running.pop(future), future.result())

    def _start(self) -> None:
        """Start whatever can be; skip what lost its ground, and then what stands on that."""
        for number in sorted(self._waiting):
            task = self._tasks[number]
            if any(need in self._waiting or need in self._running.values() for need in task.needs):
                continue
            self._waiting.discard(number)
            cause = next((self._gone[need] for need in task.needs if need in self._gone), "")
            if cause:
                self._gone[number] = cause
                self._found[number] = task.check.finding(skipped(f"needs {cause}"), task.subject.label)
            else:
                self._running[self._pools.of(task).submit(self._look, task)] = number

    def _settle(self, number: int, finding: Finding) -> None:
        self._found[number] = finding
        if finding.status is CheckStatus.FAILED:
            self._gone[number] = finding.id

    def _look(self, task: Task) -> Finding:
        began = self._clock()
        verdict = _verdict(task, self._ground)
        finding = task.check.finding(verdict, task.subject.label)
        return replace(finding, ms=int((self._clock() - began) * 1000))


def _verdict(task: Task, ground: Ground) -> Verdict:
    """The check's answer; a look-up that failed is not known, never "broken", and beside a run nothing is done."""
    try:
        return task.check.function(ground, task.subject)
    except LockHeld as held:
        ground.held_up[task.subject.user] = str(held)
        return skipped(f"{held}: nobody logs in beside a run at work")
    except RotatorError as error:
        return not_known(str(error), error.fix)
