"""A journal that forgets: what is appended to it stands in memory and is gone with the process.

A dry run begins its run on it, by the very function that begins a real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rotator.core.access_keys import KeyId
from rotator.core.errors import JournalError
from rotator.core.history.events import Event
from rotator.core.ports import Journal
from rotator.core.smtp_credential import SmtpCredential
from rotator.rotation.loop import Rotation


class Rehearsal:
    """Implements `ports.Journal` over a journal opened for reading; nothing here needs the lock."""

    def __init__(self, read: Journal) -> None:
        """Begin with the events there are."""
        self.vault = read.vault
        self._events = list(read.events())

    def events(self) -> Sequence[Event]:
        """Those of the real journal, and what was added since."""
        return tuple(self._events)

    def append(self, event: Event) -> None:
        """Remember the event for as long as this object lives."""
        self._events.append(event)

    def append_sealed(self, event: Event, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        """Raises JournalError: a rehearsal makes no key."""
        raise JournalError("a dry run seals nothing")

    def append_erased(self, event: Event, key: KeyId) -> None:
        """Raises JournalError: a rehearsal deletes no key."""
        raise JournalError("a dry run erases nothing")

    def check_lock(self) -> None:
        """Raises JournalError: whoever asks is about to change something."""
        raise JournalError("a dry run holds no lock and changes nothing")


def rehearse(rotation: Rotation) -> Rotation:
    """The rotation again, with a journal that forgets."""
    return Rotation(replace(rotation.parts, journal=Rehearsal(rotation.parts.journal)))
