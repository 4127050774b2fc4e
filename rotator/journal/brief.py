"""The user's lock for one short effect at a time, for commands that mostly look and wait: doctor and audit.

Between two effects the lock is free, and a rotation that wants it waits BRIEF_S at most: threads share a holding, but
none is let in after LET_IN_S, and the last one in has one request to make.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rotator.core.facts import Facts
from rotator.core.history.events import Event
from rotator.core.history.fold import fold
from rotator.journal.lock import LET_IN_S
from rotator.journal.sqlite import SqliteJournal

GIVE_WAY_S = 0.2  # until whoever was not let in takes it again: many times what a waiting process sleeps


class Opens(Protocol):
    """Opens the user's journal, as `open_journal` does."""

    def __call__(self, *, lock: bool, brief: bool = ...) -> SqliteJournal:
        """Raises LockHeld, NoJournal, JournalError, SealError."""
        ...


class BriefJournal:
    """Implements `core.brief_lock.BriefLock` over the embedded journal.  Threads that meet share one holding."""

    def __init__(
        self, opens: Opens, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Nothing is opened before it is needed."""
        self._open, self._monotonic, self._sleep = opens, monotonic, sleep
        self._turn = threading.Condition()
        self._inside = 0
        self._since = 0.0
        self._gives_way = False
        self._journal: _Shared | None = None

    @contextmanager
    def held(self) -> Iterator[_Shared]:
        """The journal, locked until the last of those who share it has left."""
        journal = self._come_in()
        try:
            yield journal
        finally:
            self._leave()

    def events(self) -> tuple[Event, ...]:
        """Read as they are now, beside whoever is at work."""
        with self._open(lock=False) as journal:
            return journal.events()

    def _come_in(self) -> _Shared:
        with self._turn:
            while self._inside and self._monotonic() - self._since > LET_IN_S:
                self._gives_way = True
                self._turn.wait()
            if self._journal is None:
                if self._gives_way:
                    self._sleep(GIVE_WAY_S)
                self._journal, self._gives_way = _Shared(self._open(lock=True, brief=True)), False
                self._since = self._monotonic()
            self._inside += 1
            return self._journal

    def _leave(self) -> None:
        with self._turn:
            self._inside -= 1
            if self._inside or self._journal is None:
                return
            journal, self._journal = self._journal, None
            self._turn.notify_all()
            journal.close()


class _Shared:
    """The open journal, for one thread at a time: an append is a commit and its place in the chain."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self._turn = threading.Lock()

    def facts(self) -> Facts:
        with self._turn:
            return fold(self._journal.events())

    def append(self, event: Event) -> None:
        with self._turn:
            self._journal.append(event)

    def check_lock(self) -> None:
        with self._turn:
            self._journal.check_lock()

    def close(self) -> None:
        self._journal.close()
