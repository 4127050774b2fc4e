"""A wrong Date stands in the journal, and nothing goes on until that day: a person says what time it really is."""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core.access_keys import Instant
from rotator.core.errors import AccessError, StopError
from rotator.core.history import events as ev
from rotator.core.policy import CLOCK_SLACK_S
from rotator.core.times import when
from rotator.rotation.loop import Rotation

SAME_TIME_S = 300  # this machine's clock and AWS's: NTP keeps seconds, and AWS refuses signatures from 5 minutes on


@dataclass(frozen=True, slots=True)
class WrongDate:
    """The journal's newest time, and AWS's time now, before it."""

    newest: Instant
    now: Instant


def wrong_date(rotation: Rotation, here: int) -> WrongDate:
    """How far the journal is ahead.  `here` is this machine's clock (UTC epoch seconds): it can only forbid.

    A Date that is wrong today would make every wait look long over, so the time is believed only where two replies
    of AWS, this machine and, asked by the caller, a person agree.
    Raises StopError if they do not or nothing is wrong, AccessError for another user's credentials.
    """
    rotation.survey()
    user, facts, now = rotation.facts.user, rotation.facts, rotation.time.now()
    seen = rotation.observed.identity
    if seen is None or not facts.adopted(seen):
        raise AccessError(
            f"the credentials show another user than the adopted {user}",
            why="the journal may be right, and of another account",
            fix="use credentials of the adopted account",
            id="wrong-user",
        )
    if now >= facts.latest - CLOCK_SLACK_S:
        raise StopError(
            f"no time in the journal is later than AWS's, {when(now)}",
            why="there is nothing to correct",
            fix=f"rotator rotate --user {user}",
            id="clock-right",
            runbook="runbooks/restore.md#the-journal-is-ahead-of-the-clock",
        )
    if abs(here - now) > SAME_TIME_S:
        raise StopError(
            f"AWS says that it is {when(now)}, this machine {when(here)}",
            why="one of them is wrong; with a wrong time every wait could look long over",
            fix="set this machine's clock right (timedatectl), then compare: curl -sI https://iam.amazonaws.com",
            id="clock-doubtful",
            runbook="runbooks/restore.md#the-journal-is-ahead-of-the-clock",
        )
    return WrongDate(facts.latest, now)


def correct_clock(rotation: Rotation, reason: str) -> None:
    """Record that it is now what AWS says, and that every later time in the journal is a mistake."""
    rotation.record(ev.ClockCorrected(rotation.time.now(), reason))
