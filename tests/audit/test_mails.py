"""Mails side by side: what is concluded, when, and what is not sent at all."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pytest

from rotator.audit.mails import WORKERS, Clock, send_all
from rotator.audit.targets import Result
from rotator.core.errors import LockHeld, RemoteFault
from rotator.core.findings import CheckStatus
from rotator.core.history.proven import AuditOutcome
from rotator.core.mail.arrivals import Bounced, Delivered, Landed, Sighting
from rotator.core.policy import Traits
from rotator.core.ports import Arrived, Canary, CanaryAnswer, Deadline, LoginRefused, Unknown
from rotator.effect import Attempt
from tests.audit.targets import SENDER, target
from tests.core.telling import OLD

GOOD = Landed(
    (
        ("Authentication-Results", "mx.x; spf=pass; dkim=pass header.d=queenofsandiego.com; dmarc=pass"),
        ("Return-Path", "<1@amazonses.com>"),
        ("From", SENDER),
    ),
    "mx.x",
)
TIMEOUT_S = 60.0


class Time:
    """A process's clock that a rest moves on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Rest; real threads get a moment to answer."""
        threading.Event().wait(0.002)
        with self.lock:
            self.now += seconds


@dataclass
class Place:
    """A consumer that answers as it was told; `mail` goes to the far end when it is sent."""

    name: str
    far: FarEnd
    answers: list[CanaryAnswer] = field(default_factory=lambda: [Arrived()])
    mail: Sighting | None = GOOD
    sent: int = 0
    ours: bool = False  # we log in ourselves, with what it shows

    @property
    def traits(self) -> Traits:
        """A file that sends."""
        return Traits(self.name, "credential_file", "e", sends=True, reads_back=self.ours)

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """One mail."""
        assert canary.token in canary.subject
        answer = self.answers[min(self.sent, len(self.answers) - 1)]
        self.sent += 1
        if self.mail is not None and isinstance(answer, Arrived):
            self.far.mails[canary.token] = self.mail
        return answer


@dataclass
class FarEnd:
    """A mailbox; `blind` looks fail."""

    blind: int = 0
    looks: int = 0
    mails: dict[str, Sighting] = field(default_factory=dict)

    def look(self, tokens: Collection[str], deadline: Deadline) -> Mapping[str, Sighting]:
        """What lies there."""
        self.looks += 1
        if self.blind and self.looks > 1:
            self.blind -= 1
            raise RemoteFault("Gmail is away")
        return {token: self.mails[token] for token in tokens if token in self.mails}


def audited(*places: Place, far: FarEnd) -> dict[str, Result]:
    """The results by place."""
    time = Time()
    targets = [target(one) for one in places]
    results = list(send_all(targets, far, TIMEOUT_S, Clock(time.monotonic, time.sleep)))
    assert all(one.seen.is_set() for one in targets)
    return {one.target.name: one for one in results}


CASES = {
    "it lies in the mailbox": ([Arrived()], GOOD, AuditOutcome.ARRIVED, 1),
    "it lies there and came from somebody else": (
        [Arrived()], Landed((*GOOD.headers[:2], ("From", "x@y.z")), "mx.x"), AuditOutcome.WRONG, 1),
    "SES says that it was delivered": ([Arrived()], Delivered(SENDER, "250 ok"), AuditOutcome.ARRIVED, 1),
    "SES delivered it from another address": ([Arrived()], Delivered("x@y.z", "250 ok"), AuditOutcome.WRONG, 1),
    "it bounced": ([Arrived()], Bounced("550 no such user"), AuditOutcome.BOUNCED, 1),
    "it never came": ([Arrived()], None, AuditOutcome.MISSING, 1),
    "the login is refused, twice": ([LoginRefused("535")], None, AuditOutcome.REFUSED, 2),
    "refused once by chance": ([LoginRefused("535"), Arrived()], GOOD, AuditOutcome.ARRIVED, 2),
    "it could not be sent": ([Unknown("Gmail says 500")], None, AuditOutcome.UNKNOWN, 1),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "mail", "outcome", "sent"), CASES.values(), ids=CASES.keys())
def test_how_a_mail_ends(answers: list[CanaryAnswer], mail: Sighting | None, outcome: AuditOutcome, sent: int) -> None:
    """Arrival is seen at the far end only; a refusal counts when it was repeated."""
    far = FarEnd()
    place = Place("a", far, answers, mail)
    result = audited(place, far=far)["a"]
    assert (result.outcome, place.sent) == (outcome, sent)
    assert {dict(one.evidence)["consumer"] for one in result.findings} == {"a"}


def test_nothing_is_missing_before_its_time() -> None:
    """The verdict comes after the time-out, not earlier and not much later."""
    far = FarEnd()
    result = audited(Place("a", far, mail=None), far=far)["a"]
    assert TIMEOUT_S <= result.seconds <= TIMEOUT_S + 5
    assert "neither the mail nor a bounce was seen" in result.findings[0].summary


