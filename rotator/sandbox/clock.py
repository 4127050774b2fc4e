"""The sandbox's one clock: it stamps Date headers, key dates, last-used dates and mail."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class Clock:
    """Wall time that runs on by itself and can be moved forward, never back."""

    def __init__(self, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._start = start or datetime.now(UTC)
        self._zero = time.monotonic()
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The sandbox's time, aware, in UTC."""
        with self._lock:
            return self._start + timedelta(seconds=time.monotonic() - self._zero) + self._offset

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward; raises ValueError for a negative step (time never runs back)."""
        if by < timedelta(0):
            raise ValueError("the sandbox's clock only moves forward")
        with self._lock:
            self._offset += by
        return self.now()

    def http_date(self) -> str:
        """The time as an HTTP Date header (RFC 9110), in whole seconds."""
        return format_datetime(self.now().replace(microsecond=0), usegmt=True)
