"""The suppression list as values, and what an export, a look and a question need from outside, as contracts in prose.

SES sends nothing to a suppressed address: it answers 250 and drops the mail.  The list has no order, no snapshot and
no export of its own; times are AWS's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from rotator.core.access_keys import Instant
from rotator.core.errors import RemoteFault, StopError

PAUSED_PAGE = "runbooks/account-paused.md"
SPIKE_PAGE = "runbooks/suppression-spike.md"
HEALTHY = "HEALTHY"


class Reason(StrEnum):
    """Why an address is on the list, in SES's words.  A bounce that puts it there was permanent."""

    BOUNCE = "BOUNCE"
    COMPLAINT = "COMPLAINT"


class Suppressed(NamedTuple):
    """One row of the list; the address in lower case, since SES tells no case apart."""

    address: str
    reason: str  # a Reason, or what SES may add one day
    at: Instant  # LastUpdateTime

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]


Row = tuple[str, str, Instant]  # a Suppressed, or the bare tuple where a million of them pass


class Details(NamedTuple):
    """One row with what SES says about it when asked for this address."""

    row: Suppressed
    message_id: str  # of the mail that bounced or was complained about; empty for a row put by hand
    feedback_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, the token of the next ("" at the end), and the Date of the reply."""

    rows: Sequence[Suppressed]
    token: str
    now: Instant


@dataclass(frozen=True, slots=True)
class Standing:
    """How the account stands in a region."""

    status: str  # HEALTHY, PROBATION or SHUTDOWN
    now: Instant  # Date of the reply


class StaleToken(RemoteFault):
    """SES no longer takes the token: the list has to be read from its beginning."""

    id = "stale-token"
    why = "a token lives for a while only, and perhaps no longer than the list stays as it is"
    fix = "run the same command again: it begins anew"
    runbook = SPIKE_PAGE


class StoreError(StopError):
    """The file of the suppression list cannot be read, written or believed."""

    id = "suppression-store"
    why = "what was read of the list is kept in this file; without it no export can be finished or continued"
    fix = "check the disk and the file; it can be deleted: what AWS has is read again"
    runbook = SPIKE_PAGE


class SuppressionList(Protocol):
    """SES's list in one region.  Reads only; raises AccessError and RemoteFault."""

    region: str

    def page(self, token: str, *, reasons: Sequence[str] = (), since: Instant | None = None) -> Page:
        """The page of the token, "" being the first; later than `since` or then.  Raises StaleToken."""
        ...

    def find(self, address: str) -> Details | None:
        """The row of one address; None if it is not on the account's list."""
        ...

    def standing(self) -> Standing:
        """Whether SES lets the account send."""
        ...


class Phase(StrEnum):
    """What of an export comes next."""

    LIST = "list"  # the list is read from its beginning to its end
    CHANGES = "changes"  # then whatever changed since the export began
    READ = "read"  # every page is here; only the files are missing


@dataclass(frozen=True, slots=True)
class Open:
    """An export that was begun and is not done."""

    number: int
    region: str
    began: Instant
    at: Instant  # Date of the latest page
    phase: Phase = Phase.LIST
    token: str = ""  # of the next page of the phase
    pages: int = 0
    rows: int = 0  # as they came, duplicates counted


@dataclass(frozen=True, slots=True)
class Done:
    """A finished export: no address, only counts."""

    number: int
    region: str
    began: Instant
    finished: Instant
    bounces: int
    complaints: int

    @property
    def total(self) -> int:
        """Addresses."""
        return self.bounces + self.complaints


class ExportStore(Protocol):
    """What exports keep on disk, so that memory stays flat and a killed one goes on.  Every call is one transaction.

    Raises StoreError.
    """

    def unfinished(self, region: str) -> Open | None:
        """The export that was begun for the region and not finished."""
        ...

    def begin(self, region: str, at: Instant) -> Open:
        """A new export; one that was open is dropped with its rows."""
        ...

    def keep(self, further: Open, rows: Sequence[Suppressed]) -> None:
        """Add a page's rows, and remember how far the export is: both or neither."""
        ...

    def rows(self, number: int) -> Iterator[Sequence[Row]]:
        """Each address once with its latest row, in their order; some at a time, never all of them in memory."""
        ...

    def finish(self, read: Open, counts: Mapping[tuple[str, int], int]) -> Done:
        """The files are written: this export is the one that counts, and the rows of those before it go.

        `counts`: how many addresses of (reason, day since 1970) it has.
        """
        ...

    def last(self, region: str) -> Done | None:
        """The latest finished export of the region."""
        ...


class ExportFiles(Protocol):
    """Where an export's files go; 0600, each there whole or not at all.  Raises StoreError."""

    def write(self, name: str, lines: Iterable[str]) -> str:
        """Write one file, over one of the same name; returns its path."""
        ...


class LookStore(Protocol):
    """What looks keep: how far people were told, and which rows.  Raises StoreError."""

    def mark(self, region: str) -> Instant | None:
        """Up to when people were told; None before the first look."""
        ...

    def untold(self, region: str, rows: Sequence[Suppressed]) -> Sequence[Suppressed]:
        """Those of the rows that nobody was told of: a row that changed since counts anew."""
        ...

    def told(self, region: str, rows: Sequence[Suppressed], mark: Instant) -> None:
        """People were told of the rows, and the mark moves: both or neither."""
        ...

    def standing(self, region: str) -> Standing | None:
        """How the account stood at the look before, and since when."""
        ...

    def stands(self, region: str, standing: Standing, *, told: bool) -> None:
        """Remember how it stands, that it does so since `standing.now`, and whether people were told."""
        ...

    def standing_told(self, region: str) -> bool:
        """Whether people were told how it stands."""
        ...


class Alerting(Protocol):
    """Tells people.  Never raises for what happens on the way: a notice is delivered, or it is not."""

    def send(self, id: str, subject: str, text: str) -> bool:
        """Whether at least one channel took it.  The same `id` again is the same notice."""
        ...
