"""(8) grace to (11) delete: one sentence a case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core import events as ev
from rotator.core.access_keys import KeyId
from rotator.core.policy import RETRY_S
from rotator.core.steps import (
    Deactivate,
    Delete,
    Finish,
    Look,
    Observe,
    Push,
    Reactivate,
    Retired,
    SendCanary,
    VerifiedKey,
)
from tests.core.telling import (
    BOTH,
    CONFIRMED,
    DAY,
    EMERGENCY,
    END,
    FILE,
    GRACE,
    HAND,
    HOUR,
    KEYS_OFF,
    LEAKED_OLD,
    NEW,
    OFF,
    OLD,
    SURVIVED,
    Case,
    T,
    adopted,
    created,
    deactivated,
    essence,
    mail,
    off,
    on,
    opened,
    pushed,
    refuse,
    replaced,
    run,
    switched,
    told,
    verified,
    wait,
)

SEEN = {NEW: T + 5, OLD: T - 2 * DAY}  # calibrated: our own login with the new key shows
MOVED = {NEW: T + 5, OLD: T - 60}  # ... and the old key was used in the canary's quarter hour
HELD = [*OFF, *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 20) * 2]

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
        tried=frozenset({"push:gmail"}),
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
        tried=frozenset({f"deactivate:{OLD}"}),
    ),
    "off, and we hold its password: ask SES": Case(
        run(*CONFIRMED, *deactivated(GRACE)), (off(OLD), on(NEW, 0)), Observe(Look.REFUSAL, OLD), now=GRACE + 5
    ),
    "off, and we do not hold it: an hour": Case(
        run(*CONFIRMED, *deactivated(GRACE), sealed=False), (off(OLD), on(NEW, 0)), wait(9, GRACE + HOUR), now=GRACE + 5
    ),
    "SES still takes it: later, a person should know": Case(
        run(*CONFIRMED, *deactivated(GRACE)),
        (off(OLD), on(NEW, 0)),
        wait(9, GRACE + 5 + RETRY_S, urgent=True),
        now=GRACE + 5,
        tried=frozenset({f"refusal:{OLD}"}),
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
}

LAST_STRETCH = {
    "refused twice now: the old key is on again at once": Case(
        run(*HELD), KEYS_OFF, Reactivate(OLD, "gmail was refused"), now=GRACE + 30
    ),
    "a leaked key is never on again, however much it is missed": Case(
        run(*HELD, LEAKED_OLD, mode=EMERGENCY), KEYS_OFF, Push("gmail", NEW), now=GRACE + 30
    ),
    "on again, and the consumer is told again": Case(
        run(*HELD, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 40)), BOTH, Push("gmail", NEW), now=GRACE + 100
    ),
    "on again while the deactivation may still land: keep looking": Case(
        run(*HELD, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 15)), BOTH, wait(9, GRACE + 22), now=GRACE + 16
    ),
    "a deactivation without a reply landed after all: on again": Case(
        run(
            *CONFIRMED,
            *deactivated(GRACE, outcome=ev.Outcome.UNKNOWN),
            *deactivated(GRACE + 30),
            *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 40) * 2,
            *switched(ev.Effect.REACTIVATE, OLD, GRACE + 50),
        ),
        KEYS_OFF,
        Reactivate(OLD, "a late deactivation landed"),
        now=GRACE + DAY,
    ),
    "all replies were clear, so a foreign hand switched the held key off: stop": Case(
        run(*HELD, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 40)),
        KEYS_OFF,
        refuse(2, "key-switched-off"),
        now=GRACE + 2 * DAY,
    ),
    "survived: the watch": Case(run(*SURVIVED), KEYS_OFF, wait(10, END), now=GRACE + 30),
    "a day of watch: a canary": Case(run(*SURVIVED), KEYS_OFF, SendCanary("gmail", 10), now=GRACE + DAY + 20),
    "the watch is over: a last canary before the deletion": Case(
        run(*SURVIVED, *mail("gmail", at=END - HOUR)), KEYS_OFF, SendCanary("gmail", 10), now=END
    ),
    "which is not seen again: wait, a person should know": Case(
        run(*SURVIVED, *mail("gmail", ev.CanaryOutcome.UNKNOWN, END)),
        KEYS_OFF,
        wait(10, END + 60, urgent=True),
        now=END + 5,
    ),
    "which arrived: delete": Case(
        run(*SURVIVED, *mail("gmail", at=END)), KEYS_OFF, Delete(Retired(OLD, "watched out")), now=END + 5
    ),
    "the deletion failed: later": Case(
        run(*SURVIVED, *mail("gmail", at=END)),
        KEYS_OFF,
        wait(11, END + 5 + RETRY_S, urgent=True),
        now=END + 5,
        tried=frozenset({f"delete:{OLD}"}),
    ),
    "a leaked key is not watched: delete": Case(
        run(*SURVIVED, LEAKED_OLD, mode=EMERGENCY), KEYS_OFF, Delete(Retired(OLD, "compromised")), now=GRACE + 30
    ),
    "deleted: rotated": Case(
        run(*SURVIVED, *switched(ev.Effect.DELETE, OLD, END)), (on(NEW, 0),), Finish("rotated"), now=END + 5
    ),
    "a stale list still shows it: rotated all the same": Case(
        run(*SURVIVED, *switched(ev.Effect.DELETE, OLD, END)), KEYS_OFF, Finish("rotated"), now=END + 5
    ),
    "nothing to retire: rotated as soon as everybody has it": Case(
        [adopted(""), opened(""), *CONFIRMED], (on(NEW, 0),), Finish("rotated")
    ),
}


@pytest.mark.parametrize("sentence", RETIRING)
def test_the_old_key_goes_off_only_when_nobody_needs_it(sentence: str) -> None:
    """The old key waits, stands still, goes off and is asked for at SES, as the sentence says."""
    case = RETIRING[sentence]
    assert essence(case.step()) == essence(case.expected)


@pytest.mark.parametrize("sentence", LAST_STRETCH)
def test_the_old_key_is_watched_and_deleted_last(sentence: str) -> None:
    """The old key comes on again for whoever needs it, or is watched and deleted, as the sentence says."""
    case = LAST_STRETCH[sentence]
    assert essence(case.step()) == essence(case.expected)


def test_a_replaced_key_needs_a_successor_and_somebody_who_has_it() -> None:
    """The proof that permits a deactivation cannot be written without a confirmed consumer or with one key alone."""
    proof = replaced("gmail", "canary")
    with pytest.raises(ValueError, match="every consumer"):
        replace(proof, confirmed=())
    with pytest.raises(ValueError, match="another key"):
        replace(proof, successor=VerifiedKey(OLD, ("here",)))
