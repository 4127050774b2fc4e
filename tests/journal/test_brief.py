"""The lock for one short effect at a time: shared by the threads of one command, and given way to others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from rotator.core.errors import LockHeld, Overtaken, StopError
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.effect import Login, attempt
from rotator.journal.brief import GIVE_WAY_S, BriefJournal
from rotator.journal.lock import LET_IN_S, POLL_S, UserLock
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import SqliteJournal, create, open_journal
from tests.journal.samples import ACCOUNT, ADOPTED, USER

LOGIN = Login(ADOPTED.key, "us-east-1", "relay")
AT = ADOPTED.at + 60


class Brief(BriefJournal):
    """Counts how often the journal was opened with the lock; it gives way until a rotation was there."""

    def __init__(self, path: Path, seal: KeyFileSeal) -> None:
        self.path, self.taken, self.now = path, 0, 0.0
        self.asked, self.rotated = threading.Event(), threading.Event()
        self.gave_way: list[float] = []
        self._really = partial(open_journal, path, seal, ACCOUNT, USER)
        super().__init__(self._opened, monotonic=self._time, sleep=self._give_way)

    def _time(self) -> float:
        self.asked.set()
        return self.now

    def _give_way(self, seconds: float) -> None:
        self.gave_way.append(seconds)
        self.rotated.wait(20)

    def _opened(self, *, lock: bool, brief: bool = False) -> SqliteJournal:
        self.taken += lock
        return self._really(lock=lock, brief=brief)

    @contextmanager
    def rotating(self) -> Iterator[SqliteJournal]:
        """A rotation at work."""
        with self._really(lock=True) as journal:
            yield journal
        self.rotated.set()


@pytest.fixture
def brief(path: Path, seal: KeyFileSeal) -> Brief:
    """The journal of an adopted user."""
    create(path, seal, ACCOUNT, USER, ADOPTED).close()
    return Brief(path, seal)


def sent(brief: Brief, **how: float) -> list[ev.Event]:
    """One attempt that is accepted; what it left in the journal."""
    before = brief.events()
    with attempt(brief, fold(before), LOGIN, lambda: AT, time.monotonic) as one:
        one.accepted()
    return list(brief.events()[len(before) :])


def test_an_effect_has_its_intent_before_it_and_its_record_after(brief: Brief) -> None:
    """Both with AWS's time of the attempt; nothing else is written, and the lock is free afterwards."""
    until = AT + REQUEST_DEADLINE_S
    assert sent(brief) == [
        ev.LoginIntended(AT, ADOPTED.key, "us-east-1", until, "relay"), ev.LoggedIn(AT, ADOPTED.key, "us-east-1"),
    ]  # fmt: skip
    UserLock.acquire(brief.path.parent, ACCOUNT, USER).close()


def test_what_has_moved_since_the_look_is_not_acted_on(brief: Brief) -> None:
    """A run that was opened after the facts were read: nothing is intended, nothing is done."""
    before = fold(brief.events())
    with brief.rotating() as journal:
        journal.append(ev.RunOpened(AT, "run-1", 0, "", ADOPTED.key, ("relay",)))
    with (
        pytest.raises(Overtaken, match="run run-1 was opened meanwhile"),
        attempt(brief, before, LOGIN, lambda: AT, time.monotonic),
    ):
        raise AssertionError("never reached")
    assert isinstance(brief.events()[-1], ev.RunOpened)


def test_beside_a_rotation_nothing_is_done(brief: Brief) -> None:
    """Its owner is named, and reading goes on."""
    with brief.rotating(), pytest.raises(LockHeld, match="locked by pid"), brief.held():
        raise AssertionError("never reached")
    assert len(brief.events()) == 1


def test_a_pause_between_intent_and_effect_voids_it(brief: Brief) -> None:
    """Whoever wakes up too late does nothing any more."""
    times = iter([0.0, REQUEST_DEADLINE_S + 1.0])
    with (
        pytest.raises(StopError, match="paused between intent and effect"),
        attempt(brief, fold(brief.events()), LOGIN, lambda: AT, lambda: next(times)),
    ):
        raise AssertionError("never reached")


def test_once_let_go_a_rotation_goes_ahead_and_is_not_written_into(brief: Brief) -> None:
    """The wait for a mail holds nothing; a login that is known of later stands only where nothing has moved."""
    with attempt(brief, fold(brief.events()), LOGIN, lambda: AT, time.monotonic) as one:
        one.let_go()
        with brief.rotating() as journal:
            one.accepted()  # at work just now: no error, the intent tells
            journal.append(ev.RunOpened(AT, "run-1", 0, "", ADOPTED.key, ("relay",)))
        one.accepted()
    assert [type(event).__name__ for event in brief.events()[1:]] == ["LoginIntended", "RunOpened"]


def test_let_go_and_nothing_moved_it_is_written_down(brief: Brief) -> None:
    """The time is that of the attempt, not of the moment when it was known."""
    with attempt(brief, fold(brief.events()), LOGIN, lambda: AT, time.monotonic) as one:
        one.let_go()
        one.accepted()
    assert brief.events()[-1] == ev.LoggedIn(AT, ADOPTED.key, "us-east-1")


def test_threads_that_meet_share_one_holding(brief: Brief) -> None:
    """Eight logins at the same moment: one lock, and a chain that is whole."""
    met, before = threading.Barrier(8, timeout=20), fold(brief.events())

    def log_in() -> None:
        with attempt(brief, before, LOGIN, lambda: AT, time.monotonic) as one:
            met.wait()
            one.accepted()
            met.wait()

    threads = [threading.Thread(target=log_in) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert brief.taken == 1
    assert sum(isinstance(event, ev.LoggedIn) for event in brief.events()) == 8


def test_who_comes_late_lets_others_have_it_first(brief: Brief) -> None:
    """A holding takes nobody in after a while; before the next one a rotation that waits gets the lock."""
    order: list[str] = []

    def late() -> None:
        with brief.held():
            order.append("late")

    def rotation() -> None:
        with brief.rotating():
            order.append("rotation")

    threads = [threading.Thread(target=rotation), threading.Thread(target=late)]
    with brief.held():
        brief.now = LET_IN_S + 1
        brief.asked.clear()
        for thread in threads:
            thread.start()
        assert brief.asked.wait(20)  # the late one looks how old this holding is
        assert order == []
    for thread in threads:
        thread.join(20)
    assert (order, brief.gave_way) == (["rotation", "late"], [GIVE_WAY_S])


def test_the_lock_is_free_for_long_enough_to_be_seen() -> None:
    """Whoever waits for it looks several times while a holding gives way."""
    assert GIVE_WAY_S >= 5 * POLL_S
