"""(2) what is there: whom we act on, which keys, and whose they are - one sentence a case."""

from __future__ import annotations

import pytest

from rotator.core.access_keys import Identity
from rotator.core.history import events as ev
from rotator.core.policy import LIST_LAG_S, RETRY_S
from rotator.core.situation import Act, Tried
from rotator.core.steps import (
    Ask,
    Create,
    Discard,
    Finish,
    Forget,
    Look,
    Observe,
    Orphan,
    Preflight,
    Reactivate,
    Revoke,
    Verify,
)
from tests.core.telling import (
    BOTH,
    CONFIRMED,
    DAY,
    EMERGENCY,
    END,
    GRACE,
    HOUR,
    KEYS_OFF,
    LEAKED_NEW,
    LEAKED_OLD,
    NEW,
    OLD,
    OTHER,
    SURVIVED,
    THIRD,
    WHO,
    Case,
    T,
    adopted,
    created,
    deactivated,
    essence,
    intended,
    off,
    on,
    opened,
    refuse,
    run,
    switched,
    told,
    unclear,
    verified,
    wait,
)

SURVEY = {
    "nothing seen yet: ask who the user is": Case(run(), None, Observe(Look.IDENTITY), identity=None),
    "another user of that name: refuse": Case(
        run(), None, refuse(2, "wrong-user"), identity=Identity(WHO.account, WHO.user, "AIDA-RECREATED")
    ),
    "another account: refuse": Case(
        run(), None, refuse(2, "wrong-user"), identity=Identity("999999999999", WHO.user, WHO.user_id)
    ),
    "no key list yet: ask for it": Case(run(), None, Observe(Look.KEYS)),
    "a key list older than a minute: ask again": Case(run(), (on(OLD),), Observe(Look.KEYS), keys_age=61),
    "AWS's clock is an hour behind the journal: refuse": Case(
        run(), (on(OLD),), refuse(2, "clock-behind-journal"), now=T - HOUR
    ),
    "no run: nothing is open": Case([adopted()], (on(OLD),), Finish("nothing open")),
    "two Active keys, one neither adopted nor ours: refuse": Case(
        run(), (on(OLD), on(OTHER)), refuse(2, "strangers-key")
    ),
    "a stranger's Inactive key: refuse as well": Case(run(), (on(OLD), off(OTHER)), refuse(2, "strangers-key")),
    "a restored journal, whose key is gone and a newer one is there: stop": Case(
        [adopted()], (on(OTHER, -DAY),), refuse(2, "journal-behind"), now=T + 2 * DAY
    ),
    "the same after an audit through a place that holds the newer key: still stop": Case(
        [
            adopted(),
            ev.LoginIntended(T + 2 * DAY, OTHER, "here", T + 2 * DAY + 21, "gmail"),
            ev.LoggedIn(T + 2 * DAY, OTHER, "here"),
        ],
        (on(OTHER, -DAY),),
        refuse(2, "journal-behind"),
        now=T + 3 * DAY,
    ),
    "the same after the password of the dead key was handed out once more: still stop": Case(
        [adopted(), ev.Revealed(T + 2 * DAY, "gmail", OLD, "jada")],
        (on(OTHER, -DAY),),
        refuse(2, "journal-behind"),
        now=T + 3 * DAY,
    ),
    "a consumer that may hold our key is no longer in the file: refuse": Case(
        run(names=("gmail", "relay")), (on(OLD),), refuse(2, "consumer-not-in-file")
    ),
    "the same after a person's word that it holds nothing: go on": Case(
        run(ev.Forgotten(T, "relay", "switched off in May"), names=("gmail", "relay")),
        (on(OLD),),
        Preflight(),
        preflight=None,
    ),
    "the new key is not listed: ask IAM for the key itself": Case(
        run(*told("gmail")), (on(OLD),), Observe(Look.LAST_USE, NEW), now=T + 10 * HOUR
    ),
    "the new key is not listed, but IAM knows it: the list is wrong, wait": Case(
        run(*told("gmail")), (on(OLD),), wait(2, T + 11 * HOUR, urgent=True), now=T + 10 * HOUR, last_use={NEW: T + 5}
    ),
    "somebody deleted the new key, which IAM knows no more: record it as lost": Case(
        run(*told("gmail")), (on(OLD),), Forget(NEW), now=T + 10 * HOUR, last_use={NEW: -1}, absent=frozenset({NEW})
    ),
    "the new key is not listed, and the look-up failed: that is not absence, wait": Case(
        run(*told("gmail")), (on(OLD),), wait(2, T + 11 * HOUR, urgent=True), now=T + 10 * HOUR, last_use={NEW: -1}
    ),
    "IAM denies to speak of the key that is not listed: ask whether it speaks of another": Case(
        run(*told("gmail")),
        (on(OLD),),
        Observe(Look.LAST_USE, OLD),
        now=T + 10 * HOUR,
        last_use={NEW: -1},
        denied=frozenset({NEW}),
    ),
    "IAM speaks of another key, and denies to speak of the one that is not listed: it is lost": Case(
        run(*told("gmail")),
        (on(OLD),),
        Forget(NEW),
        now=T + 10 * HOUR,
        last_use={NEW: -1, OLD: None},
        denied=frozenset({NEW}),
    ),
    "IAM speaks of no key, because the permission is missing: wait": Case(
        run(*told("gmail")),
        (on(OLD),),
        wait(2, T + 11 * HOUR, urgent=True),
        now=T + 10 * HOUR,
        last_use={NEW: -1, OLD: -1},
        denied=frozenset({NEW, OLD}),
    ),
    "somebody deleted the old key, which IAM knows no more: record it as lost": Case(
        run(*told("gmail")), (on(NEW, 0),), Forget(OLD), now=T + 10 * HOUR, last_use={OLD: -1}, absent=frozenset({OLD})
    ),
    "a young list without the new key says nothing: go on with it": Case(
        run(*created()), (on(OLD),), Verify(NEW, "here"), now=T + 10
    ),
    "somebody switched the new key off: push nothing more, stop": Case(
        run(*created(), *verified()), (on(OLD), off(NEW, 0)), refuse(2, "key-switched-off"), now=T + HOUR
    ),
    "somebody switched the old key off before we did: stop": Case(
        run(*told("gmail")), (off(OLD), on(NEW, 0)), refuse(2, "key-switched-off"), now=T + HOUR
    ),
    "somebody switched the old key on in its watch: stop": Case(
        run(*CONFIRMED, *deactivated(T + 4 * DAY)), BOTH, refuse(2, "key-switched-on"), now=T + 5 * DAY
    ),
    "a leaked key is on again: off with it": Case(
        run(*CONFIRMED, *deactivated(T + DAY), LEAKED_OLD, mode=EMERGENCY), BOTH, Revoke(OLD), now=T + 2 * DAY
    ),
    "a leaked new key is on again: off with it": Case(
        run(*told("gmail"), LEAKED_NEW, *deactivated(T + HOUR, NEW), mode=EMERGENCY), BOTH, Revoke(NEW), now=T + DAY
    ),
    "a stranger comes when nothing is left to retire: finish, it only bars what would need its slot": Case(
        run(*SURVIVED, *switched(ev.Effect.DELETE, OLD, END)),
        (on(NEW, 0), on(OTHER, 0)),
        Finish("rotated"),
        now=END + 5,
    ),
    "a key that went without us is listed again: it is named, and no other is made beside it": Case(
        run(*created(), ev.Lost(T + 100, NEW)), BOTH, refuse(2, "key-came-back"), now=T + HOUR
    ),
    "the old key went in an incident, and a list that lags shows it once more: the new one is made": Case(
        run(ev.Lost(T + 100, OLD), mode=EMERGENCY), (on(OLD),), Create((OLD,)), now=T + 100 + LIST_LAG_S
    ),
    "a second later that is no lag any more": Case(
        run(ev.Lost(T + 100, OLD), mode=EMERGENCY), (on(OLD),), refuse(2, "key-came-back"), now=T + 101 + LIST_LAG_S
    ),
    "the same, and an unclear create could have borne it: all the same it is not discarded": Case(
        run(*unclear(OLD), *created(T + 30), ev.Lost(T + 130, NEW)),
        (on(OLD), on(NEW, -30)),
        refuse(2, "key-came-back"),
        now=T + HOUR,
        last_use={NEW: None},
    ),
    "the same, and a person called it nobody's: it was ours once, so somebody may have it": Case(
        run(*unclear(OLD), *created(T + 30), ev.Lost(T + 130, NEW), ev.Disowned(T + 200, NEW, "nobody's")),
        (on(OLD), on(NEW, -30)),
        refuse(2, "key-came-back"),
        now=T + HOUR,
        last_use={NEW: None},
    ),
    "a new key that everybody had is gone while the old one is off, and a stale list shows it: first the old key": Case(
        run(*SURVIVED, ev.Lost(GRACE + DAY, NEW)),
        KEYS_OFF,
        Reactivate(OLD, "its successor is gone"),
        now=GRACE + DAY + 60,
    ),
    "a lost old key is back when nothing is left to retire: it only bars what would need its slot": Case(
        run(*CONFIRMED, ev.Lost(T + 100, OLD)), BOTH, Finish("rotated"), now=T + HOUR
    ),
    "a key that we deleted, in a list that is stale: as if it were not there": Case(
        run(*created(), *switched(ev.Effect.DEACTIVATE, NEW, T + 9), *switched(ev.Effect.DELETE, NEW, T + 40)),
        BOTH,
        Create((OLD,)),
        now=T + HOUR,
    ),
    "a key that our deletion without an answer took, in a list that is stale: the same": Case(
        run(
            *created(),
            *switched(ev.Effect.DEACTIVATE, NEW, T + 9),
            *switched(ev.Effect.DELETE, NEW, T + 40, ev.Outcome.UNKNOWN),
            ev.Lost(T + 300, NEW),
        ),
        BOTH,
        Create((OLD,)),
        now=T + HOUR,
    ),
    "our key is gone and a stranger's older than the journal is there: a stranger's, not a restored journal": Case(
        [adopted()], (on(OTHER, 5 * DAY),), refuse(2, "strangers-key")
    ),
}

