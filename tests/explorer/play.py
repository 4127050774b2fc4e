"""One way in which things can go: the world as it changes, and the choices that luck took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.explorer.world import Broken, World


class Killed(BaseException):
    """kill -9, right here."""


@dataclass
class Play:
    """One way things can go: the world as it changes, and the choices taken on the way (a script, then the first)."""

    world: World
    script: tuple[int, ...] = ()
    taken: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)  # how many options each choice had
    said: list[str] = field(default_factory=list)

    def choose(self, *options: tuple[str, int]) -> str:
        """One of the options (words, faults it costs) that the budget still pays; the first is free."""
        paid = [one for one in options if one[1] <= self.world.faults]
        at = len(self.taken)
        index = self.script[at] if at < len(self.script) else 0
        self.taken.append(index)
        self.open.append(len(paid))
        words, cost = paid[index]
        if index or cost:
            self.said.append(words)
        self.world = replace(self.world, faults=self.world.faults - cost)
        return words

    def or_killed(self, where: str) -> None:
        """The process may die here."""
        if self.choose(("alive", 0), (f"killed {where}", 1)) != "alive":
            raise Killed

    def not_before_revoking(self, what: str) -> None:
        """Once a person chose revoke first, the leaked key goes off before anything else is done."""
        world = self.world
        if world.revoked and any(row.active and row.id in world.leaked - world.off_tried for row in world.rows):
            raise Broken(f"{what}, although a leaked key was to be revoked first")

    def accepts(self, key: str) -> bool:
        """Whether SES accepts a key in this moment; within its lag that is open."""
        if any(one == key for one, _ in self.world.lag):
            self._may_notice(key)
        if key in self.world.ses:
            self.world = self.world.use(key)
        return key in self.world.ses

    def _may_notice(self, key: str) -> None:
        if self.choose(("SES has learnt of it", 0), ("SES has not learnt of it yet", 0)) == "SES has learnt of it":
            self.world = self.world.noticed(key)


def every_way(script: tuple[int, ...], play: Play) -> Iterator[tuple[int, ...]]:
    """The scripts that differ from a finished play in one later choice: together they cover every way it can go."""
    for at in range(len(script), len(play.taken)):
        for other in range(1, play.open[at]):
            yield (*play.taken[:at], other)
