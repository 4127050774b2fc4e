"""Every request and login the sandbox saw, and breakpoints at any of them.

A breakpoint holds one call, before its effect or after it, until it is released; the caller then gets no
answer.  That is how a test kills the program before and after every outside call, with no hook in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

When = Literal["before", "after"]
HELD_AT_MOST_S = 60.0


class Dropped(Exception):
    """The call was held at a breakpoint and gets no answer: close its connection without a reply."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call: its number, the sandbox's time, who was asked for what, and how it ended."""

    n: int
    at: datetime
    kind: str  # "aws", "smtp", "gmail", "token"
    name: str  # "iam:CreateAccessKey", "AUTH", "sendAs.patch", ...
    detail: str  # never a secret: user name, key id, alias, source key
    outcome: str  # "open" until it ended; then "200", "409 LimitExceeded", "235", "535", ...


class Record:
    """An append-only list of calls with at most one breakpoint.  Thread-safe."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._entries: list[Entry] = []
        self._hold: tuple[int | str, When] | None = None
        self._held: int | None = None
        self._released = False

    def begin(self, kind: str, name: str, detail: str = "") -> int:
        """Write down that a call arrived, before it has any effect.  Returns its number; raises Dropped."""
        with self._changed:
            n = len(self._entries)
            self._entries.append(Entry(n, self._now(), kind, name, detail, "open"))
            self._stop_here(n, "before")
            return n

    def end(self, n: int, outcome: str) -> None:
        """Write down how call `n` ended, after its effect and before its reply.  Raises Dropped."""
        with self._changed:
            self._entries[n] = Entry(**{**asdict(self._entries[n]), "outcome": outcome})
            self._stop_here(n, "after")

    def hold(self, call: int | str, when: When) -> None:
        """Set the breakpoint: at absolute call number `call` (see `count`), or at the next call of that name."""
        with self._changed:
            self._hold, self._held, self._released = (call, when), None, False

    def wait_until_held(self, seconds: float) -> int | None:
        """The number of the held call, or None if nothing was held within `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._held is not None, seconds)
            return self._held

    def release(self) -> None:
        """Drop the held call and forget the breakpoint."""
        with self._changed:
            self._hold, self._released = None, True
            self._changed.notify_all()

    def count(self) -> int:
        """How many calls have been seen; the number the next one will get."""
        with self._changed:
            return len(self._entries)

    def entries(self, since: int = 0) -> list[Entry]:
        """The calls from number `since` on."""
        with self._changed:
            return self._entries[since:]

    def _stop_here(self, n: int, when: When) -> None:
        if self._hold not in ((n, when), (self._entries[n].name, when)):
            return
        self._held = n
        self._changed.notify_all()
        self._changed.wait_for(lambda: self._released, HELD_AT_MOST_S)
        self._entries[n] = Entry(**{**asdict(self._entries[n]), "outcome": f"dropped {when} its effect"})
        self._hold, self._held = None, None
        raise Dropped
