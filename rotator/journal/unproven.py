"""The journal without its seal key: what stands in the file, not proven by the chain, and nothing can be added.

For people to look at while the key is missing.  Nothing that changes anything is decided by it: it has no lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rotator.core.access_keys import KeyId
from rotator.core.errors import JournalError, LockHeld, SealError
from rotator.core.history.events import Event
from rotator.core.ports import Vault
from rotator.core.smtp_credential import SmtpCredential
from rotator.journal.chain import Row, decode
from rotator.journal.database import connect
from rotator.journal.reading import EVENTS

NOT_TO_BE_WRITTEN = "without its seal key the journal is only looked at: nothing is appended"


class UnprovenJournal:
    """Implements `ports.Journal` for looking on; what needs the key raises the SealError that it was missed with."""

    def __init__(self, path: Path, missing: SealError, account: str, user: str) -> None:
        """Reads the events once.  Raises JournalError if the file cannot be read or an event cannot be understood."""
        database = connect(path)
        try:
            database.for_reading_only()
            rows = [Row(*one) for one in database.rows(EVENTS, (account, user, 0))]
        finally:
            database.close()
        self._events, self._missing = tuple(decode(row) for row in rows), missing
        self.vault: Vault = ClosedVault(missing)

    def events(self) -> tuple[Event, ...]:
        """Every event of this user as it stands in the file, oldest first."""
        return self._events

    def append(self, event: Event) -> None:
        """Raises JournalError."""
        raise JournalError(NOT_TO_BE_WRITTEN) from self._missing

    def append_sealed(self, event: Event, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        """Raises JournalError."""
        raise JournalError(NOT_TO_BE_WRITTEN) from self._missing

    def append_erased(self, event: Event, key: KeyId) -> None:
        """Raises JournalError."""
        raise JournalError(NOT_TO_BE_WRITTEN) from self._missing

    def check_lock(self) -> None:
        """Raises LockHeld: it has none."""
        raise LockHeld(NOT_TO_BE_WRITTEN) from self._missing


class ClosedVault:
    """The passwords that nobody can open now."""

    def __init__(self, missing: SealError) -> None:
        """`missing`: why not."""
        self._missing = missing

    def open(self, key: KeyId, region: str) -> SmtpCredential | None:
        """Raises SealError."""
        raise self._missing

    def probe(self) -> None:
        """Raises SealError."""
        raise self._missing
