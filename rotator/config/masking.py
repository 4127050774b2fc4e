"""Source lines that can be shown: keys and punctuation stay, every value and comment goes.

A secret in the configuration file is a mistake that people make; the message about it must not be the leak.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rotator.core.foreign_text import harmless

MASK = "***"
WIDEST = 120
UNKNOWN = re.compile(r"[^\s?:,\[\]{}-].*", re.DOTALL)  # from what is no punctuation of YAML's collections to the end
SHOWN_KEY = re.compile(r"([\"']?)[A-Za-z][a-z0-9_-]{0,31}\1")  # as it is written: no escapes, no header of a block


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, lines and columns counted from zero, the end not included."""

    line: int
    column: int
    end_line: int
    end_column: int

    def on(self, line: int, length: int) -> tuple[int, int] | None:
        """The columns that it covers on one line, or None."""
        if not self.line <= line <= self.end_line:
            return None
        start = self.column if line == self.line else 0
        end = self.end_column if line == self.end_line else length
        return (start, end) if start < end else None


def masked(text: str, line: int, column: int, values: Iterable[Span], keys: Iterable[Span]) -> tuple[str, int]:
    """The line with every value as `***` and without its comment, and where `column` is in it.

    Only what is known to be a key or punctuation stays: from the first text that is neither, the line is one `***`.
    """
    found = [(place, True) for span in values if (place := span.on(line, len(text))) is not None]
    found += [(place, False) for span in keys if (place := span.on(line, len(text))) is not None]
    shown, caret, at = "", column, 0
    for (start, end), is_value in sorted(found):
        if UNKNOWN.search(text, at, start):
            break
        piece = text[start:end]
        kept = MASK if is_value or not SHOWN_KEY.fullmatch(piece) else piece
        shown += text[at:start]
        if column >= end:
            caret = len(shown) + len(kept) + column - end
        elif column >= start:
            caret = len(shown) + (0 if kept == MASK else column - start)
        shown, at = shown + kept, end
    return _cut(shown + UNKNOWN.sub(MASK, _before_comment(text[at:])), caret)


def masked_blindly(text: str, column: int) -> tuple[str, int]:
    """The same for a line that could not be read: its indentation and first key at the most."""
    key = re.match(r"\s*(?:- +)?[A-Za-z][a-z0-9_-]{0,31}:(?=\s|$)", text)
    start = key.end() if key else len(text) - len(text.lstrip())
    if not text[start:].strip():
        return _cut(text[:start], column)
    shown = f"{text[:start]} {MASK}" if key else f"{text[:start]}{MASK}"
    return _cut(shown, min(column, len(shown) - len(MASK)))


def _before_comment(text: str) -> str:
    """What is left without a comment.  What is known is no part of `text`, so that every "#" may begin one."""
    return text.partition("#")[0]


def _cut(text: str, caret: int) -> tuple[str, int]:
    """Harmless, and no wider than a screen."""
    shown = "".join(harmless(character) or " " for character in text.rstrip())  # as wide as before: the caret points
    if len(shown) <= WIDEST:
        return shown, min(caret, len(shown))
    start = max(0, min(caret, len(shown)) - WIDEST // 2)
    before, after = "..." if start else "", "..." if start + WIDEST < len(shown) else ""
    return f"{before}{shown[start : start + WIDEST]}{after}", caret - start + len(before)
