"""When each consumer was last proven, and by what: told from the journal, for status, audit and report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from rotator.core.history import events as ev


class AuditOutcome(StrEnum):
    """How an audit mail ended."""

    ARRIVED = "arrived"
    WRONG = "wrong"  # it arrived, and a check of its headers failed
    REFUSED = "refused"  # SES did not take the login
    BOUNCED = "bounced"
    MISSING = "missing"  # sent, and neither it nor a bounce was seen
    UNKNOWN = "unknown"  # not sent, or nobody could look
    OVERTAKEN = "overtaken"  # a rotation went on while it was on its way: it says nothing about the place now


@dataclass(frozen=True, slots=True)
class Proof:
    """The newest sign that a place works: `how` is a few words for a person."""

    at: int
    how: str


@dataclass(frozen=True, slots=True)
class Audited:
    """How an audit mail through a place ended (a value of AuditOutcome), when it was sent, and with which key."""

    at: int
    outcome: str
    key: str = ""  # "" = not known


def last_proven(events: Iterable[ev.Event]) -> dict[str, Proof]:
    """The newest proof of each consumer; one that was never proven, or forgotten since, is missing."""
    found: dict[str, Proof] = {}
    told: dict[str, int] = {}  # when a place was last given a key: an audit mail of before is about another one
    for event in events:
        if isinstance(event, ev.PushIntended | ev.Attested):
            told[event.consumer] = event.at
        if isinstance(event, ev.ClockCorrected):  # what has a later time has a wrong one
            told = {name: min(at, event.at) for name, at in told.items()}
            found = {name: one for name, one in found.items() if one.at <= event.at}
        elif isinstance(event, ev.Forgotten):
            found.pop(event.consumer, None)
        elif isinstance(event, ev.AuditSettled) and event.sent and event.sent <= told.get(event.consumer, 0):
            continue
        elif (one := _proof(event)) is not None:
            found[one[0]] = max(one[1], found.get(one[0], one[1]), key=lambda proof: proof.at)
    return found


def last_audited(events: Iterable[ev.Event]) -> dict[str, Audited]:
    """How the newest audit mail through each consumer ended."""
    return {name: audits[-1] for name, audits in audit_history(events, 0).items()}


def audit_history(events: Iterable[ev.Event], since: int) -> dict[str, tuple[Audited, ...]]:
    """The audit mails of each consumer since then, oldest first; one that a rotation overtook says nothing."""
    found: dict[str, tuple[Audited, ...]] = {}
    for one in events:
        if isinstance(one, ev.AuditSettled) and one.at >= since and one.outcome != AuditOutcome.OVERTAKEN:
            found[one.consumer] = (*found.get(one.consumer, ()), Audited(one.sent or one.at, one.outcome, one.key))
        elif isinstance(one, ev.ClockCorrected):
            found = {name: tuple(_not_after(one.at, audit) for audit in audits) for name, audits in found.items()}
    return found


def _not_after(at: int, audit: Audited) -> Audited:
    return replace(audit, at=min(audit.at, at))


def _proof(event: ev.Event) -> tuple[str, Proof] | None:
    match event:
        case ev.AuditSettled(outcome=AuditOutcome.ARRIVED):
            return event.consumer, Proof(event.sent or event.at, "audit mail")
        case ev.CanarySettled(outcome=ev.CanaryOutcome.ARRIVED):
            return event.consumer, Proof(event.sent, "test mail")
        case ev.ReadBack():
            return event.consumer, Proof(event.at, "read back")
        case ev.Attested():
            return event.consumer, Proof(event.at, "a person's word")
    return None
