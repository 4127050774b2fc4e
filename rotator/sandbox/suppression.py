"""The suppression list of SES in one region, as its API pages through it: no order, no snapshot, opaque tokens.

AWS promises nothing about pages; `Paging` makes each thing happen that an export has to bear.  A `Synthetic` list of
any length costs nothing until it is looked at.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Reason = Literal["BOUNCE", "COMPLAINT"]
LONGEST_PAGE = 1000  # what AWS returns unasked; it states no maximum
COMPLAINT_EVERY = 10
DOMAINS = 997
MADE_UP = re.compile(r"user(\d{7})@mail(\d+)\.example\.org")


class InvalidToken(Exception):
    """The token is not one of this list's, was made for another question, or has died."""


@dataclass(slots=True)
class Suppressed:
    """One row of the list."""

    address: str
    reason: Reason
    updated: datetime
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asks for: rows of these reasons, last changed at `since` or later and before `until`."""

    reasons: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, row: Suppressed) -> bool:
        """Whether the row passes the filters."""
        return (
            (not self.reasons or row.reason in self.reasons)
            and (self.since is None or row.updated >= self.since)
            and (self.until is None or row.updated < self.until)
        )

    def digest(self) -> str:
        """Short text that differs from question to question: a token of one is no token of another."""
        return hashlib.sha256(repr((sorted(self.reasons), self.since, self.until)).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A list of `count` made-up rows, one a second back from `newest`; row `n` follows from `n`."""

    count: int
    newest: datetime

    def row(self, n: int) -> Suppressed:
        """Row `n`, the newest being 0."""
        reason: Reason = "BOUNCE" if n % COMPLAINT_EVERY else "COMPLAINT"
        when = datetime.fromtimestamp(int(self.newest.timestamp()) - n, UTC)
        return Suppressed(f"user{n:07d}@mail{n % DOMAINS}.example.org", reason, when)

    def find(self, address: str) -> Suppressed | None:
        """The row of an address, if it is one of them."""
        made = MADE_UP.fullmatch(address)
        row = self.row(int(made[1])) if made and int(made[1]) < self.count else None
        return row if row is not None and row.address == address else None

    def after(self, n: int, wanted: Wanted) -> Iterator[tuple[int, Suppressed]]:
        """The rows from number `n` on that pass, each with its number; older than `since` none follows."""
        for number in range(n, self.count):
            row = self.row(number)
            if wanted.since is not None and row.updated < wanted.since:
                return
            if wanted.takes(row):
                yield number, row


@dataclass(slots=True)
class Paging:
    """How pages come out.  All of it is legal, for nothing is promised."""

    longest: int = LONGEST_PAGE  # shorter than asked for
    repeat: int = 0  # so many rows of a page stand on the next one again
    hollow_every: int = 0  # every so-manieth page is empty and has a token
    tokens_die: bool = False  # any change of the list kills all tokens given before


Position = tuple[int, str]  # (0, number) in the synthetic part, then (1, hash of the address)


@dataclass(slots=True)
class SuppressionList:
    """The rows, and how they are paged.  Thread-safe through `lock`, which requests hold."""

    rng: random.Random
    rows: dict[str, Suppressed] = field(default_factory=dict)
    synthetic: Synthetic | None = None
    paging: Paging = field(default_factory=Paging)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _generation: int = 0

    def __post_init__(self) -> None:
        self._generation = self.rng.randrange(1 << 48)

    def put(self, address: str, reason: Reason, at: datetime, message_id: str | None = None) -> None:
        """Put an address on the list, or change its row."""
        with self.lock:
            self.rows[address.lower()] = Suppressed(address.lower(), reason, at, message_id)
            self._changed()

    def remove(self, address: str) -> None:
        """Take an address off the list.  Raises KeyError for one that is not on it."""
        with self.lock:
            del self.rows[address.lower()]
            self._changed()

    def find(self, address: str) -> Suppressed | None:
        """The row of an address, whatever its case."""
        found = self.rows.get(address.lower())
        return self.synthetic.find(address.lower()) if found is None and self.synthetic is not None else found

    def kill_tokens(self) -> None:
        """Every token given so far is invalid from now on, as after a long while at AWS."""
        with self.lock:
            self._generation += 1

    def page(self, wanted: Wanted, token: str, size: int) -> tuple[Sequence[Suppressed], str]:
        """One page, and the token of the next; an empty token is the end.  Raises InvalidToken."""
        position, number = self._opened(token, wanted)
        hollow = self.paging.hollow_every and number % self.paging.hollow_every == self.paging.hollow_every - 1
        found = [] if hollow else self._from(position, wanted, min(size, self.paging.longest) + 1)
        if hollow:
            return [], self._token(wanted, position, number + 1)
        shown = found[: min(size, self.paging.longest)]
        if len(found) == len(shown):
            return [row for _, row in shown], ""
        back = min(self.paging.repeat, len(shown) - 1)  # a page that repeats all of the last would never end
        return [row for _, row in shown], self._token(wanted, found[len(shown) - back][0], number + 1)

    def _from(self, position: Position, wanted: Wanted, count: int) -> list[tuple[Position, Suppressed]]:
        found: list[tuple[Position, Suppressed]] = []
        if self.synthetic is not None and position[0] == 0:
            for number, row in self.synthetic.after(int(position[1] or 0), wanted):
                found.append(((0, str(number)), row))
                if len(found) == count:
                    return found
        mark = position[1] if position[0] else ""
        rest = sorted((_place(row), row.address) for row in self.rows.values() if wanted.takes(row))
        for place, address in rest:
            if place >= mark and len(found) < count:
                found.append(((1, place), self.rows[address]))
        return found

    def _changed(self) -> None:
        if self.paging.tokens_die:
            self._generation += 1

    def _token(self, wanted: Wanted, position: Position, number: int) -> str:
        made = [self._generation, wanted.digest(), *position, number]
        return base64.urlsafe_b64encode(json.dumps(made).encode()).decode()

    def _opened(self, token: str, wanted: Wanted) -> tuple[Position, int]:
        if not token:
            return (0, ""), 0
        try:
            made: Any = json.loads(base64.urlsafe_b64decode(token))
            generation, digest, part, place, number = made
        except (ValueError, TypeError):
            raise InvalidToken from None
        if (generation, digest) != (self._generation, wanted.digest()):
            raise InvalidToken
        return (int(part), str(place)), int(number)


def _place(row: Suppressed) -> str:
    """Where a row stands: an order that tells nothing, and that a change of the row does not move."""
    return hashlib.sha256(row.address.encode()).hexdigest()
