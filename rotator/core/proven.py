"""When each consumer was last proven, and by what: told from the journal, for status, audit and report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rotator.core import events as ev


class AuditOutcome(StrEnum):
    """How an audit mail ended."""

    ARRIVED = "arrived"
    WRONG = "wrong"  # it arrived, and a check of its headers failed
    REFUSED = "refused"  # SES did not take the login
    BOUNCED = "bounced"
    MISSING = "missing"  # sent, and neither it nor a bounce was seen
    UNKNOWN = "unknown"  # not sent, or nobody could look


@dataclass(frozen=True, slots=True)
class Proof:
    """The newest sign that a place works: `how` is a few words for a person."""

    at: int
    how: str


@dataclass(frozen=True, slots=True)
class Audited:
    """How the newest audit mail through a place ended (a value of AuditOutcome)."""

    at: int
    outcome: str


def last_proven(events: Iterable[ev.Event]) -> dict[str, Proof]:
    """The newest proof of each consumer; one that was never proven, or forgotten since, is missing."""
    found: dict[str, Proof] = {}
    for event in events:
        if isinstance(event, ev.Forgotten):
            found.pop(event.consumer, None)
        elif (told := _proof(event)) is not None:
            found[told[0]] = told[1]
    return found


def last_audited(events: Iterable[ev.Event]) -> dict[str, Audited]:
    """How the newest audit mail through each consumer ended."""
    return {one.consumer: Audited(one.at, one.outcome) for one in events if isinstance(one, ev.AuditSettled)}


def audit_history(events: Iterable[ev.Event], since: int) -> dict[str, tuple[Audited, ...]]:
    """The audit mails of each consumer since then, oldest first."""
    found: dict[str, tuple[Audited, ...]] = {}
    for one in events:
        if isinstance(one, ev.AuditSettled) and one.at >= since:
            found[one.consumer] = (*found.get(one.consumer, ()), Audited(one.at, one.outcome))
    return found


def _proof(event: ev.Event) -> tuple[str, Proof] | None:
    match event:
        case ev.AuditSettled(outcome=AuditOutcome.ARRIVED):
            return event.consumer, Proof(event.at, "audit mail")
        case ev.CanarySettled(outcome=ev.CanaryOutcome.ARRIVED):
            return event.consumer, Proof(event.sent, "test mail")
        case ev.ReadBack():
            return event.consumer, Proof(event.at, "read back")
        case ev.Attested():
            return event.consumer, Proof(event.at, "a person's word")
    return None
