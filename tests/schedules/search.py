"""Every schedule of at most so many faults in a life, without running the same thing twice.

After a fault most lives soon stand where another one stood.  Two points with the same world, facts and plans, and as
many faults to come, have the same future, so each such point is continued once.  Times count from now, gaps longer than
any constant that a rule knows are one gap, and keys are named in the order of their making: rules can tell no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from rotator.core.facts import ConsumerFacts, Facts
from rotator.core.policy import CANARY_BACKOFF_S, DAY_S
from rotator.rotation.loop import EndlessLoop
from tests.schedules.edges import faults_of
from tests.schedules.life import Configuration, Lived, Point, live, start
from tests.schedules.world import Broken, Choice, World

A_TIME = 1_000_000_000  # every whole number beyond it is a time
LATE = ("late", "late 1", "late 3", "late 9")


@dataclass
class Found:
    """What a search came to; `story` is empty if every promise held."""

    schedules: int = 0
    processes: int = 0
    points: int = 0
    verdict: str = ""
    story: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = f"{self.schedules} schedules, {self.processes} processes run from {self.points} points"
        return "\n".join([f"{head}: {self.verdict or 'violations 0'}", *self.story])


@dataclass
class Search:
    """One exhaustive search from the adoption to the last rotation's end."""

    configuration: Configuration
    faults: int
    directory: Path | None = None
    lates: tuple[str, ...] = LATE
    points: list[Point] = field(default_factory=list)
    came: list[tuple[int, str]] = field(default_factory=list)
    calm: dict[int, int] = field(default_factory=dict)  # where a point leads without another fault
    ways: list[list[int]] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)
    processes: int = 0

    def run(self) -> Found:
        """Search to the end, or to the first broken promise."""
        waiting = [self._number(start(self.configuration, self.directory), self.faults, 0, "")]
        left = [self.faults]
        while waiting:
            here = waiting.pop()
            for faults, lived in self._processes(here, left[here]):
                if isinstance(lived, Broken):
                    return self._found(str(lived), (*self.story(here), _told("", faults)))
                known = len(self.points)
                there = self._number(lived.after, left[here] - len(faults), here, _told(lived.ending, faults))
                self.ways[here].append(there)
                if not faults:
                    self.calm[here] = there
                if there == known:
                    left.append(left[here] - len(faults))
                    waiting.append(there)
        return self._found(*self._wedged())

    def _found(self, verdict: str = "", story: tuple[str, ...] = ()) -> Found:
        return Found(0 if verdict else self._schedules(), self.processes, len(self.points), verdict, story)

    def _number(self, point: Point, left: int, here: int, says: str) -> int:
        key = (signature(self.configuration, point), left)
        if key not in self.numbers:
            self.numbers[key] = len(self.points)
            self.points.append(point)
            self.came.append((here, says))
            self.ways.append([])
        return self.numbers[key]

    def _processes(self, here: int, left: int) -> Iterator[tuple[dict[int, str], Lived | Broken]]:
        """The process that starts here, with every choice of at most `left` faults."""
        point = self.points[here]
        waiting: list[dict[int, str]] = [] if point.over else [{}]
        while waiting:
            faults = waiting.pop()
            self.processes += 1
            try:
                lived = live(self.configuration, point, _at(faults))
            except (Broken, EndlessLoop) as broken:
                yield faults, Broken(str(broken))
                return
            yield faults, lived
            if len(faults) < left:
                waiting += self._one_more(faults, lived.calls)

    def _one_more(self, faults: dict[int, str], calls: tuple[str, ...]) -> Iterator[dict[int, str]]:
        last = max(faults, default=0)
        for number, call in enumerate(calls[last:], last + 1):
            for fault in possible(self.configuration, call, self.lates):
                yield {**faults, number: fault}

    def story(self, number: int) -> tuple[str, ...]:
        """How a point was reached: what replays it."""
        lines: list[str] = []
        while number:
            number, says = self.came[number]
            lines.append(says)
        return tuple(reversed(lines))

    def _wedged(self) -> tuple[str, tuple[str, ...]]:
        """A life without further faults that never ends, or no story."""
        ends: set[int] = {number for number, point in enumerate(self.points) if point.over}
        for begin in range(len(self.points)):
            path: list[int] = []
            here = begin
            while here not in ends:
                if here in path:
                    lines = (*self.story(begin), *(self.came[one][1] for one in path))
                    return "wedged: it goes on like this for ever", lines
                path.append(here)
                here = self.calm[here]
            ends.update(path)
        return "", ()

    def _schedules(self) -> int:
        """How many different lists of faults lead from the start to an end."""
        count: dict[int, int] = {}
        stack = [0]
        while stack:
            here = stack[-1]
            todo = [one for one in self.ways[here] if one not in count]
            if todo:
                stack += todo
                continue
            count[here] = 1 if self.points[here].over else sum(count[one] for one in self.ways[here])
            stack.pop()
        return count[0]


