"""A journal in memory for tests that need no disk: as strict as the one in the file, by the same suite."""

from __future__ import annotations

from collections.abc import Sequence

from rotator.core.access_keys import KeyId
from rotator.core.errors import JournalError
from rotator.core.history.events import Event, RunFinished, RunOpened
from rotator.core.ports import Vault
from rotator.core.smtp_credential import SmtpCredential


class MemoryVault:
    """Implements `ports.Vault` without sealing."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], SmtpCredential] = {}

    def open(self, key: KeyId, region: str) -> SmtpCredential | None:
        """What was kept for that key and region."""
        return self.rows.get((key, region))

    def probe(self) -> None:
        """Nothing can go wrong in memory."""


class MemoryJournal:
    """Implements `ports.Journal`; it outlives a "process" because the test keeps it.  `open_run`: one from before."""

    vault: Vault

    def __init__(self, open_run: str = "") -> None:
        self.vault = MemoryVault()
        self._events: list[Event] = []
        self._open_run = open_run

    def events(self) -> Sequence[Event]:
        """All that was appended here."""
        return tuple(self._events)

    def append(self, event: Event) -> None:
        """Refuses what the file's journal refuses: a second open run, and the end of one that is not open."""
        if isinstance(event, RunOpened) and self._open_run:
            raise JournalError(f"the run {self._open_run} of this user is open")
        if isinstance(event, RunFinished) and event.run != self._open_run:
            raise JournalError(f"the run {event.run} of this user is not open")
        if isinstance(event, RunOpened | RunFinished):
            self._open_run = event.run if isinstance(event, RunOpened) else ""
        self._events.append(event)

    def append_sealed(self, event: Event, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        """The event and the secrets of one key, each region once; or neither."""
        if len({one.key for _, one in secrets}) != 1 or len({region for region, _ in secrets}) != len(secrets):
            raise JournalError("one event seals the secrets of one key, each region once")
        self.append(event)
        self.keep(secrets)

    def append_erased(self, event: Event, key: KeyId) -> None:
        """The event, and nothing of the key is left."""
        self.append(event)
        self.erase(key)

    def check_lock(self) -> None:
        """Nobody else has it."""

    def keep(self, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        """Put the secrets into the vault."""
        assert isinstance(self.vault, MemoryVault)
        self.vault.rows |= {(one.key, region): one for region, one in secrets}

    def erase(self, key: KeyId) -> None:
        """Take all of a key out of the vault."""
        assert isinstance(self.vault, MemoryVault)
        self.vault.rows = {at: row for at, row in self.vault.rows.items() if at[0] != key}
