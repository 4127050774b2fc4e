"""The two forms that SES's own import job takes: CSV without a header, and one JSON object a line.

`CreateImportJob` with `SuppressionListAction: PUT` takes at most 100,000 rows an object; an export is split there.
https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter

from rotator.core.access_keys import Instant
from rotator.core.suppression import Row
from rotator.core.times import stamp

ROWS_PER_FILE = 100_000
SUFFIX = {"csv": "csv", "json": "ndjson"}
CHUNK = 1000  # rows that are put into words at a time
ADDRESS_AND_REASON = itemgetter(0, 1)
IN_QUOTES = json.JSONEncoder().encode  # json.dumps looks at its options first, each time


def files(rows: Iterable[Row], style: str, region: str, began: Instant) -> Iterator[tuple[str, Iterator[str]]]:
    """(name, content in pieces) of every file, one after the other: take all of a content before the next file.

    An empty list is one empty file: that there was nothing is a result, too.
    """
    rest, number = iter(rows), 0
    first = next(rest, None)
    while first is not None or number == 0:
        number += 1
        part = _from(first, islice(rest, ROWS_PER_FILE - 1))
        yield f"suppression-{region}-{stamp(began)}-{number:03d}.{SUFFIX[style]}", written(part, style)
        first = next(rest, None)


def _from(first: Row | None, rest: Iterator[Row]) -> Iterator[Row]:
    return rest if first is None else chain((first,), rest)


def written(rows: Iterator[Row], style: str) -> Iterator[str]:
    """The rows as text, many at a time."""
    write = _csv if style == "csv" else _json
    while chunk := list(islice(rows, CHUNK)):
        yield write(chunk)


def _csv(rows: Sequence[Row]) -> str:
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows(map(ADDRESS_AND_REASON, rows))
    return page.getvalue()


def _json(rows: Sequence[Row]) -> str:
    return "".join(
        f'{{"emailAddress":{IN_QUOTES(address)},"reason":{IN_QUOTES(reason)}}}\n' for address, reason, _ in rows
    )
