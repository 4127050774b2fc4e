"""(9) from the switch-off on, (10) watch, (11) delete: one sentence a case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.history import events as ev
from rotator.core.policy import RETRY_S
from rotator.core.situation import Act, Tried
from rotator.core.steps import (
    Delete,
    Finish,
    Push,
    Reactivate,
    Retired,
    SendCanary,
    Verify,
)
from tests.core.telling import (
    BOTH,
    CONFIRMED,
    DAY,
    EMERGENCY,
    END,
    GMAIL,
    GRACE,
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
    on,
    opened,
    refuse,
    run,
    switched,
    wait,
)

MAY_LAND = [
    *CONFIRMED,
    *deactivated(GRACE, outcome=ev.Outcome.UNKNOWN),
    *deactivated(GRACE + 30, outcome=ev.Outcome.UNKNOWN),
    *deactivated(GRACE + 35),
    *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 40) * 2,
]
CHANGED = replace(GMAIL, endpoint="new", server="new")
OFF_THERE = [
    *created(),
    ev.Verified(T, NEW, "here", "old"),
    ev.PushIntended(T, "gmail", NEW, T + 21, server="old"),
    ev.PushSettled(T, "gmail", NEW, ev.Outcome.DONE),
    *mail("gmail"),
    *deactivated(GRACE),
    ev.OldRefused(GRACE + 9, OLD, seen=True),
]
HELD = [*OFF, *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 20) * 2]


LAST_STRETCH = {
    "refused twice now: the old key is on again at once": Case(
        run(*HELD), KEYS_OFF, Reactivate(OLD, "gmail was refused"), now=GRACE + 30
    ),
    "a leaked key is never on again, however much it is missed": Case(
        run(*HELD, LEAKED_OLD, mode=EMERGENCY), KEYS_OFF, Push("gmail", NEW), now=GRACE + 30
    ),
    "its endpoint was changed while the old key is off: proven there, then told": Case(
        run(*OFF_THERE), KEYS_OFF, Verify(NEW, "new"), now=GRACE + 30, consumers=(CHANGED,)
    ),
    "the new endpoint does not take the key: who may need the old one is asked all the same": Case(
        run(*OFF_THERE),
        KEYS_OFF,
        SendCanary("gmail", 9),
        now=GRACE + 30,
        consumers=(CHANGED,),
        tried=frozenset({Tried(Act.VERIFY, "new")}),
    ),
    "nor when its region has no password": Case(
        run(*OFF_THERE),
        KEYS_OFF,
        SendCanary("gmail", 9),
        now=GRACE + 30,
        consumers=(CHANGED,),
        tried=frozenset({Tried(Act.UNSEAL, "new")}),
    ),
    "the old password is for another region: an hour passes, as if it were not known": Case(
        run(*CONFIRMED, *deactivated(GRACE), *mail("gmail", at=GRACE + 9)),
        KEYS_OFF,
        wait(9, GRACE + HOUR),
        now=GRACE + 30,
        tried=frozenset({Tried(Act.UNSEAL, OLD)}),
    ),
    "on again, and the consumer is told again": Case(
        run(*HELD, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 40)), BOTH, Push("gmail", NEW), now=GRACE + 100
    ),
    "on again while an unclear deactivation may still land: keep looking": Case(
        run(*MAY_LAND, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 40)), BOTH, wait(9, GRACE + 52), now=GRACE + 41
    ),
    "it landed right after: wait for the end of that switch, then look": Case(
        run(*MAY_LAND, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 40)),
        KEYS_OFF,
        wait(9, GRACE + 62, urgent=True),
        now=GRACE + 50,
        tried=frozenset({Tried(Act.REACTIVATE, OLD)}),
    ),
    "it is still off then: on again, somebody goes without mail": Case(
        run(*MAY_LAND, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 40)),
        KEYS_OFF,
        Reactivate(OLD, "a late deactivation landed"),
        now=GRACE + 62,
        tried=frozenset({Tried(Act.REACTIVATE, OLD)}),
    ),
    "IAM does not do it for a quarter hour: the next process goes on": Case(
        run(*MAY_LAND, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 40, ev.Outcome.UNKNOWN)),
        KEYS_OFF,
        wait(9, GRACE + HOUR + 60, urgent=True),
        now=GRACE + HOUR,
        tried=frozenset({Tried(Act.REACTIVATE, OLD)}),
    ),
    "a canary after the deactivation not seen again: after a while": Case(
        run(*OFF, *mail("gmail", ev.CanaryOutcome.UNKNOWN, GRACE + 20)), KEYS_OFF, wait(9, GRACE + 80), now=GRACE + 30
    ),
    "not seen again for a day: a person should know": Case(
        run(*OFF, *mail("gmail", ev.CanaryOutcome.UNKNOWN, GRACE + DAY) * 2),
        KEYS_OFF,
        wait(9, GRACE + DAY + 300, urgent=True),
        now=GRACE + DAY + 30,
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
        tried=frozenset({Tried(Act.DELETE, OLD)}),
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


@pytest.mark.parametrize("sentence", LAST_STRETCH)
def test_the_old_key_is_watched_and_deleted_last(sentence: str) -> None:
    """The old key comes on again for whoever needs it, or is watched and deleted, as the sentence says."""
    case = LAST_STRETCH[sentence]
    assert essence(case.step()) == essence(case.expected)
