"""Points in time as text; each is UTC epoch seconds.  One way each to say it, whoever says it."""

from __future__ import annotations

from datetime import UTC, datetime


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
