"""The lock of one user's journal for one short effect at a time, as a port: for commands that mostly look and wait."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from rotator.core.facts import Facts
from rotator.core.history.events import Event


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
