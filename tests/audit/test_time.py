"""The audit's time: a login that it records must not stop every rotation until a day that never was."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from rotator.audit.mails import Clock, send_all
from rotator.audit.users import UserAudit
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.mail.arrivals import Sighting
from rotator.core.ports import Deadline
from rotator.core.steps import Refuse
from rotator.rotation.loop import Rotation
from tests.rotation.memory_world import FILE, MemoryWorld, WorldJournal, build

PLACE = replace(FILE, sends=True)


class Lock:
    """The journal of a world in memory, locked whenever somebody asks."""

    def __init__(self, journal: WorldJournal) -> None:
        self._journal = journal

    @contextmanager
    def held(self) -> Iterator[Lock]:
        """This journal."""
        yield self

    def events(self) -> Sequence[ev.Event]:
        """All."""
        return self._journal.events()

    def facts(self) -> Facts:
        """What they add up to."""
        return fold(self._journal.events())

    def append(self, event: ev.Event) -> None:
        """One more."""
        self._journal.append(event)

    def check_lock(self) -> None:
        """It is ours."""


class Nowhere:
    """A far end at which nothing is seen."""

    def look(self, tokens: Collection[str], deadline: Deadline) -> dict[str, Sighting]:
        """Nothing."""
        return {}


def audited(world: MemoryWorld, journal: WorldJournal, parts: object) -> None:
    """One audit, mails and all."""
    audit = UserAudit(parts, Lock(journal), {PLACE.name: "a@x.test"}, {PLACE.name: threading.Event()})  # type: ignore[arg-type]
    world.faults = {}
    targets, left_out = audit.targets()
    assert not left_out
    for result in send_all(targets, Nowhere(), 0.1, Clock()):
        audit.settle(result)


@pytest.mark.parametrize("wrong", ["keys", "identity"])
@pytest.mark.parametrize("skew", ["ahead", "behind"])
def test_one_wrong_date_does_not_date_what_the_audit_records(wrong: str, skew: str) -> None:
    """The earlier of two Dates counts, and never one before the journal: the next rotation goes on."""
    world, parts = build(PLACE)
    journal = parts.journal
    assert isinstance(journal, WorldJournal)
    known = fold(journal.events()).latest
    world.faults = {wrong: [skew]}
    audited(world, journal, parts)
    logins = [one.at for one in journal.events() if isinstance(one, ev.LoginIntended | ev.LoggedIn)]
    assert len(logins) >= 2
    assert all(known <= at <= world.now + 1 for at in logins)
    assert not isinstance(Rotation(parts).go_on().step, Refuse)
