"""The ladder of evidence: what each rung needs, and what never reaches it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rotator.core import evidence
from rotator.core.access_keys import Instant, KeyId, LastUse
from rotator.core.evidence import Rung
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.policy import LAST_USED_LAG_S, Policy, Traits
from rotator.core.ports import Arrived, CanaryAnswer, Holding, LoginRefused, Unknown
from rotator.core.situation import Observed, Situation
from tests.core.telling import (
    ALIAS,
    BOTH,
    EMERGENCY,
    FILE,
    GMAIL,
    HAND,
    HOUR,
    NEW,
    OLD,
    WHO,
    T,
    created,
    deactivated,
    mail,
    pushed,
    run,
    told,
    verified,
)

STORE = Traits("store", "credential_file", "here", reads_back=True, sends=True)
QUARTER, LATER = 15 * 60, T + LAST_USED_LAG_S + 1
CALIBRATED: dict[str, int | None] = {NEW: T + 5, OLD: T - HOUR}


@dataclass(frozen=True)
class Ladder:
    """What happened to one consumer, and how far up that takes it."""

    consumer: Traits
    past: list[ev.Event]
    rung: Rung
    enough: bool  # for the old key to be switched off, the grace apart
    now: int = T + 60
    last_use: dict[str, int | None] = field(default_factory=dict)  # missing: the look-up failed
    holdings: dict[str, Holding] = field(default_factory=dict)
    mode: int = 0

    @property
    def situation(self) -> Situation:
        """What the rules would see."""
        uses = tuple(
            (key, LastUse(Instant(at) if at else None) if key in self.last_use else None)
            for key, at in ({NEW: None, OLD: None} | self.last_use).items()
        )
        observed = Observed(WHO, BOTH, self.now, uses, tuple(self.holdings.items()), ())
        facts = fold(run(*self.past, names=(self.consumer.name,), mode=self.mode))
        return Situation(facts, observed, Policy(WHO.user, WHO.account, (self.consumer,)), Instant(self.now))


def pasted(name: str) -> list[ev.Event]:
    """A person pasted the new credential and said so."""
    waiting = pushed(name, ev.Outcome.WAITING)
    return [*created(), *verified(), *waiting, ev.Attested(T + 9, name, NEW, "jada")]


SEEN_MAIL = [*told("gmail"), *mail("gmail")]
REFUSED_BY_SES = [*deactivated(T + HOUR), ev.OldRefused(T + HOUR + 30, OLD, seen=True)]

LADDER = {
    "not told: nothing": Ladder(GMAIL, [*created(), *verified()], Rung.NONE, enough=False),
    "told, no answer: nothing": Ladder(
        GMAIL, [*created(), *verified(), *pushed("gmail", ev.Outcome.UNKNOWN)], Rung.NONE, enough=False
    ),
    "told, refused: nothing": Ladder(
        GMAIL, [*created(), *verified(), *pushed("gmail", ev.Outcome.REFUSED)], Rung.NONE, enough=False
    ),
    "told, yes: acknowledged, which is no evidence": Ladder(GMAIL, told("gmail"), Rung.ACKNOWLEDGED, enough=False),
    "told another key: nothing": Ladder(
        GMAIL, [*created(), *verified(), *pushed("gmail", key="AKIA-ELSE")], Rung.NONE, enough=False
    ),
    "a file told, not read: acknowledged": Ladder(FILE, told("file"), Rung.ACKNOWLEDGED, enough=False),
    "a file that reports the new key: read back": Ladder(
        FILE, [*told("file"), ev.ReadBack(T, "file", NEW)], Rung.READ_BACK, enough=True
    ),
    "a file that reports the old key: no more than an answer": Ladder(
        FILE, [*told("file"), ev.ReadBack(T, "file", OLD)], Rung.ACKNOWLEDGED, enough=False
    ),
    "a file that has gone back since: not enough": Ladder(
        FILE,
        [*told("file"), ev.ReadBack(T, "file", NEW)],
        Rung.READ_BACK,
        enough=False,
        holdings={"file": KeyId(OLD)},
    ),
    "a canary through a store that was not read: a canary, and not enough": Ladder(
        STORE, [*told("store"), *mail("store")], Rung.CANARY, enough=False
    ),
    "a store that was read: enough without a canary": Ladder(
        STORE, [*told("store"), ev.ReadBack(T, "store", NEW)], Rung.READ_BACK, enough=True
    ),
    "handed over, nobody has said anything: nothing": Ladder(
        HAND, [*created(), *verified(), *pushed("hand", ev.Outcome.WAITING)], Rung.NONE, enough=False
    ),
    "a person's word where we cannot send: attested": Ladder(HAND, pasted("hand"), Rung.ATTESTED, enough=True),
    "a person's word where we can send: not enough": Ladder(ALIAS, pasted("alias"), Rung.ATTESTED, enough=False),
    "a canary before the person's word: nothing": Ladder(
        ALIAS,
        [*created(), *verified(), *pushed("alias", ev.Outcome.WAITING), *mail("alias")],
        Rung.NONE,
        enough=False,
    ),
    "a canary after it: a canary": Ladder(
        ALIAS, [*pasted("alias"), *mail("alias", at=T + 20)], Rung.CANARY, enough=True
    ),
    "a canary that arrived: a canary, whichever key sent it": Ladder(GMAIL, SEEN_MAIL, Rung.CANARY, enough=True),
    "a canary not seen again: acknowledged": Ladder(
        GMAIL, [*told("gmail"), *mail("gmail", ev.CanaryOutcome.UNKNOWN)], Rung.ACKNOWLEDGED, enough=False
    ),
    "refused once after one that arrived: still a canary": Ladder(
        GMAIL, [*SEEN_MAIL, *mail("gmail", ev.CanaryOutcome.REFUSED, T + 9)], Rung.CANARY, enough=True
    ),
    "refused twice: not enough": Ladder(
        GMAIL, [*SEEN_MAIL, *mail("gmail", ev.CanaryOutcome.REFUSED, T + 9) * 2], Rung.CANARY, enough=False
    ),
    "hours later the old key had not moved: old key still": Ladder(
        GMAIL, SEEN_MAIL, Rung.OLD_KEY_STILL, enough=True, now=LATER, last_use=CALIBRATED
    ),
    "the old key was never used at all: old key still": Ladder(
        GMAIL, SEEN_MAIL, Rung.OLD_KEY_STILL, enough=True, now=LATER, last_use={NEW: T + 5, OLD: None}
    ),
    "too early to tell: a canary": Ladder(
        GMAIL, SEEN_MAIL, Rung.CANARY, enough=True, now=LATER - 60, last_use=CALIBRATED
    ),
    "the old key moved with the canary: a canary": Ladder(
        GMAIL, SEEN_MAIL, Rung.CANARY, enough=True, now=LATER, last_use={NEW: T + 5, OLD: T - QUARTER}
    ),
    "the old key was used since, which hides the canary's trace: a canary": Ladder(
        GMAIL, SEEN_MAIL, Rung.CANARY, enough=True, now=LATER, last_use={NEW: T + 5, OLD: T + HOUR}
    ),
    "it was our own login that moved the old key, which says nothing of the canary: a canary": Ladder(
        GMAIL,
        [*SEEN_MAIL, ev.LoggedIn(T - 60, OLD, "here")],
        Rung.CANARY,
        enough=True,
        now=LATER,
        last_use={NEW: T + 5, OLD: T - 60},
    ),
    "our own login does not show, so last-used says nothing: a canary": Ladder(
        GMAIL, SEEN_MAIL, Rung.CANARY, enough=True, now=LATER, last_use={NEW: None, OLD: None}
    ),
    "our own login is not the use that shows: a canary": Ladder(
        GMAIL, SEEN_MAIL, Rung.CANARY, enough=True, now=LATER, last_use={NEW: T - HOUR, OLD: None}
    ),
    "the look-up failed: a canary": Ladder(GMAIL, SEEN_MAIL, Rung.CANARY, enough=True, now=LATER),
    "a canary before SES refused the old key: not survived": Ladder(
        GMAIL, [*SEEN_MAIL, *REFUSED_BY_SES], Rung.CANARY, enough=True, now=T + 2 * HOUR
    ),
    "a canary after SES refused the old key: survived": Ladder(
        GMAIL,
        [*SEEN_MAIL, *REFUSED_BY_SES, *mail("gmail", at=T + HOUR + 60)],
        Rung.SURVIVED,
        enough=True,
        now=T + 2 * HOUR,
    ),
    "told again after it: acknowledged, all evidence is gone": Ladder(
        GMAIL,
        [*SEEN_MAIL, *REFUSED_BY_SES, *mail("gmail", at=T + HOUR + 60), *pushed("gmail", at=T + 2 * HOUR)],
        Rung.ACKNOWLEDGED,
        enough=False,
        now=T + 2 * HOUR,
    ),
    "an emergency asks for a canary too": Ladder(GMAIL, told("gmail"), Rung.ACKNOWLEDGED, enough=False, mode=EMERGENCY),
}


@pytest.mark.parametrize("sentence", LADDER)
def test_how_far_up_the_ladder(sentence: str) -> None:
    """A consumer stands on the rung that its evidence reaches, and that is or is not enough, as the sentence says."""
    case = LADDER[sentence]
    s = case.situation
    known = s.facts.consumer(case.consumer.name)
    assert evidence.rung(s, case.consumer, known) is case.rung
    proof = evidence.confirmed(s, case.consumer, known)
    assert (proof is not None) is case.enough
    assert proof is None or proof.rung == case.rung.text


def situation(past: list[ev.Event], *consumers: Traits, now: int = T + 60) -> Situation:
    """Several consumers at once."""
    facts = fold(run(*past, names=tuple(one.name for one in consumers)))
    return Situation(facts, Observed(WHO, BOTH, now), Policy(WHO.user, WHO.account, consumers), Instant(now))


def test_one_confirmed_consumer_says_nothing_about_the_next() -> None:
    """The old key is replaced only when every consumer has its proof."""
    past = [*told("gmail", "file"), *mail("gmail")]
    assert evidence.replaced(situation(past, GMAIL, FILE)) is None
    proof = evidence.replaced(situation([*past, ev.ReadBack(T, "file", NEW)], GMAIL, FILE))
    assert proof is not None
    assert [one.name for one in proof.confirmed] == ["gmail", "file"]


def test_nothing_is_replaced_while_a_push_may_still_land() -> None:
    """All evidence counts only after the drain."""
    past = [
        *told("gmail"),
        *pushed("gmail", ev.Outcome.UNKNOWN, T + 50),
        *pushed("gmail", at=T + 51),
        *mail("gmail", at=T + 52),
    ]
    assert evidence.replaced(situation(past, GMAIL, now=T + 60)) is None
    assert evidence.replaced(situation(past, GMAIL, now=T + 72)) is not None


def test_nothing_is_replaced_by_a_key_that_never_logged_in_everywhere() -> None:
    """A key verified at one endpoint is not verified for a consumer of another."""
    abroad = Traits("abroad", "gmail_send_as", "there", sends=True)
    past = [*told("gmail", "abroad"), *mail("gmail"), *mail("abroad")]
    assert evidence.replaced(situation(past, GMAIL, abroad)) is None
    everywhere = [*past, ev.Verified(T, NEW, "there")]
    assert evidence.replaced(situation(everywhere, GMAIL, abroad)) is not None


def test_without_an_old_key_nothing_is_replaced() -> None:
    """There is no proof that permits switching off nothing."""
    s = situation(told("gmail"), GMAIL)
    assert evidence.replaced(Situation(s.facts.with_run(old=""), s.observed, s.policy, s.now)) is None


def test_the_grace_counts_from_the_last_consumer() -> None:
    """It begins when the slowest of them was told, confirmed or heard from."""
    past = [*told("gmail", "file"), *mail("gmail", at=T + 500), *mail("gmail", at=T + 9000)]
    assert evidence.grace_from(situation(past, GMAIL, FILE)) == T + 500


def test_the_rungs_are_written_as_everybody_reads_them() -> None:
    """Status, report and JSON show the same words, lowest first."""
    assert [rung.text for rung in Rung] == [
        "none",
        "acknowledged",
        "attested",
        "read_back",
        "canary",
        "old_key_still",
        "survived",
    ]


NO, YES, NOBODY_KNOWS = LoginRefused("535"), Arrived(), Unknown("")
ASKED: dict[str, tuple[list[CanaryAnswer], bool, CanaryAnswer]] = {
    "it arrived": ([YES], False, YES),
    "unknown is no reason to ask again here": ([NOBODY_KNOWS], False, NOBODY_KNOWS),
    "a bad day": ([NO, YES], False, YES),
    "refused twice": ([NO, NO], False, NO),
    "refused, and nobody needs to know any more": ([NO], True, NO),
}


@pytest.mark.parametrize(("answers", "over", "answer"), ASKED.values(), ids=ASKED.keys())
def test_a_refused_mail_is_sent_once_more(answers: list[CanaryAnswer], over: bool, answer: CanaryAnswer) -> None:
    """A right password is refused now and then: only the second refusal counts."""
    left = iter(answers)
    assert evidence.asked_again(lambda: next(left), lambda: over) == answer
    assert list(left) == []


INTENTS = {
    "a doctor that was killed at its login then: nobody knows whose use it was": (T - 60, None),
    "an audit mail of long before explains nothing": (T - HOUR, True),
    "nothing was intended": (0, True),
}


@pytest.mark.parametrize(("intended", "moved"), INTENTS.values(), ids=INTENTS.keys())
def test_a_login_that_was_only_intended_may_have_moved_the_old_key(
    intended: int, *, moved: bool | None
) -> None:
    """A use near it is no sign that a place still sends with the old key; it does not calibrate anything either."""
    intents = [ev.LoginIntended(intended, OLD, "here", intended + 20)] if intended else []
    used: dict[str, int | None] = {NEW: T + 5, OLD: T - 60}
    s = Ladder(GMAIL, [*SEEN_MAIL, *intents], Rung.CANARY, enough=True, now=LATER, last_use=used).situation
    assert evidence.old_key_moved(s, s.facts.consumer("gmail")) is moved
    assert not evidence.own_login(s, LastUse(Instant(T - 60)))
