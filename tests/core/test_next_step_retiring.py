"""(8) grace and (9) deactivate: one sentence a case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.history import events as ev
from rotator.core.policy import RETRY_S
from rotator.core.situation import Act, Tried
from rotator.core.steps import (
    Deactivate,
    Look,
    Observe,
    Push,
    Reactivate,
    SendCanary,
    VerifiedKey,
)
from tests.core.telling import (
    BOTH,
    CONFIRMED,
    DAY,
    FILE,
    GRACE,
    HAND,
    HOUR,
    KEYS_OFF,
    NEW,
    OLD,
    Case,
    T,
    created,
    deactivated,
    essence,
    mail,
    off,
    on,
    pushed,
    replaced,
    run,
    told,
    verified,
    wait,
)

SEEN = {NEW: T + 5, OLD: T - 2 * DAY}  # calibrated: our own login with the new key shows
MOVED = {NEW: T + 5, OLD: T - 60}  # ... and the old key was used in the canary's quarter hour

RETIRING = {
    "confirmed: the grace": Case(run(*CONFIRMED), BOTH, wait(8, GRACE)),
    "the grace counts from the person's word": Case(
        run(
            *created(),
            *verified(),
            *pushed("hand", ev.Outcome.WAITING),
            ev.Attested(T + 5 * DAY, "hand", NEW, "jada"),
            names=("hand",),
        ),
        BOTH,
        wait(8, GRACE + 5 * DAY),
        now=T + 6 * DAY,
        consumers=(HAND,),
    ),
    "the grace over: when were the keys last used?": Case(
        run(*CONFIRMED), BOTH, Observe(Look.LAST_USE, NEW), now=GRACE
    ),
    "last-used cannot be told: wait": Case(
        run(*CONFIRMED), BOTH, wait(8, GRACE + RETRY_S, urgent=True), now=GRACE, last_use={NEW: -1, OLD: T - DAY}
    ),
    "calibrated, and the old key stood still: off": Case(
        run(*CONFIRMED), BOTH, Deactivate(replaced("gmail", "old_key_still")), now=GRACE, last_use=SEEN
    ),
    "uncalibrated, so last-used says nothing: off after the grace": Case(
        run(*CONFIRMED), BOTH, Deactivate(replaced("gmail", "canary")), now=GRACE, last_use={NEW: None, OLD: None}
    ),
    "the old key was used in the canary's quarter hour: a second canary": Case(
        run(*CONFIRMED), BOTH, SendCanary("gmail", 7), now=T + 5 * HOUR, last_use=MOVED
    ),
    "and again: the consumer is told again": Case(
        run(*CONFIRMED, *mail("gmail", at=T + 5 * HOUR)),
        BOTH,
        Push("gmail", NEW),
        now=T + 10 * HOUR,
        last_use={NEW: T + 5, OLD: T + 5 * HOUR},
    ),
    "used within the quiet time: it must stand still first": Case(
        run(*CONFIRMED),
        BOTH,
        wait(8, T - 2 * HOUR + DAY),
        now=T + 5 * HOUR,
        grace=HOUR,
        last_use={NEW: T + 5, OLD: T - 2 * HOUR},
    ),
    "used after everybody was confirmed: who cannot be read back is told again": Case(
        run(*CONFIRMED), BOTH, Push("gmail", NEW), now=GRACE, last_use={NEW: T + 5, OLD: GRACE - HOUR}
    ),
    "told again and still used: wait, a person should know": Case(
        run(*CONFIRMED),
        BOTH,
        wait(8, GRACE - HOUR + DAY, urgent=True),
        now=GRACE,
        last_use={NEW: T + 5, OLD: GRACE - HOUR},
        tried=frozenset({Tried(Act.PUSH, "gmail")}),
    ),
    "it was our own login that moved it: off": Case(
        run(*CONFIRMED, ev.LoggedIn(GRACE - HOUR, OLD, "here")),
        BOTH,
        Deactivate(replaced("gmail", "canary")),
        now=GRACE,
        last_use={NEW: T + 5, OLD: GRACE - HOUR},
    ),
    "the deactivation failed: later": Case(
        run(*CONFIRMED, *deactivated(GRACE, outcome=ev.Outcome.REFUSED)),
        BOTH,
        wait(9, GRACE + 100 + RETRY_S, urgent=True),
        now=GRACE + 100,
        last_use=SEEN,
        tried=frozenset({Tried(Act.DEACTIVATE, OLD)}),
    ),
    "off, and we hold its password: ask SES": Case(
        run(*CONFIRMED, *deactivated(GRACE)), (off(OLD), on(NEW, 0)), Observe(Look.REFUSAL, OLD), now=GRACE + 5
    ),
    "off, and we do not hold it: a canary tells whether somebody needs it": Case(
        run(*CONFIRMED, *deactivated(GRACE), sealed=False), KEYS_OFF, SendCanary("gmail", 9), now=GRACE + 5
    ),
    "which arrived, and proves nothing yet: an hour": Case(
        run(*CONFIRMED, *deactivated(GRACE), *mail("gmail", at=GRACE + 5), sealed=False),
        KEYS_OFF,
        wait(9, GRACE + HOUR),
        now=GRACE + 9,
    ),
    "which was not seen again: until it may be repeated": Case(
        run(*CONFIRMED, *deactivated(GRACE), *mail("gmail", ev.CanaryOutcome.UNKNOWN, GRACE + 5), sealed=False),
        KEYS_OFF,
        wait(9, GRACE + 65),
        now=GRACE + 9,
    ),
    "which was refused: again at once, refused counts only twice": Case(
        run(*CONFIRMED, *deactivated(GRACE), *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 5), sealed=False),
        KEYS_OFF,
        SendCanary("gmail", 9),
        now=GRACE + 9,
    ),
    "SES still takes it: a canary all the same": Case(
        run(*CONFIRMED, *deactivated(GRACE)),
        KEYS_OFF,
        SendCanary("gmail", 9),
        now=GRACE + 5,
        tried=frozenset({Tried(Act.REFUSAL, OLD)}),
    ),
    "and another every hour": Case(
        run(*CONFIRMED, *deactivated(GRACE), *mail("gmail", at=GRACE + 5)),
        KEYS_OFF,
        SendCanary("gmail", 9),
        now=GRACE + 5 + HOUR,
        tried=frozenset({Tried(Act.REFUSAL, OLD)}),
    ),
    "it arrived while SES still takes it: later, a person should know": Case(
        run(*CONFIRMED, *deactivated(GRACE), *mail("gmail", at=GRACE + 5)),
        (off(OLD), on(NEW, 0)),
        wait(9, GRACE + 5 + RETRY_S, urgent=True),
        now=GRACE + 5,
        tried=frozenset({Tried(Act.REFUSAL, OLD)}),
    ),
    "SES refuses it: a canary now proves the switch": Case(
        run(*CONFIRMED, *deactivated(GRACE), ev.OldRefused(GRACE + 9, OLD, seen=True)),
        (off(OLD), on(NEW, 0)),
        SendCanary("gmail", 9),
        now=GRACE + 10,
    ),
    "a file's own key switched back: the old key is needed, on again": Case(
        run(
            *told("file"),
            ev.ReadBack(T, "file", NEW),
            *deactivated(GRACE),
            ev.OldRefused(GRACE, OLD, seen=True),
            names=("file",),
        ),
        (off(OLD), on(NEW, 0)),
        Reactivate(OLD, "file holds the old key again"),
        now=GRACE + DAY,
        consumers=(FILE,),
        holdings={"file": KeyId(OLD)},
    ),
    "a deactivation of ours without a reply explains why it is Inactive: repeat it": Case(
        run(*CONFIRMED, *deactivated(GRACE, outcome=ev.Outcome.UNKNOWN)),
        KEYS_OFF,
        Deactivate(replaced("gmail", "old_key_still")),
        now=GRACE + HOUR,
        last_use=SEEN,
    ),
    "last-used lags, so the newest canary's trace is waited for": Case(
        run(*CONFIRMED, *mail("gmail", at=GRACE - HOUR)), BOTH, wait(8, GRACE + 3 * HOUR), now=GRACE, last_use=SEEN
    ),
    "a file leaves no trace to wait for: off": Case(
        run(*told("file", at=GRACE - HOUR), ev.ReadBack(GRACE, "file", NEW), names=("file",)),
        BOTH,
        Deactivate(replaced("file", "read_back")),
        now=GRACE,
        grace=60,
        consumers=(FILE,),
        holdings={"file": KeyId(NEW)},
        last_use={NEW: GRACE - HOUR, OLD: T - DAY},
    ),
    "our own login was another day, so it was somebody else: who cannot be read back is told again": Case(
        run(*CONFIRMED, ev.LoggedIn(T + 60, OLD, "here")),
        BOTH,
        Push("gmail", NEW),
        now=GRACE,
        last_use={NEW: T + 5, OLD: GRACE - HOUR},
    ),
    "used in the quarter hour of the last confirmation: still before it, for all we know": Case(
        run(*told("file"), ev.ReadBack(T, "file", NEW), names=("file",)),
        BOTH,
        wait(8, T + 600 + DAY),
        now=T + 5 * HOUR,
        grace=60,
        consumers=(FILE,),
        holdings={"file": KeyId(NEW)},
        last_use={NEW: T + 5, OLD: T + 600},
    ),
    "used after a file was read back: nothing to tell it, a person should know": Case(
        run(*told("file"), ev.ReadBack(T, "file", NEW), names=("file",)),
        BOTH,
        wait(8, T + HOUR + DAY, urgent=True),
        now=T + 5 * HOUR,
        grace=60,
        consumers=(FILE,),
        holdings={"file": KeyId(NEW)},
        last_use={NEW: T + 5, OLD: T + HOUR},
    ),
}


@pytest.mark.parametrize("sentence", RETIRING)
def test_the_old_key_goes_off_only_when_nobody_needs_it(sentence: str) -> None:
    """The old key waits, stands still, goes off and is asked for at SES, as the sentence says."""
    case = RETIRING[sentence]
    assert essence(case.step()) == essence(case.expected)


def test_a_replaced_key_needs_a_successor_and_somebody_who_has_it() -> None:
    """The proof that permits a deactivation cannot be written without a confirmed consumer or with one key alone."""
    proof = replaced("gmail", "canary")
    with pytest.raises(ValueError, match="every consumer"):
        replace(proof, confirmed=())
    with pytest.raises(ValueError, match="another key"):
        replace(proof, successor=VerifiedKey(OLD, ("here",)))
