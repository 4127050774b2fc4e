"""Durations as people write them: `90s`, `10m`, `72h`, `7d`.  A whole number and one unit, nothing else."""

from __future__ import annotations

import re

from rotator.core.errors import ConfigurationError

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
LONGEST_S = 3650 * UNITS_S["d"]  # ten years: longer is a slip of the finger
PATTERN = r"^(0|[1-9][0-9]{0,9})[smhd]$"
SHOWN_CHARACTERS = 12  # a longer text is no duration, and may be something that must not be shown


class BadDuration(ConfigurationError, ValueError):
    """The text is not a duration.  Also a ValueError, so that a schema can use the parser as its validator."""

    id = "duration"
    fix = "write a whole number and one of s, m, h, d: 90s 10m 72h 7d"


def parse_duration(text: object) -> int:
    """Seconds of a duration such as `72h`.  Raises BadDuration for everything else, a bare number too."""
    if not isinstance(text, str) or re.fullmatch(PATTERN, text) is None or text.endswith("\n"):
        raise BadDuration(f"{_seen(text)} is not a duration; {BadDuration.fix}")
    seconds = int(text[:-1]) * UNITS_S[text[-1]]
    if seconds > LONGEST_S:
        raise BadDuration(f"{_seen(text)} is longer than {format_duration(LONGEST_S)}")
    return seconds


def format_duration(seconds: int) -> str:
    """A text that `parse_duration` reads back as the same: `10m`, `72h`, `7d`; days only from four days on."""
    if seconds < 0:
        raise BadDuration(f"{seconds} seconds is not a duration: it is negative")
    for unit in ("d", "h", "m"):
        least = 4 if unit == "d" else 1  # people say 24h, 48h and 72h, but 7d
        if seconds >= least * UNITS_S[unit] and seconds % UNITS_S[unit] == 0:
            return f"{seconds // UNITS_S[unit]}{unit}"
    return f"{seconds}s"


def _seen(text: object) -> str:
    """What was seen, short and printable, or only its kind."""
    if isinstance(text, bool) or text is None:
        return "a word that YAML gives a meaning"
    if isinstance(text, int):
        return f"the bare number {text}" if abs(text) < 10**9 else "a bare number"
    if isinstance(text, str) and text.isprintable() and len(text) <= SHOWN_CHARACTERS:
        return repr(text)
    return f"a text of {len(text)} characters" if isinstance(text, str) else "this"