ORPHANS = {
    "one new key in the window of an unclear create: was it ever used?": Case(
        run(*unclear(OLD)), (on(OLD), on(OTHER, -5)), Observe(Look.LAST_USE, OTHER)
    ),
    "never used, and nobody else creates keys: it is ours, off with it": Case(
        run(*unclear(OLD)),
        (on(OLD), on(OTHER, -5)),
        Discard(Orphan(OTHER), active=True),
        last_use={OTHER: None},
    ),
    "the same, others may create: ask, touch nothing": Case(
        run(*unclear(OLD)),
        (on(OLD), on(OTHER, -5)),
        Ask(4, "whose-key", (OTHER,), ""),
        sole_creator=False,
        last_use={OTHER: None},
    ),
    "the same, a person says it is nobody's: off with it": Case(
        run(*unclear(OLD), ev.Disowned(T + 50, OTHER, "asked everybody")),
        (on(OLD), on(OTHER, -5)),
        Discard(Orphan(OTHER), active=True),
        sole_creator=False,
        last_use={OTHER: None},
    ),
    "killed between create and record: the same orphan": Case(
        run(intended(OLD)),
        (on(OLD), on(OTHER, -5)),
        Discard(Orphan(OTHER), active=True),
        last_use={OTHER: None},
    ),
    "it was used, so somebody has its secret: a stranger's": Case(
        run(*unclear(OLD)), (on(OLD), on(OTHER, -5)), refuse(2, "strangers-key"), last_use={OTHER: T + 30}
    ),
    "whether it was used is unknown: wait, unknown is not unused": Case(
        run(*unclear(OLD)),
        (on(OLD), on(OTHER, -5)),
        wait(4, T + 60 + RETRY_S, urgent=True),
        last_use={OTHER: -1},
    ),
    "it is older than the create: a stranger's": Case(
        run(*unclear(OLD)), (on(OLD), on(OTHER, 2 * HOUR)), refuse(2, "strangers-key"), last_use={OTHER: None}
    ),
    "it is younger than the create can be: a stranger's": Case(
        run(*unclear(OLD)),
        (on(OLD), on(OTHER, -HOUR)),
        refuse(2, "strangers-key"),
        now=T + 2 * HOUR,
        last_use={OTHER: None},
    ),
    "younger than the window, but a person says it is nobody's: off with it": Case(
        run(*unclear(OLD), ev.Disowned(T + HOUR, OTHER, "asked everybody")),
        (on(OLD), on(OTHER, -HOUR)),
        Discard(Orphan(OTHER), active=True),
        now=T + 2 * HOUR,
        last_use={OTHER: None},
    ),
    "it was listed before the create: a stranger's": Case(
        run(*unclear(OLD, OTHER)), (on(OLD), on(OTHER, -5)), refuse(2, "strangers-key"), last_use={OTHER: None}
    ),
    "two unknown keys, one of them can be ours: touch neither": Case(
        [adopted(""), opened(""), *unclear()], (on(OTHER, -5), on(THIRD, -6)), refuse(2, "strangers-key")
    ),
    "an orphan that is off already: delete it": Case(
        run(*unclear(OLD), *switched(ev.Effect.DEACTIVATE, OTHER, T + 50, born=T + 5)),
        (on(OLD), off(OTHER, -5)),
        Discard(Orphan(OTHER), active=False),
        last_use={OTHER: None},
    ),
    "an orphan that could not be discarded: later": Case(
        run(*unclear(OLD)),
        (on(OLD), on(OTHER, -5)),
        wait(4, T + 60 + RETRY_S, urgent=True),
        last_use={OTHER: None},
        tried=frozenset({Tried(Act.DISCARD, OTHER)}),
    ),
    "an orphan that appears after an abort, with no run open: off with it": Case(
        run(*unclear(OLD), ev.AbortAsked(T + 30, "no"), ev.RunFinished(T + 31, "run", "aborted")),
        (on(OLD), on(OTHER, -5)),
        Discard(Orphan(OTHER), active=True),
        last_use={OTHER: None},
    ),
    "a stale list still shows a switched-off orphan as Active: delete it, whoever deletes looks again": Case(
        run(*unclear(OLD), *switched(ev.Effect.DEACTIVATE, OTHER, T + 50, born=T + 5)),
        (on(OLD), on(OTHER, -5)),
        Discard(Orphan(OTHER), active=False),
        last_use={OTHER: None},
    ),
}


@pytest.mark.parametrize("sentence", SURVEY)
def test_what_is_there_decides(sentence: str) -> None:
    """Identity, keys and holders are judged before anything is done, as the sentence says."""
    case = SURVEY[sentence]
    assert essence(case.step()) == essence(case.expected)


@pytest.mark.parametrize("sentence", ORPHANS)
def test_an_unknown_key_is_judged_by_its_provenance(sentence: str) -> None:
    """A key that may come of an unclear create is discarded, asked about or left alone, as the sentence says."""
    case = ORPHANS[sentence]
    assert essence(case.step()) == essence(case.expected)
