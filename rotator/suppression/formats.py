"""The two forms that SES's own import job takes: CSV without a header, and one JSON object a line.

`CreateImportJob` with `SuppressionListAction: PUT` takes at most 100,000 rows an object; an export is split there.
https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from rotator.core.access_keys import Instant
from rotator.core.suppression import Suppressed
from rotator.core.times import stamp

ROWS_PER_FILE = 100_000
SUFFIX = {"csv": "csv", "json": "ndjson"}
CHUNK = 1000  # rows that are put into words at a time


def files(rows: Iterable[Suppressed], style: str, region: str, began: Instant) -> Iterator[tuple[str, Iterator[str]]]:
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


def _from(first: Suppressed | None, rest: Iterator[Suppressed]) -> Iterator[Suppressed]:
    if first is not None:
        yield first
        yield from rest


def written(rows: Iterator[Suppressed], style: str) -> Iterator[str]:
    """The rows as text, many at a time."""
    write = _csv if style == "csv" else _json
    while chunk := list(islice(rows, CHUNK)):
        yield write(chunk)


def _csv(rows: Sequence[Suppressed]) -> str:
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows([row[:2] for row in rows])
    return page.getvalue()


def _json(rows: Sequence[Suppressed]) -> str:
    return "".join(
        f'{{"emailAddress":{json.dumps(address)},"reason":{json.dumps(reason)}}}\n' for address, reason, _ in rows
    )
