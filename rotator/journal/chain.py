"""The chain of one user's events: each is bound to the one before it by an HMAC under a key from the seal.

An edited, dropped, inserted or reordered event breaks the chain.  A tail that was cut off does not: what is left
is an older journal, whole in itself.  Only a head (number and MAC) that was noted outside, with a notice or a
report, shows that; see `Chain.agrees_with`.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rotator.core.errors import JournalError
from rotator.core.history.events import SCHEMA_VERSION, Event, RunFinished, RunOpened
from rotator.core.history.records import from_record, to_record
from rotator.journal.sealing import Seal, encode

CHAIN_FORMAT = b"rotator journal 1"


class Head(NamedTuple):
    """The number of the newest event, which is how many there are, and its MAC in hex: what is noted outside."""

    n: int
    mac: str


class Sealed(NamedTuple):
    """What an event says about one row of the vault: its fingerprint, or None once it is erased."""

    key: str
    region: str
    fingerprint: str | None


class Row(NamedTuple):
    """One event as it is stored.  `data` and `sealed` are the JSON texts that the MAC covers, byte for byte."""

    n: int
    kind: str
    schema: int
    data: str
    sealed: str
    mac: bytes


@dataclass(slots=True)
class Chain:
    """The events read so far, in order, and what the journal itself must know of them."""

    seal: Seal
    account: str
    user: str
    events: list[Event] = field(default_factory=list)
    macs: list[bytes] = field(default_factory=list)
    fingerprints: dict[tuple[str, str], str | None] = field(default_factory=dict)
    open_run: RunOpened | None = None

    @property
    def last_mac(self) -> bytes:
        """The MAC that the next event follows; before the first one it is bound to account and user."""
        start = encode(CHAIN_FORMAT, self.account.encode(), self.user.encode())
        return self.macs[-1] if self.macs else self.seal.chain(b"", start)

    @property
    def head(self) -> Head:
        """Number and MAC of the newest event."""
        return Head(len(self.events), self.last_mac.hex())

    def next_row(self, event: Event, sealed: list[Sealed]) -> Row:
        """The row that `event` becomes.  Raises JournalError if it does not fit the open run or could not be read."""
        self._refuse_second_run(event)
        kind, fields = to_record(event)
        row = Row(len(self.events) + 1, kind, SCHEMA_VERSION, _json(fields), _json(sealed), b"")
        decode(row)  # what cannot be read back must never be written
        return row._replace(mac=self._mac(row))

    def add(self, row: Row) -> None:
        """Take in the next stored row.  Raises JournalError, naming the event, if it cannot be believed or read."""
        if row.n != len(self.events) + 1:
            raise JournalError(f"event {len(self.events) + 1} of {self.user} is missing; the next one is {row.n}")
        if not hmac.compare_digest(row.mac, self._mac(row)):
            raise JournalError(f"event {row.n} of {self.user} ({row.kind}) was changed, or what came before it was")
        event = decode(row)
        self.events.append(event)
        self.macs.append(row.mac)
        self.fingerprints.update({(key, region): mark for key, region, mark in json.loads(row.sealed)})
        if isinstance(event, RunOpened | RunFinished):
            self.open_run = event if isinstance(event, RunOpened) else None

    def agrees_with(self, noted: Head) -> None:
        """Raises JournalError unless the chain still contains the head that was noted outside."""
        if len(self.macs) < noted.n:
            raise JournalError(
                f"the journal has {len(self.macs)} events, {noted.n} had been noted: its end was cut off"
            )
        if noted.n and self.macs[noted.n - 1].hex() != noted.mac:
            raise JournalError(f"event {noted.n} is not the one that was noted: the journal was written anew")

    def _mac(self, row: Row) -> bytes:
        numbers = (str(row.n).encode(), str(row.schema).encode())
        return self.seal.chain(
            self.last_mac, encode(*numbers, row.kind.encode(), row.data.encode(), row.sealed.encode())
        )

    def _refuse_second_run(self, event: Event) -> None:
        if isinstance(event, RunOpened) and self.open_run:
            raise JournalError(f"run {self.open_run.run} of {self.user} is open; a second one cannot be opened")
        if isinstance(event, RunFinished) and (self.open_run is None or self.open_run.run != event.run):
            raise JournalError(f"run {event.run} of {self.user} is not open and cannot be finished")


def decode(row: Row) -> Event:
    """The event of a stored row, whatever its MAC.  Raises JournalError if this program cannot understand it."""
    if row.schema > SCHEMA_VERSION:
        raise JournalError(
            f"event {row.n} was written by a newer rotator (schema {row.schema}; this one knows {SCHEMA_VERSION})",
            fix="use the newer program; nothing was changed",
        )
    try:
        return from_record(row.kind, json.loads(row.data))
    except (KeyError, TypeError, ValueError):
        raise JournalError(
            f"event {row.n} is of a kind, or has a field, that this rotator does not know: {row.kind}",
            fix="use the program that wrote it, or a newer one; nothing was changed",
        ) from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
