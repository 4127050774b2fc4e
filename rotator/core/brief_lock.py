"""The lock of one user's journal for one short effect at a time, as a port: for commands that mostly look and wait."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from rotator.core.facts import Facts
from rotator.core.history.events import Event
from rotator.core.history.fold import fold


class Writes(Protocol):
    """What an intent needs of a journal."""

    def append(self, event: Event) -> None:
        """Commit one event.  Raises JournalError."""
        ...

    def check_lock(self) -> None:
        """Raises LockHeld if this process is no longer the owner."""
        ...


class Held(Writes, Protocol):
    """The journal while its lock is held."""

    def facts(self) -> Facts:
        """What it adds up to now."""
        ...


class BriefLock(Protocol):
    """The lock of one user's journal, for one short effect at a time.  Threads that meet share it."""

    def held(self) -> AbstractContextManager[Held]:
        """The journal, locked until the block ends; do not nest.  Raises LockHeld, JournalError, SealError."""
        ...

    def events(self) -> Sequence[Event]:
        """All events until now, read beside whoever has the lock.  Raises JournalError, SealError."""
        ...


class Reads(Writes, Protocol):
    """What `Throughout` needs of the journal that it stands for."""

    def events(self) -> Sequence[Event]:
        """All events, oldest first."""
        ...


class Throughout:
    """The same for a rotation, whose process holds the lock from its beginning to its end."""

    def __init__(self, journal: Reads) -> None:
        """`journal` is open, and its lock is held."""
        self._journal = journal

    def held(self) -> AbstractContextManager[Held]:
        """Nothing to wait for, and nothing is let go."""
        return nullcontext(self)

    def events(self) -> Sequence[Event]:
        """All events until now."""
        return self._journal.events()

    def facts(self) -> Facts:
        """What they add up to."""
        return fold(self._journal.events())

    def append(self, event: Event) -> None:
        """Commit one event.  Raises JournalError."""
        self._journal.append(event)

    def check_lock(self) -> None:
        """Raises LockHeld if this process is no longer the owner."""
        self._journal.check_lock()
