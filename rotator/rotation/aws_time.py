"""What time it is: AWS's clock, not this machine's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from rotator.core.access_keys import Instant
from rotator.core.errors import RemoteFault
from rotator.core.policy import CLOCK_SLACK_S


class AwsTime:
    """AWS's clock: the Date of the newest reply plus the monotonic time since.  Wall-clock jumps do not move it.

    One Date alone may be anybody's, a broken proxy's too: grace and watch end only by a time that two replies agree
    on.  The first two of a process (the key list, whom we act on) are asked before anything is decided.  Of two that
    contradict each other the earlier is kept, for by it nothing is over yet.
    """

    def __init__(self, monotonic: Callable[[], float], at_least: int) -> None:
        self._monotonic = monotonic
        self._base, self._since = at_least, monotonic()
        self._told = 0
        self.contradicted = False  # two replies of this process told different times: neither is known to be right

    def set(self, now: Instant) -> None:
        """Take over the Date of a reply.  Raises RemoteFault if an earlier one of this process contradicts it."""
        off = now - self.now()
        if self._told and abs(off) > CLOCK_SLACK_S:
            self.contradicted = True
            self._take(min(now, self.now()))
            raise RemoteFault(
                f"AWS's clock jumped by {off} s to {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M}",
                why="waiting times would end too early or too late; this machine slept, or a proxy answers for AWS",
                fix="run the same command again; if it stays: curl -sI https://iam.amazonaws.com | grep -i date",
                id="clock-jumped",
            )
        self._told += 1
        self._take(now)

    @property
    def agreed(self) -> bool:
        """Whether two replies of this process told one time: only then may it stand beside a login in the journal."""
        return self._told > 1 and not self.contradicted

    def _take(self, now: int) -> None:
        self._base, self._since = now, self._monotonic()

    def now(self) -> Instant:
        """UTC epoch seconds."""
        return Instant(self._base + int(self._monotonic() - self._since))
