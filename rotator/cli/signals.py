"""SIGINT and SIGTERM: the step in hand is finished and journalled, then the process ends.

Outside a rotation a signal ends the command at once.  Inside, the first one is remembered and `check` raises after
the step, `between_logins` and `between_looks` within one that only waits; a second one does not wait any longer, which
is as safe as a crash: the next process decides anew.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

LONGEST_NAP_S = 0.2


class Interrupted(BaseException):
    """A signal ended the command.  Not an Exception: nothing on the way out may take it for a failed step."""

    def __init__(self, number: int, why: str = "nothing was in hand") -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number
        self.why = why


class Signals:
    """What this process does about SIGINT and SIGTERM."""

    def __init__(self) -> None:
        self._caught: int | None = None
        self._working = False

    def install(self) -> None:
        """Take both signals over, from the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._catch)

    def check(self, why: str = "the step in hand was finished and journalled") -> None:
        """Raise Interrupted if a signal came while a step was in hand; `why` that is safe here."""
        if self._caught is not None:
            raise Interrupted(self._caught, why)

    def between_logins(self) -> None:
        """The same between two tries of a step that only logs in, which can take minutes.  Raises Interrupted."""
        self.check("it came between two logins, none of which was accepted: what was done before is journalled")

    def between_looks(self) -> None:
        """The same while a test mail is awaited: it is out, and nothing is lost but the wait.  Raises Interrupted."""
        self.check("a test mail was awaited: its intent is journalled, the next run sends another one")

    @contextmanager
    def finishing_steps(self) -> Iterator[None]:
        """Inside, a signal waits for `check`; leaving the block normally does not lose it."""
        self._working, self._caught = True, None
        try:
            yield
            self.check()
        finally:
            self._working = False

    def sleep(self, seconds: float) -> None:
        """Wait between steps; a signal ends it.  Raises Interrupted."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, LONGEST_NAP_S))
        self.check()

    def _catch(self, number: int, frame: FrameType | None) -> None:
        if not self._working:
            raise Interrupted(number)
        if self._caught is not None:
            raise Interrupted(
                number, "a step was in hand: its intent is journalled, its outcome is looked up next time"
            )
        self._caught = number


signals = Signals()
