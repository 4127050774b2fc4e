"""Leaked keys and aborted runs: one sentence a case."""

from __future__ import annotations

import pytest

from rotator.core.history import events as ev
from rotator.core.situation import Act, Tried
from rotator.core.steps import (
    Ask,
    Create,
    Deactivate,
    Delete,
    Discard,
    Finish,
    OwnUnpushed,
    Retired,
    Revoke,
)
from tests.core.telling import (
    BOTH,
    CONFIRMED,
    DAY,
    EMERGENCY,
    END,
    FILE,
    GMAIL,
    GRACE,
    HAND,
    HOUR,
    KEYS_OFF,
    LEAKED_NEW,
    LEAKED_OLD,
    NEW,
    OLD,
    REVOKE_FIRST,
    SURVIVED,
    Case,
    T,
    created,
    deactivated,
    essence,
    off,
    on,
    pushed,
    replaced,
    run,
    switched,
    told,
    verified,
    wait,
)

INCIDENTS = {
    "revoke first: off with it, before anything is even looked at": Case(
        run(LEAKED_OLD, mode=REVOKE_FIRST), None, Revoke(OLD), identity=None
    ),
    "the revoke failed: go on, the next process tries again": Case(
        run(LEAKED_OLD, mode=REVOKE_FIRST), (on(OLD),), Create((OLD,)), tried=frozenset({Tried(Act.REVOKE, OLD)})
    ),
    "revoked: create": Case(run(LEAKED_OLD, *deactivated(T), mode=REVOKE_FIRST), (off(OLD),), Create((OLD,))),
    "an emergency before the create: no different from any run": Case(
        run(LEAKED_OLD, mode=EMERGENCY), (on(OLD),), Create((OLD,))
    ),
    "an emergency has no grace: off as soon as a canary arrived": Case(
        run(*CONFIRMED, LEAKED_OLD, mode=EMERGENCY), BOTH, Deactivate(replaced("gmail", "canary"))
    ),
    "an emergency that a person keeps open: ask, the leaked key is Active": Case(
        run(*created(), *verified(), *pushed("hand", ev.Outcome.WAITING), LEAKED_OLD, names=("hand",), mode=EMERGENCY),
        BOTH,
        Ask(7, "hand-over", ("hand",), ""),
        consumers=(HAND,),
    ),
    "the mode is raised on an open run in its grace: off at once": Case(
        run(*CONFIRMED, LEAKED_OLD, ev.ModeRaised(T + 50, EMERGENCY, "leaked")),
        BOTH,
        Deactivate(replaced("gmail", "canary")),
    ),
    "a mode is never lowered": Case(
        run(*CONFIRMED, LEAKED_OLD, ev.ModeRaised(T + 50, 0, "calm down"), mode=EMERGENCY),
        BOTH,
        Deactivate(replaced("gmail", "canary")),
    ),
    "the new key leaks before anybody has it: discard": Case(
        run(*created(), *verified(), LEAKED_NEW, mode=EMERGENCY), BOTH, Discard(OwnUnpushed(NEW), active=True)
    ),
    "it is off: delete it": Case(
        run(*created(), *verified(), LEAKED_NEW, *deactivated(T, NEW), mode=EMERGENCY),
        (on(OLD), off(NEW, 0)),
        Discard(OwnUnpushed(NEW), active=False),
    ),
    "it is gone: create another": Case(
        run(*created(), *verified(), LEAKED_NEW, *switched(ev.Effect.DELETE, NEW, T), mode=EMERGENCY),
        (on(OLD),),
        Create((OLD,)),
    ),
    "the new key leaks before everybody has it: give it to nobody else": Case(
        run(*told("gmail"), LEAKED_NEW, mode=EMERGENCY, names=("gmail", "file")),
        BOTH,
        Ask(6, "revoke-first", (NEW,), ""),
        consumers=(GMAIL, FILE),
    ),
    "the same while a person has yet to paste it": Case(
        run(*created(), *verified(), *pushed("hand", ev.Outcome.WAITING), LEAKED_NEW, mode=EMERGENCY, names=("hand",)),
        BOTH,
        Ask(6, "revoke-first", (NEW,), ""),
        consumers=(HAND,),
    ),
    "the new key leaks in the watch: the old one makes room": Case(
        run(*SURVIVED, ev.Compromised(GRACE + DAY, NEW, "leaked"), mode=EMERGENCY),
        KEYS_OFF,
        Delete(Retired(OLD, "makes room in an incident")),
        now=GRACE + DAY,
    ),
    "the old one has made room: another key replaces the leaked one": Case(
        run(
            *SURVIVED,
            ev.Compromised(GRACE + DAY, NEW, "leaked"),
            *switched(ev.Effect.DELETE, OLD, GRACE + DAY),
            mode=EMERGENCY,
        ),
        (on(NEW, 0),),
        Create((NEW,)),
        now=GRACE + DAY,
    ),
    "the new key leaks when the old one is gone already: another replaces it": Case(
        run(
            *SURVIVED,
            *switched(ev.Effect.DELETE, OLD, END),
            ev.Compromised(END, NEW, "leaked"),
            mode=EMERGENCY,
        ),
        (on(NEW, 0),),
        Create((NEW,)),
        now=END + 60,
    ),
    "the new key leaks and is revoked first: it goes, another is made": Case(
        run(*CONFIRMED, LEAKED_NEW, *deactivated(T, NEW), mode=REVOKE_FIRST),
        (on(OLD), off(NEW, 0)),
        Delete(Retired(NEW, "compromised")),
    ),
    "an abort before anybody was told: the new key is discarded": Case(
        run(*created(), ev.AbortAsked(T, "not today")), BOTH, Discard(OwnUnpushed(NEW), active=True)
    ),
    "an abort before the create: aborted": Case(run(ev.AbortAsked(T, "not today")), (on(OLD),), Finish("aborted")),
    "a discarded key that is on again, after a late answer: off with it again": Case(
        run(*created(), ev.AbortAsked(T, "not today"), *deactivated(T, NEW)),
        BOTH,
        Discard(OwnUnpushed(NEW), active=True),
        now=T + HOUR,
    ),
    "one that a person had switched on, off again but not recorded: off once more, which lifts the hold": Case(
        run(
            *created(),
            *switched(ev.Effect.REACTIVATE, NEW, T + 5),
            ev.AbortAsked(T + HOUR, "not today"),
            ev.EffectIntended(T + HOUR, ev.Effect.DEACTIVATE, NEW, T + HOUR + 21),
        ),
        (on(OLD), off(NEW, 0)),
        Discard(OwnUnpushed(NEW), active=True),
        now=T + 2 * HOUR,
    ),
    "a leaked new key that could not be discarded: later": Case(
        run(*created(), LEAKED_NEW, mode=EMERGENCY),
        BOTH,
        wait(4, T + 60 + HOUR, urgent=True),
        tried=frozenset({Tried(Act.DISCARD, NEW)}),
    ),
    "a revoked new key that could not be deleted: later": Case(
        run(*CONFIRMED, LEAKED_NEW, *deactivated(T, NEW), mode=REVOKE_FIRST),
        (on(OLD), off(NEW, 0)),
        wait(11, T + 60 + HOUR, urgent=True),
        tried=frozenset({Tried(Act.DELETE, NEW)}),
    ),
}


@pytest.mark.parametrize("sentence", INCIDENTS)
def test_a_leaked_key_goes_and_never_comes_back(sentence: str) -> None:
    """An incident takes the path that its mode and the leaked key ask for, as the sentence says."""
    case = INCIDENTS[sentence]
    assert essence(case.step()) == essence(case.expected)
