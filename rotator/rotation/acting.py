"""What every effect does: an intent in the journal before it, lock and deadline tested right before it.

No effect is retried here: every attempt is a step of its own.  `tried` in the observations tells the decision
what this process is done with, so that it goes on to something else.
"""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core.history import events as ev
from rotator.core.history.events import Outcome
from rotator.core.parts import Parts
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.situation import Observed
from rotator.effect import intend
from rotator.rotation.aws_time import AwsTime


@dataclass(frozen=True, slots=True)
class Done:
    """What an effect came to: the observations after it, and words for whoever watches."""

    observed: Observed
    status: str = "ok"  # "failed", "warning" and "waiting" are shown differently
    detail: str = ""
    fix: str = ""  # what the other side said is to be done, where it said it


@dataclass(frozen=True, slots=True)
class Acting:
    """Whoever performs effects for one user."""

    parts: Parts
    time: AwsTime

    def intend(self, intent: ev.Event) -> Deadline:
        """Journal the intent, then test lock and deadline: what follows is the effect and nothing else.

        Raises LockHeld, JournalError, or StopError if this process was paused for too long in between.
        """
        return intend(self.parts.journal, intent, self.parts.monotonic)

    @property
    def until(self) -> int:
        """When no request sent now can still be alive, on AWS's clock."""
        return self.time.now() + REQUEST_DEADLINE_S + 1


def outcome_of(answer: Acknowledged | Refused | Unknown) -> Outcome:
    """How an answer stands in the journal."""
    if isinstance(answer, Acknowledged):
        return Outcome.DONE
    return Outcome.REFUSED if isinstance(answer, Refused) else Outcome.UNKNOWN