def _at(faults: dict[int, str]) -> Choice:
    return lambda number, _: faults.get(number, "")


def possible(one: Configuration, call: str, lates: tuple[str, ...]) -> Iterator[str]:
    """The faults that a call can have in this configuration."""
    what, _, name = call.partition(" ")
    traits = one.policy.consumer(name)
    for fault in faults_of(call):
        if fault == "lied" and not (traits and (traits.sends or traits.reads_back)):
            continue  # nothing could find it out
        if what == "paste" and not (traits and traits.sends):
            continue  # a person's word is all there is, and true
        if fault == "late" and what != "paste":
            yield from lates
        else:
            yield fault
    if call == "create" and not one.sole_creator:
        yield "stranger"


def _told(ending: str, faults: dict[int, str]) -> str:
    """One line of a story."""
    return f"{ending or 'broken in'} faults {faults}" if faults or not ending else ending


# --- when two points have the same future ---------------------------------------------------------------------------

UNREAD: dict[str, Any] = {"rotated_at": 0}


def signature(one: Configuration, point: Point) -> Any:
    """What the future depends on; equal for points with the same future."""
    last = max(one.incident[0] if one.incident else 0, one.abort_before, one.edit_before)
    planned = point.process if point.process <= last else 0  # what people plan comes before a process of that number
    whereabouts = (point.todo, point.done, point.over, planned)
    parts = (_resting(point.store.facts), _world(point.world), point.store.sealed, whereabouts)
    times: set[int] = set()
    names: set[str] = set()
    _collect(parts, times, names)
    longest = max(one.grace_s, one.quiet_s, one.watch_s, DAY_S) + 3600
    return _renamed(parts, _gaps(times, point.world.now, longest), {key: n for n, key in enumerate(sorted(names))})


def _resting(facts: Facts) -> Facts:
    """Facts without what no rule reads, and between runs without what the next RunOpened wipes out."""
    facts = replace(facts, **UNREAD)
    if facts.run is None:
        return replace(facts, deleted=(), consumers=tuple(ConsumerFacts(c.name, c.may_hold) for c in facts.consumers))
    more = len(CANARY_BACKOFF_S)  # from then on the back-off stays the same
    consumers = tuple(replace(one, canary_unknown=min(one.canary_unknown, more)) for one in facts.consumers)
    return replace(facts, run=replace(facts.run, opened=0), deleted=(), consumers=consumers)


def _world(world: World) -> tuple[Any, ...]:
    stale = (world.before, world.before_until) if world.before_until > world.now else ()
    lag = tuple(sorted((key, *one) for key, one in world.ses.items() if one[1] > world.now))
    rows, holds = tuple(world.rows.values()), tuple(sorted((*world.holds.items(), *world.through.items())))
    return (rows, holds, world.late, stale, lag, world.leaked, world.revoked)


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _collect(value: Any, times: set[int], names: set[str]) -> None:
    if isinstance(value, str):
        if value.startswith("AKIA"):
            names.add(value)
    elif isinstance(value, int):
        if value > A_TIME:
            times.add(value)
    elif isinstance(value, tuple | frozenset):
        for one in value:
            _collect(one, times, names)
    elif value is not None:
        for name in _fields(value.__class__):
            _collect(getattr(value, name), times, names)


def _gaps(times: set[int], now: int, longest: int) -> dict[int, int]:
    """Every time as its distance from now, in steps of at most `longest`."""
    moved: dict[int, int] = {}
    for side in (sorted((one for one in times if one <= now), reverse=True), sorted(one for one in times if one > now)):
        place, before = 0, now
        for at in side:
            gap = at - before
            place += max(-longest, min(longest, gap))
            before = at
            moved[at] = place
    return moved


def _renamed(value: Any, times: dict[int, int], names: dict[str, int]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, int):
        return ("at", times[value]) if value > A_TIME else value
    if isinstance(value, tuple):
        return tuple(_renamed(one, times, names) for one in value)
    if isinstance(value, frozenset):
        return frozenset(_renamed(one, times, names) for one in value)
    if value is None:
        return None
    return (type(value).__name__, *(_renamed(getattr(value, name), times, names) for name in _fields(value.__class__)))


def explore(one: Configuration, faults: int, directory: Path | None = None, lates: tuple[str, ...] = LATE) -> Found:
    """Search one configuration to the end."""
    return Search(one, faults, directory, lates).run()
