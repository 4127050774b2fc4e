"""Which outside calls each step of a happy rotation makes, counted from the sandbox's own record.

Three consumers: a Workspace alias, a relay's file, a personal mailbox fed by hand.  What Gmail does at SES by itself
(its login and its mail, when a mail is sent through it) is not a call of the program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.config.loader import load
from rotator.core.parts import Progress
from rotator.core.secret import Secret
from rotator.core.steps import SendCanary
from rotator.rotation.interventions import confirm, hand_over
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from rotator.sandbox.client import Sandbox
from rotator.sandbox.record import Entry
from rotator.sandbox.world import PERSONAL, World
from rotator.wiring import rotating
from tests.docs.stage import DUE
from tests.worlds import lived_in

STEPS = (
    "lock", "survey", "preflight", "create", "verify", "push", "confirm", "grace", "deactivate", "watch", "delete",
)  # fmt: skip
PROCESSES = ("day 0", "confirm", "after the grace", "a day of watch", "after the watch")
FED_BY_API, FED_BY_HAND = "news-alias", "admin-alias"
# Look-ups are not announced as steps; these calls are made for nothing else.
LOOK_UPS = {"sts:GetCallerIdentity": 2, "iam:ListAccessKeys": 2, "iam:GetAccessKeyLastUsed": 8}


class Count:
    """Calls by (protocol number) of one process after the other, in one calm world."""

    def __init__(self, world: World) -> None:
        self._world, self._environ = world, world.environment()
        self._configuration = load(world.place.config, self._environ)
        self._tally: Counter[int] = Counter()
        self._seen = 0

    def adopt(self) -> None:
        """First contact, with the secret; a day before the rest."""
        (key,) = self._world.keys.now_held(self._world.scenario.user)
        rotating.adopt(self._configuration, None, key="", read_secret=lambda _: Secret(key.secret))
        self._world_goes_on(days=1)

    def process(self, work: Callable[[Rotation], None], *, days: float = 0) -> Counter[int]:
        """What one process calls, `days` after the one before."""
        self._world_goes_on(days)
        self._tally = Counter()
        with rotating.rotation(self._configuration, None, observer=self._step, sleep=lambda _: None) as rotation:
            work(rotation)
            ending = rotation.go_on()
            self._take(ending.step.number, by_gmail=False)
        return self._tally

    def rotate(self, rotation: Rotation) -> None:
        """`rotator rotate`."""
        begin(rotation, Request())

    def confirm(self, rotation: Rotation) -> None:
        """A person pastes what was handed over, and says so."""
        given = hand_over(rotation, FED_BY_HAND, "a person").credential
        alias, port = f"admin@{self._world.scenario.domain}", self._world.smtp.port
        Sandbox(self._world.admin_url).paste(PERSONAL, alias, given.key, given.password.reveal(), "127.0.0.1", port)
        self._seen = self._world.record.count()
        confirm(rotation, FED_BY_HAND, "a person")

    def _world_goes_on(self, days: float) -> None:
        Sandbox(self._world.admin_url).advance(days * 86400 + 1)
        self._seen = self._world.record.count()

    def _step(self, progress: Progress) -> None:
        number = progress.step.number
        by_gmail = isinstance(progress.step, SendCanary) and progress.step.consumer == FED_BY_API
        self._take(number, by_gmail=by_gmail)

    def _take(self, number: int, *, by_gmail: bool) -> None:
        """Put the calls since the last step down to this one."""
        before = ""
        for entry in self._world.record.entries(self._seen):
            self._seen, last = entry.n + 1, before
            before = entry.name
            if not (by_gmail and entry.kind == "smtp"):
                self._tally[self._number(entry, last, number)] += 1

    def _number(self, entry: Entry, last: str, number: int) -> int:
        if entry.kind == "smtp" and entry.outcome.startswith("535"):
            return 9  # does SES refuse the old key by now?
        if entry.name == "iam:GetUser" and last == "sts:GetCallerIdentity":
            return 2
        return LOOK_UPS.get(entry.name, number)


def happy_rotation(directory: Path) -> dict[str, Counter[int]]:
    """Calls by process and protocol number, from a due key to its deletion."""
    with pytest.MonkeyPatch.context() as environment, lived_in(directory, environment, DUE) as world:
        count = Count(world)
        count.adopt()
        calls = [
            count.process(count.rotate),
            count.process(count.confirm),
            count.process(count.rotate, days=3),
            count.process(count.rotate, days=1),
            count.process(count.rotate, days=7),
        ]
        assert len(world.keys.now_held(world.scenario.user)) == 1, "the old key is deleted at the end"
        return dict(zip(PROCESSES, calls, strict=True))
