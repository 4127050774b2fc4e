"""Questions to the list: its rows, as far as somebody reads them, and one address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from rotator.core.access_keys import Instant
from rotator.core.suppression import Details, Page, StaleToken, Suppressed, SuppressionList
from rotator.suppression.pacing import Pace, patiently

RESTARTS = 5


def pages(
    source: SuppressionList, pace: Pace, *, reasons: Sequence[str] = (), since: Instant | None = None
) -> Iterator[Page]:
    """The pages from the first to the last; begun anew where SES no longer takes a token, so rows may come twice.

    Raises AccessError and RemoteFault.
    """
    token, restarts = "", 0
    while True:
        try:
            page = patiently(pace, partial(source.page, token, reasons=reasons, since=since))
        except StaleToken:
            restarts += 1
            if restarts > RESTARTS or not token:
                raise
            token = ""
            continue
        yield page
        if not page.token:
            return
        token = page.token


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of one region, each address once; `more`: there are others that were not read."""

    region: str
    rows: Sequence[Suppressed]
    more: bool


def listed(
    source: SuppressionList, pace: Pace, limit: int, *, reasons: Sequence[str] = (), since: Instant | None = None
) -> Listed:
    """At most `limit` rows, sorted by time, the latest first.  SES gives no order, so `more` may be newer."""
    found: dict[str, Suppressed] = {}
    for page in pages(source, pace, reasons=reasons, since=since):
        for row in page.rows:
            found[row.address] = max(row, found.get(row.address, row), key=lambda one: one.at)
        if len(found) > limit or (len(found) == limit and page.token):
            return Listed(source.region, _latest_first(found)[:limit], more=True)
    return Listed(source.region, _latest_first(found), more=False)


def _latest_first(found: dict[str, Suppressed]) -> list[Suppressed]:
    return sorted(found.values(), key=lambda row: (-row.at, row.address))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one address in one region: `now` from SES, `kept` from the export of that time."""

    region: str
    now: Details | None
    kept: tuple[Suppressed, Instant] | None
