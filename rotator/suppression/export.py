"""Export the suppression list of one region: page by page onto the disk, then into files.

* A page and the place of the next are kept in one transaction: killed anywhere, the next run goes on with that page.
* A token that SES no longer takes: the list is read from its beginning, and what was read of it before is dropped,
  so that no row stays which SES has no longer.
* The list may change meanwhile.  When its end is reached, whatever changed since the export began is read, too: a row
  that moved behind our back is caught there, and the latest row of an address counts.
* SES allows one call a second, so calls are spaced by that from start to start; the disk works in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from rotator.core.access_keys import Instant
from rotator.core.policy import DAY_S
from rotator.core.suppression import (
    Done,
    ExportFiles,
    ExportStore,
    Open,
    Page,
    Phase,
    Row,
    StaleToken,
    SuppressionList,
)
from rotator.suppression.formats import files
from rotator.suppression.pacing import Pace, patiently

AFTER = {Phase.LIST: Phase.CHANGES, Phase.CHANGES: Phase.READ}
RESTARTS = 5
TAIL_SLACK_S = 300  # what changed is visible a little later than its time says
CONTINUED_WITHIN_S = 24 * 3600  # an export begun longer ago would be old before it is done


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is.  `expected` addresses is what the last one found; None before there was one."""

    region: str
    rows: int
    pages: int
    restarts: int
    expected: int | None
    continued: bool


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    done: Done
    files: tuple[str, ...]
    pages: int
    restarts: int
    continued: bool
    before: Done | None  # the finished export before this one


@dataclass(slots=True)
class Export:
    """One run of `suppression export` in one region.  Raises AccessError, RemoteFault, StoreError."""

    source: SuppressionList
    store: ExportStore
    files: ExportFiles
    style: str = "csv"  # csv or json
    pace: Pace = field(default_factory=Pace)
    observer: Callable[[Progress], None] = lambda _: None
    _restarts: int = 0
    _continued: bool = False

    def run(self) -> Exported:
        """Go on with the export that is open, or begin one; to its end."""
        before = self.store.last(self.source.region)
        at_work = self._unfinished()
        while at_work is None or at_work.phase is not Phase.READ:
            at_work = self._next(at_work)
            self._tell(at_work, before)
        counts: Counter[tuple[str, int]] = Counter()
        paths = self._write(at_work, counts)
        done = self.store.finish(at_work, counts)
        return Exported(done, paths, at_work.pages, self._restarts, self._continued, before)

    def _unfinished(self) -> Open | None:
        found = self.store.unfinished(self.source.region)
        if found is None:
            return None
        if patiently(self.pace, self.source.standing).now - found.began > CONTINUED_WITHIN_S:
            return None
        self._continued = True
        return found

    def _next(self, at_work: Open | None) -> Open | None:
        """Read one page and keep it; None: the list is to be read from its beginning."""
        try:
            page = self._page(at_work)
        except StaleToken:
            return self._restart(at_work)
        begun = at_work or self.store.begin(self.source.region, page.now)
        phase = begun.phase if page.token else AFTER[begun.phase]
        further = replace(
            begun, at=page.now, phase=phase, token=page.token, pages=begun.pages + 1, rows=begun.rows + len(page.rows)
        )
        self.store.keep(further, page.rows)
        return further

    def _page(self, at_work: Open | None) -> Page:
        since = None
        if at_work is not None and at_work.phase is Phase.CHANGES:
            since = Instant(at_work.began - TAIL_SLACK_S)
        token = at_work.token if at_work is not None else ""
        return patiently(self.pace, lambda: self.source.page(token, since=since))

    def _restart(self, at_work: Open | None) -> Open | None:
        self._restarts += 1
        if self._restarts > RESTARTS or at_work is None:
            raise StaleToken(f"SES refused the token of the next page {self._restarts} times")
        return replace(at_work, token="") if at_work.phase is Phase.CHANGES else None

    def _write(self, read: Open, counts: Counter[tuple[str, int]]) -> tuple[str, ...]:
        rows = chain.from_iterable(_counted(self.store.rows(read.number), counts))
        parts = files(rows, self.style, read.region, read.began)
        return tuple(self.files.write(name, lines) for name, lines in parts)

    def _tell(self, at_work: Open | None, before: Done | None) -> None:
        rows, pages = (at_work.rows, at_work.pages) if at_work is not None else (0, 0)
        expected = before.total if before is not None else None
        self.observer(Progress(self.source.region, rows, pages, self._restarts, expected, self._continued))


def _counted(chunks: Iterable[Sequence[Row]], counts: Counter[tuple[str, int]]) -> Iterator[Sequence[Row]]:
    """The same rows; how many of a reason and a day have passed stands in `counts`."""
    for chunk in chunks:
        counts.update([(reason, at // DAY_S) for _, reason, at in chunk])
        yield chunk
