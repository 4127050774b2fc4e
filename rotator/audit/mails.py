"""One real mail through every place, side by side, until each has arrived, bounced or is missing.

The place sends with what it holds; where the mail comes out is looked at for all of them together.  Nothing here
decides about a rotation, and none waits for it: the user's lock is held until a mail is out, not until it is in.  What
comes in later is about the key that was used; where that cannot be told any more, there is no verdict.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from rotator.audit.targets import Result, Target
from rotator.audit.verdicts import failure, named, of_its_key, of_sighting, outcome_of, overtaken
from rotator.core.errors import LockHeld, RotatorError
from rotator.core.evidence import asked_again
from rotator.core.history.proven import AuditOutcome
from rotator.core.mail.arrivals import Arrivals, Sighting
from rotator.core.parts import CANARY_DEADLINE_S
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Arrived, Canary, CanaryAnswer, Deadline, LoginRefused, Unknown
from rotator.effect import Attempt

WORKERS = 8  # SES connections are few and their number is not published
FIRST_POLL_S, LONGEST_POLL_S = 0.2, 5.0
POLL_SHARE = 0.1  # of the time so far: whatever comes is seen at most this much late
BODY = "A test mail of the monthly audit of SMTP credentials; nothing to do.\n"


@dataclass(frozen=True, slots=True)
class NotSent:
    """A rotation was in the way."""

    why: str


Answer = CanaryAnswer | NotSent


@dataclass(frozen=True, slots=True)
class Clock:
    """The process's own clock and rest, both in seconds."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def send_all(targets: Sequence[Target], arrivals: Arrivals, timeout_s: float, clock: Clock) -> Iterator[Result]:
    """Send everything and watch the far end; each result comes as soon as it is known.

    Raises RotatorError, before anything is sent, if nobody can look at the far end: it would prove nothing.  Later only
    what `Target.moved` raises (JournalError, SealError): a verdict that cannot be told from an overtaken one is none.
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
    """One mail on its way.  `began`: when its place was asked; 0 while it waits.  `sent`: AWS's time, 0 = not."""

    target: Target
    answer: Future[Answer] | None = None
    began: float = 0.0
    sent: int = 0


def _send(mail: _Mail, clock: Clock) -> Answer:
    return asked_again(lambda: _sent(mail, clock), mail.target.seen.is_set)


def _sent(mail: _Mail, clock: Clock) -> Answer:
    try:
        with mail.target.attempt() as attempt:
            mail.began = mail.began or clock.monotonic()
            return _effect(mail, attempt, clock)
    except LockHeld as held:
        return NotSent(str(held))
    except RotatorError as error:
        return Unknown(str(error))


def _effect(mail: _Mail, attempt: Attempt, clock: Clock) -> CanaryAnswer:
    """Sent with what the place holds now.  A place that shows its key is one that we log in for, here and now."""
    target, ours = mail.target, mail.target.consumer.traits.reads_back
    canary = Canary(target.token, f"rotator audit {target.token}", BODY)
    deadline = Deadline.after(REQUEST_DEADLINE_S if ours else CANARY_DEADLINE_S, clock.monotonic)
    mail.sent = attempt.at
    answer = target.consumer.send(replace(canary, out=attempt.let_go), deadline)
    if ours and isinstance(answer, Arrived):
        attempt.accepted()
    return answer


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

    def _judge(self, mail: _Mail, answer: Answer | None, sighting: Sighting | None) -> Result | None:
        """The result, or None if it is too early to tell."""
        if isinstance(answer, NotSent):
            return replace(overtaken(mail.target, answer.why, 0.0), sent=mail.sent)
        result = self._verdict(mail, answer, sighting)
        return result and replace(of_its_key(result, answer), sent=mail.sent)

    def _verdict(self, mail: _Mail, answer: CanaryAnswer | None, sighting: Sighting | None) -> Result | None:
        target = mail.target
        took = self.clock.monotonic() - mail.began if mail.began else 0.0
        if sighting is not None:
            findings = tuple(named(one, target) for one in of_sighting(sighting, target.sender))
            return Result(target, outcome_of(sighting, findings), findings, took)
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
        return Result(target, outcome, (failure(target, outcome, seen),), took)


def _answer(mail: _Mail) -> Answer | None:
    """What the place answered; None while it has not.  A bug in an adapter is raised here."""
    return mail.answer.result() if mail.answer is not None and mail.answer.done() else None
