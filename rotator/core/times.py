"""Points in time as people and JSON have them; each is UTC epoch seconds.  One way for everybody who says one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from rotator.core.durations import parse_duration


def when(at: int) -> str:
    """`27 Nov 2026 03:14 UTC`."""
    return f"{day(at)} {datetime.fromtimestamp(at, UTC):%H:%M} UTC"


def day(at: int) -> str:
    """`27 Nov 2026`."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%b %Y}"


def iso(at: int) -> str:
    """`2026-11-27T03:14:00Z`, as JSON carries it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def stamp(at: int) -> str:
    """`20261127T031400Z`, in names of files and ids of notices about the suppression list: the form never changes."""
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}"


def id_stamp(at: int) -> str:
    """`20261124-031400`, in the ids of runs and notices.  Journals hold them: the form never changes."""
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}"


def since(text: str) -> Callable[[int], int]:
    """`90d` or `2026-01-31`: from the time now to the earliest time that is wanted.  Raises ConfigurationError."""
    try:
        begins = int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        seconds = parse_duration(text)
        return lambda now: now - seconds
    return lambda _: begins
