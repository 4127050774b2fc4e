"""One real mail through every place, side by side, until each has arrived, bounced or is missing.

The place sends with what it holds; where the mail comes out is looked at for all of them together.  Nothing here
decides about a rotation: an outcome is told to people.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from rotator.audit.headers import PAGE, judge
from rotator.core.arrivals import Arrivals, Bounced, Delivered, Landed, Sighting
from rotator.core.errors import RotatorError
from rotator.core.evidence import asked_again
from rotator.core.facts import Facts
from rotator.core.findings import CheckStatus, Finding, failed
from rotator.core.parts import CANARY_DEADLINE_S
from rotator.core.policy import REQUEST_DEADLINE_S, Traits
from rotator.core.ports import Arrived, Canary, CanaryAnswer, Deadline, Holding, LoginRefused, Unknown
from rotator.core.proven import AuditOutcome

WORKERS = 8  # SES connections are few and their number is not published
FIRST_POLL_S, LONGEST_POLL_S = 0.2, 5.0
POLL_SHARE = 0.1  # of the time so far: whatever comes is seen at most this much late
BODY = "A test mail of the monthly audit of SMTP credentials; nothing to do.\n"


class Sends(Protocol):
    """What the audit needs of a consumer."""

    @property
    def traits(self) -> Traits:
        """Who it is."""
        ...

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """As in core.ports.Consumer."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One place to send through.  `seen` is set once its mail needs no more waiting; `key` "" = not known."""

    user: str
    consumer: Sends
    sender: str  # the address that the mail must come from
    token: str
    key: str = ""
    seen: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def name(self) -> str:
        """The consumer's name."""
        return self.consumer.traits.name


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail."""

    target: Target
    outcome: AuditOutcome
    findings: tuple[Finding, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Clock:
    """The process's own clock and rest, both in seconds."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def why_not(facts: Facts, target_sends: bool, holds: Holding) -> str:
    """Why nothing may be sent through a place now; empty if it may.

    A login with the old key while a run is open would move its last-used, on which the run's decisions stand.
    """
    if not target_sends:
        return "rotator cannot send through it"
    run = facts.run
    if run is None or not run.old:
        return ""
    if holds == run.old:
        return "a run is open and the place still holds the old key"
    off = bool(facts.key(run.old).refused_at)
    if not off and not isinstance(holds, str):
        return "a run is open and the place may still log in with the old key; the run's own test mails prove it"
    return ""


def send_all(targets: Sequence[Target], arrivals: Arrivals, timeout_s: float, clock: Clock) -> Iterator[Result]:
    """Send everything and watch the far end; each result comes as soon as it is known.

    Raises RotatorError, before anything is sent, if nobody can look at the far end: it would prove nothing.
    """
    arrivals.look((), Deadline.after(REQUEST_DEADLINE_S, clock.monotonic))
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="audit")
    try:
        flight = _Flight(arrivals, timeout_s, clock, {one.token: _Mail(one) for one in targets})
        for mail in flight.open.values():
            mail.answer = pool.submit(_send, mail, clock)
        yield from flight.results()
    finally:
        for one in targets:
            one.seen.set()
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass(slots=True)
class _Mail:
    """One mail on its way.  `began`: when its place was asked; 0 while it waits for a worker."""

    target: Target
    answer: Future[CanaryAnswer] | None = None
    began: float = 0.0


def _send(mail: _Mail, clock: Clock) -> CanaryAnswer:
    mail.began = clock.monotonic()
    return asked_again(lambda: _sent(mail.target, clock), mail.target.seen.is_set)


def _sent(target: Target, clock: Clock) -> CanaryAnswer:
    canary = Canary(target.token, f"rotator audit {target.token}", BODY)
    try:
        return target.consumer.send(canary, Deadline.after(CANARY_DEADLINE_S, clock.monotonic))
    except RotatorError as error:
        return Unknown(str(error))


