"""Values as people read them: ages, lengths of time, masked key ids."""

from __future__ import annotations

import re

from rotator.core import times
from rotator.core.access_keys import mask
from rotator.core.policy import DAY_S

KEY_ID = re.compile(r"\bA[KS]IA[A-Z0-9]{12,}\b")
HOUR_S, MINUTE_S = 3600, 60


def iso(at: int | None) -> str | None:
    """The time as JSON carries it; None stays None."""
    return None if at is None else times.iso(at)


def span(seconds: int) -> str:
    """The largest whole unit: `12 d`, `2 h`, `1 min`, `0 min`."""
    seconds = abs(seconds)
    for unit, size in (("d", DAY_S), ("h", HOUR_S)):
        if seconds >= size * (2 if unit == "d" else 1):
            return f"{seconds // size} {unit}"
    return f"{seconds // MINUTE_S} min"


def ago(at: int, now: int) -> str:
    """`2 h ago`, or `in 68 d` for what is still to come."""
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


def duration(ms: int) -> str:
    """`0.4 s`, `7.5 s`, `3 min`."""
    return f"{ms / 1000:.1f} s" if ms < 120_000 else f"{ms // 60_000} min"


def mask_ids(text: str) -> str:
    """The text with every access key id shortened; for prose and tables, never for a command to type."""
    return KEY_ID.sub(lambda found: mask(found.group()), text)


def counted(n: int, what: str) -> str:
    """`1 user`, `2 users`."""
    return f"{n} {what}{'s' if n != 1 else ''}"


def both(names: tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
