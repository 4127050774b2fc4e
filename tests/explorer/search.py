"""Breadth first through everything that can happen, and back again from the finished states."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from rotator.core import steps
from tests.explorer.moves import Configuration, State, moves
from tests.explorer.promises import broken, clean
from tests.explorer.world import Broken

MOST_STATES = 2_000_000
MOST_LINES = 25  # of what happens after a state is stuck


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.  `story` is empty if every promise held and nothing was wedged."""

    states: int
    transitions: int
    seconds: float
    verdict: str = ""
    story: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = f"{self.states} states, {self.transitions} transitions, {self.seconds:.1f} s"
        lines = [f"{number:3}. {line}" for number, line in enumerate(self.story, 1)]
        return "\n".join([f"{head}: {self.verdict or 'no promise broken, nothing wedged'}", *lines])


class Search:
    """One exhaustive search; states are numbered as they are found."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.states: list[State] = []
        self.numbers: dict[State, int] = {}
        self.came: list[tuple[int, str]] = []  # from which state, by what
        self.into: list[list[int]] = []  # predecessors
        self.calm: dict[int, int] = {}  # where the program's own next step leads if all goes well
        self.goals: list[int] = []
        self.transitions = 0

    def run(self) -> Found:
        """Search until a promise breaks or everything was seen."""
        began = time.monotonic()
        verdict, story = self._forward() or self._wedged() or self._endless() or ("", ())
        return Found(len(self.states), self.transitions, time.monotonic() - began, verdict, story)

    def _forward(self) -> tuple[str, tuple[str, ...]] | None:
        queue = deque([self._number(self.configuration.start(), 0, "an adopted user, a run is opened")])
        while queue:
            here = queue.popleft()
            state = self.states[here]
            step, found = moves(self.configuration, state)
            if isinstance(step, steps.Finish) and clean(self.configuration, state):
                self.goals.append(here)
            for move in found:
                self.transitions += 1
                if isinstance(move.after, Broken):
                    return str(move.after), (*self.story(here), move.says)
                known = self.numbers.get(move.after)
                there = self._number(move.after, here, move.says) if known is None else known
                self.into[there].append(here)
                if move.calm:
                    self.calm[here] = there
                if known is None:
                    queue.append(there)
                    said = broken(self.configuration, move.after)
                    if said:
                        return said, self.story(there)
            if len(self.states) > MOST_STATES:
                raise MemoryError(f"more than {MOST_STATES} states: make the configuration smaller")
        return None

    def _number(self, state: State, here: int, says: str) -> int:
        number = len(self.states)
        self.states.append(state)
        self.numbers[state] = number
        self.came.append((here, says))
        self.into.append([])
        return number

    def story(self, number: int) -> tuple[str, ...]:
        """How a state was reached, shortest."""
        lines: list[str] = []
        while number:
            number, says = self.came[number]
            lines.append(says)
        return tuple(reversed(lines))

    def _wedged(self) -> tuple[str, tuple[str, ...]] | None:
        """The first state from which no finished state can be reached."""
        reached = set(self.goals)
        queue = deque(self.goals)
        while queue:
            for before in self.into[queue.popleft()]:
                if before not in reached:
                    reached.add(before)
                    queue.append(before)
        stuck = next((number for number in range(len(self.states)) if number not in reached), None)
        if stuck is None:
            return None
        count = len(self.states) - len(reached)
        return f"wedged: from {count} states no finished state can be reached", self._to_the_end_of(stuck)

    def _to_the_end_of(self, number: int) -> tuple[str, ...]:
        """The story of a stuck state, and what the program does from there."""
        lines, seen = list(self.story(number)), {number}
        for _ in range(MOST_LINES):
            step, found = moves(self.configuration, self.states[number])
            ways = [(self.numbers[one.after], one.says) for one in found if isinstance(one.after, State)]
            new = [one for one in ways if one[0] not in seen]
            if not new:
                return (*lines, f"... and for ever: {step}")
            number, says = new[0]
            seen.add(number)
            lines.append(f"... {says}")
        return (*lines, "... and so on")

    def _endless(self) -> tuple[str, tuple[str, ...]] | None:
        """A circle of the program's own steps, all going well and no time passing: it would never end."""
        done: set[int] = set()
        for start in range(len(self.states)):
            path: list[int] = []
            here: int | None = start
            while here is not None and here not in done:
                done.add(here)
                path.append(here)
                here = self.calm.get(here)
            if here is not None and here in path:
                return "endless: the program goes round in circles", self._to_the_end_of(here)
        return None


def explore(configuration: Configuration) -> Found:
    """Search one configuration to the end."""
    return Search(configuration).run()
