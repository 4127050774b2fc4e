"""Calls at SES's pace: one a second for everything but sending, and patience with a call that failed.

https://docs.aws.amazon.com/ses/latest/dg/quotas.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rotator.core.errors import RemoteFault
from rotator.core.suppression import StaleToken

CALLS_PER_SECOND = 1.0
PAUSES_S = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Pace:
    """At most so many calls a second, from start to start, by the process's own clock.

    The first call connects before it is sent, so the second one is spaced from its answer.
    """

    calls_per_second: float = CALLS_PER_SECOND
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = 0.0
    _connected: bool = False

    def wait(self) -> None:
        """Until the next call may be made."""
        left = self._next - self.monotonic()
        if left > 0:
            self.sleep(left)
        self._next = self.monotonic() + 1 / self.calls_per_second

    def answered(self) -> None:
        """A call was answered."""
        if not self._connected:
            self._connected, self._next = True, self.monotonic() + 1 / self.calls_per_second


def patiently(pace: Pace, call: Callable[[], Answer]) -> Answer:
    """The answer of a read at that pace, asked again for two minutes while SES is unwell.

    Raises AccessError, StaleToken and, when patience is over, RemoteFault.
    """
    for pause in PAUSES_S:
        pace.wait()
        try:
            return _answered(pace, call())
        except StaleToken:
            raise
        except RemoteFault:
            pace.sleep(pause)
    pace.wait()
    return call()


def _answered(pace: Pace, answer: Answer) -> Answer:
    pace.answered()
    return answer