@dataclass(slots=True)
class _Flight:
    """All mails that are still open, and the far end."""

    arrivals: Arrivals
    timeout_s: float
    clock: Clock
    open: dict[str, _Mail]
    blind: str = ""  # why the newest look failed

    def results(self) -> Iterator[Result]:
        """Each mail's result, in the order in which they are known."""
        began = self.clock.monotonic()
        while self.open:
            answers = {token: _answer(mail) for token, mail in self.open.items()}
            sighted = self._look()  # after the answers: what was answered before is seen now
            for token, mail in list(self.open.items()):
                result = self._judge(mail, answers[token], sighted.get(token))
                if result is not None:
                    mail.target.seen.set()
                    del self.open[token]
                    yield result
            if self.open:
                waited = self.clock.monotonic() - began
                self.clock.sleep(min(LONGEST_POLL_S, max(FIRST_POLL_S, POLL_SHARE * waited)))

    def _look(self) -> Mapping[str, Sighting]:
        try:
            found = self.arrivals.look(tuple(self.open), Deadline.after(REQUEST_DEADLINE_S, self.clock.monotonic))
        except RotatorError as error:  # the next look may succeed
            self.blind = str(error)
            return {}
        self.blind = ""
        return found

    def _judge(self, mail: _Mail, answer: CanaryAnswer | None, sighting: Sighting | None) -> Result | None:
        """The result, or None if it is too early to tell."""
        target = mail.target
        took = self.clock.monotonic() - mail.began if mail.began else 0.0
        if sighting is not None:
            findings = tuple(_named(one, target) for one in _of_sighting(sighting, target.sender))
            return Result(target, _outcome(sighting, findings), findings, took)
        if isinstance(answer, LoginRefused):
            return self._bad(target, AuditOutcome.REFUSED, answer.detail, took)
        if isinstance(answer, Unknown):
            return self._bad(target, AuditOutcome.UNKNOWN, answer.detail, took)
        if not mail.began or took < self.timeout_s:
            return None
        if self.blind:
            return self._bad(target, AuditOutcome.UNKNOWN, f"nobody could look whether it arrived: {self.blind}", took)
        seen = "sent, and neither the mail nor a bounce was seen" if isinstance(answer, Arrived) else "no answer"
        return self._bad(target, AuditOutcome.MISSING, f"{seen} after {round(took)} s", took)

    def _bad(self, target: Target, outcome: AuditOutcome, seen: str, took: float) -> Result:
        fix = FIXES[outcome].format(user=target.user, name=target.name)
        finding = Finding("mail.arrival", CheckStatus.FAILED, seen, fix, f"{PAGE}#{outcome}")
        return Result(target, outcome, (_named(finding, target),), took)


FIXES = {  # `{user}` and `{name}`: whose place it is, and which
    AuditOutcome.REFUSED: "it has a wrong password.  Fed by hand: rotator handover {user} {name} --reveal; fed by "
    "rotator: rotator rotate --user {user} (a new key, told to every place)",
    AuditOutcome.BOUNCED: "read what the other side said; the credential itself was accepted",
    AuditOutcome.MISSING: "look into Spam, at the forwarding of audit.mail_to, and at SES's suppression list",
    AuditOutcome.UNKNOWN: "mend what the text says, then: rotator audit --user {user} --consumer {name}",
}


def _answer(mail: _Mail) -> CanaryAnswer | None:
    """What the place answered; None while it has not.  A bug in an adapter is raised here."""
    return mail.answer.result() if mail.answer is not None and mail.answer.done() else None


def _of_sighting(sighting: Sighting, sender: str) -> Iterator[Finding]:
    match sighting:
        case Landed():
            yield from judge(sighting, sender)
        case Delivered(sender=author, detail=detail):
            yield from _of_delivery(author, detail, sender)
        case Bounced(detail=detail):
            fix = FIXES[AuditOutcome.BOUNCED]
            yield Finding("mail.arrival", CheckStatus.FAILED, f"it bounced: {detail}", fix, f"{PAGE}#bounced")


def _of_delivery(author: str, detail: str, sender: str) -> Iterator[Finding]:
    """SES's own word: the far server took the mail; what it thought of it stands in no event."""
    yield Finding("mail.arrival", CheckStatus.OK, detail)
    if author.lower() == sender.lower():
        yield Finding("mail.from", CheckStatus.OK, f"From is {sender}")
    else:
        fix = "the alias was not used: verify it again in Gmail, or correct canary_from"
        yield Finding("mail.from", CheckStatus.FAILED, f"From is {author}, not {sender}", fix, f"{PAGE}#from")
    for method in ("spf", "dkim", "dmarc"):
        fix = "let the audit's mail arrive in a mailbox that is read: audit.arrival.gmail"
        seen = "SES's events do not say what the receiver made of it"
        yield Finding(f"mail.{method}", CheckStatus.NOT_KNOWN, seen, fix)


def _outcome(sighting: Sighting, findings: Sequence[Finding]) -> AuditOutcome:
    if isinstance(sighting, Bounced):
        return AuditOutcome.BOUNCED
    return AuditOutcome.WRONG if failed(findings) else AuditOutcome.ARRIVED


def _named(finding: Finding, target: Target) -> Finding:
    """The finding with the place that it is about."""
    who = (("user", target.user), ("consumer", target.name))
    seen = f"{target.name}: {finding.summary}"
    return Finding(finding.id, finding.status, seen, finding.fix, finding.runbook, (*who, *finding.evidence))