def test_a_far_end_that_nobody_can_see_is_no_missing_mail() -> None:
    """A look that fails is repeated; if the last one fails too, nothing is known, and nothing is called missing."""
    far = FarEnd(blind=3)
    assert audited(Place("a", far), far=far)["a"].outcome is AuditOutcome.ARRIVED
    far = FarEnd(blind=10_000)
    result = audited(Place("a", far), far=far)["a"]
    assert (result.outcome, "Gmail is away" in result.findings[0].summary) == (AuditOutcome.UNKNOWN, True)


def test_nothing_is_sent_if_the_far_end_cannot_be_seen_at_all() -> None:
    """A mail that nobody looks for proves nothing."""

    class Shut(FarEnd):
        """It never answers."""

        def look(self, tokens: Collection[str], deadline: Deadline) -> Mapping[str, Sighting]:
            raise RemoteFault("Gmail is away")

    far = Shut()
    place = Place("a", far)
    with pytest.raises(RemoteFault):
        audited(place, far=far)
    assert place.sent == 0


def test_one_bad_place_does_not_hold_up_the_others() -> None:
    """Each result comes when it is known: the missing one last."""
    far = FarEnd()
    places = [Place("lost", far, mail=None), *(Place(f"p{n}", far) for n in range(3 * WORKERS))]
    results = audited(*places, far=far)
    assert len(results) == len(places)
    assert list(results)[-1] == "lost"


def test_places_are_asked_side_by_side() -> None:
    """As many at once as there are workers: each waits until all of them are in."""
    far, together = FarEnd(), threading.Barrier(WORKERS, timeout=20)

    class Slow(Place):
        """It answers only once the others are asked too."""

        def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
            together.wait()
            return super().send(canary, deadline)

    results = audited(*(Slow(f"p{n}", far) for n in range(WORKERS)), far=far)
    assert {one.outcome for one in results.values()} == {AuditOutcome.ARRIVED}


OVERTAKEN = {
    "ours, it arrived: a verdict about the key of then": (True, [Arrived()], GOOD, AuditOutcome.ARRIVED, OLD),
    "ours, it never came: SES had taken it": (True, [Arrived()], None, AuditOutcome.MISSING, OLD),
    "ours, it bounced": (True, [Arrived()], Bounced("550"), AuditOutcome.BOUNCED, OLD),
    "ours, refused: under the lock, so with the key of then": (
        True, [LoginRefused("535")], None, AuditOutcome.REFUSED, OLD),
    "ours, unclear": (True, [Unknown("reset")], None, AuditOutcome.OVERTAKEN, OLD),
    "Gmail's, it arrived: with which key nobody can tell": (False, [Arrived()], GOOD, AuditOutcome.ARRIVED, ""),
    "Gmail's, refused: perhaps the key was off by then": (
        False, [LoginRefused("535")], None, AuditOutcome.OVERTAKEN, OLD),
    "Gmail's, it bounced": (False, [Arrived()], Bounced("535"), AuditOutcome.OVERTAKEN, OLD),
    "Gmail's, it never came": (False, [Arrived()], None, AuditOutcome.OVERTAKEN, OLD),
}  # fmt: skip


@pytest.mark.parametrize(("ours", "answers", "mail", "outcome", "key"), OVERTAKEN.values(), ids=OVERTAKEN.keys())
def test_a_rotation_that_moved_on_leaves_a_verdict_only_about_the_key_of_then(
    ours: bool, answers: list[CanaryAnswer], mail: Sighting | None, outcome: AuditOutcome, key: str
) -> None:
    """Nothing is concluded for or against the key that the place has now."""
    far, time = FarEnd(), Time()
    place = Place("a", far, answers, mail, ours=ours)
    one = target(place, OLD, moved=lambda: "run r was opened meanwhile")
    (result,) = send_all([one], far, TIMEOUT_S, Clock(time.monotonic, time.sleep))
    assert (result.outcome, result.target.key) == (outcome, key)
    assert "run r was opened meanwhile" in result.findings[0].summary
    assert (result.findings[0].status is CheckStatus.SKIPPED) is (outcome is AuditOutcome.OVERTAKEN)


def test_where_a_rotation_is_in_the_way_nothing_is_sent() -> None:
    """The refusal of the lock is told; nothing was tried, and no other place is kept waiting."""

    def locked() -> AbstractContextManager[Attempt]:
        raise LockHeld("locked by pid 12 on here (rotator rotate), since then, running: x")

    far, time = FarEnd(), Time()
    busy, free = Place("busy", far), Place("free", far)
    targets = [target(busy, entered=locked), target(free)]
    results = {one.target.name: one for one in send_all(targets, far, TIMEOUT_S, Clock(time.monotonic, time.sleep))}
    assert (busy.sent, results["busy"].outcome, results["busy"].tried) == (0, AuditOutcome.OVERTAKEN, False)
    assert "pid 12" in results["busy"].findings[0].summary
    assert results["free"].outcome is AuditOutcome.ARRIVED
