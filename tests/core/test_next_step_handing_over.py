"""(3) preflight to (7) confirm: one sentence a case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.history import events as ev
from rotator.core.policy import RETRY_S
from rotator.core.ports import Problem, Unknown
from rotator.core.situation import Act, Tried
from rotator.core.steps import (
    Ask,
    Create,
    Discard,
    Look,
    Observe,
    OwnUnpushed,
    Preflight,
    Push,
    SendCanary,
    Verify,
)
from tests.core.telling import (
    ALIAS,
    BOTH,
    CONFIRMED,
    DAY,
    EMERGENCY,
    FILE,
    GMAIL,
    HAND,
    HOUR,
    NEW,
    OLD,
    Case,
    T,
    adopted,
    created,
    essence,
    intended,
    mail,
    on,
    opened,
    pushed,
    refuse,
    run,
    told,
    unclear,
    verified,
    wait,
)

THEN, NOW = "0123456789abcdef", "fedcba9876543210"  # the server of the endpoint when it was told, and in the file
CHANGED = replace(GMAIL, server=NOW)


def told_at(*servers: str) -> list[ev.Event]:
    """The new key logged in at each of these servers of the one endpoint, and the alias was told each in turn."""
    told_there = [
        event
        for one in servers
        for event in (
            ev.Verified(T, NEW, "here", one),
            ev.PushIntended(T, "gmail", NEW, T + 21, server=one),
            ev.PushSettled(T, "gmail", NEW, ev.Outcome.DONE),
        )
    ]
    return [*created(), *told_there]


HANDING_OVER = {
    "a fresh run: try whatever could fail later": Case(run(), (on(OLD),), Preflight(), preflight=None),
    "two keys of ours already: the quota is full": Case(
        [adopted(NEW), adopted(), opened()], BOTH, refuse(3, "key-quota-full")
    ),
    "a consumer would refuse: refuse before anything changes": Case(
        run(),
        (on(OLD),),
        refuse(3, "preflight"),
        preflight=(Problem("oauth", "token expired", "log in", consumer="gmail"),),
    ),
    "in an incident one broken consumer does not hold up the rest": Case(
        run(mode=EMERGENCY),
        (on(OLD),),
        Create((OLD,)),
        preflight=(Problem("oauth", "token expired", "log in", consumer="gmail"),),
    ),
    "an endpoint that cannot be reached stops an incident too": Case(
        run(mode=EMERGENCY), (on(OLD),), refuse(3, "preflight"), preflight=(Problem("endpoint", "no TLS", "see"),)
    ),
    "a warning does not stop": Case(
        run(), (on(OLD),), Create((OLD,)), preflight=(Problem("permission", "unsure", "see", warning=True),)
    ),
    "all is well: create, with what is listed now": Case(run(), (on(OLD),), Create((OLD,))),
    "no key at the start: create": Case([adopted(""), opened("")], (), Create(())),
    "an unclear create whose request may still live: wait it out": Case(
        run(intended(OLD)), (on(OLD),), wait(4, T + 22), now=T + 10
    ),
    "an unclear create that left nothing: create again": Case(
        run(*unclear(OLD)), (on(OLD),), Create((OLD,)), now=T + 22
    ),
    "IAM refused the create: later": Case(
        run(intended(OLD), ev.CreateSettled(T, ev.Outcome.REFUSED)),
        (on(OLD),),
        wait(4, T + 60 + RETRY_S, urgent=True),
        tried=frozenset({Tried(Act.CREATE, "ses")}),
    ),
    "created and sealed: verify before anybody is told": Case(run(*created()), BOTH, Verify(NEW, "here")),
    "not accepted within the deadline: later, the run stays open": Case(
        run(*created(), ev.VerifyFailed(T + 30, NEW, "here", 9, old_works=False)),
        BOTH,
        wait(5, T + 60 + RETRY_S, urgent=True),
        tried=frozenset({Tried(Act.VERIFY, "here")}),
    ),
    "refused for a day: compare with the old credential": Case(
        run(*created(), ev.VerifyFailed(T + 30, NEW, "here", 9, old_works=False)),
        BOTH,
        Verify(NEW, "here", compare_old=True),
        now=T + DAY + HOUR,
    ),
    "refused for a day while the old one logs in: it is not lag, discard": Case(
        run(
            *created(),
            ev.VerifyFailed(T + 30, NEW, "here", 9, old_works=False),
            ev.VerifyFailed(T + DAY + HOUR, NEW, "here", 9, old_works=True),
        ),
        BOTH,
        Discard(OwnUnpushed(NEW), active=True),
        now=T + DAY + HOUR,
    ),
    "time-outs for a day say nothing: go on verifying": Case(
        run(*created(), ev.VerifyFailed(T + 30, NEW, "here", 0, old_works=True)),
        BOTH,
        Verify(NEW, "here"),
        now=T + DAY + HOUR,
    ),
    "verified: tell the consumer": Case(run(*created(), *verified()), BOTH, Push("gmail", NEW)),
    "killed in a push: push the same again": Case(
        run(*created(), *verified(), ev.PushIntended(T, "gmail", NEW, T + 21)), BOTH, Push("gmail", NEW)
    ),
    "no answer to a push: push the same again": Case(
        run(*created(), *verified(), *pushed("gmail", ev.Outcome.UNKNOWN)), BOTH, Push("gmail", NEW)
    ),
    "one consumer could not be told: the next one is not kept waiting": Case(
        run(*created(), *verified(), *pushed("gmail", ev.Outcome.REFUSED), names=("gmail", "file")),
        BOTH,
        Push("file", NEW),
        consumers=(GMAIL, FILE),
        tried=frozenset({Tried(Act.PUSH, "gmail")}),
    ),
    "nobody else to tell: later, a person should know": Case(
        run(*created(), *verified(), *pushed("gmail", ev.Outcome.REFUSED)),
        BOTH,
        wait(6, T + 60 + RETRY_S, urgent=True),
        tried=frozenset({Tried(Act.PUSH, "gmail")}),
    ),
    "a consumer that is new in the file is told like the others": Case(
        run(*CONFIRMED), BOTH, Push("file", NEW), consumers=(GMAIL, FILE)
    ),
    "an endpoint that the file changed since: the key logs in there before anybody is told it": Case(
        run(*told_at(THEN), *mail("gmail")), BOTH, Verify(NEW, "here"), consumers=(CHANGED,)
    ),
    "it did: who was told to log in elsewhere is told again": Case(
        run(*told_at(THEN), *mail("gmail"), ev.Verified(T + 5, NEW, "here", NOW)),
        BOTH,
        Push("gmail", NEW),
        consumers=(CHANGED,),
    ),
    "it was told there: a canary again, the old one came from elsewhere": Case(
        run(*told_at(THEN), *mail("gmail"), *told_at(NOW)[2:]), BOTH, SendCanary("gmail", 7), consumers=(CHANGED,)
    ),
    "the endpoint is put back: it is known, and the alias is told once more": Case(
        run(*told_at(NOW, THEN)), BOTH, Push("gmail", NEW), consumers=(CHANGED,)
    ),
    "nothing was changed: nobody is told twice": Case(
        run(*told_at(NOW)), BOTH, SendCanary("gmail", 7), consumers=(CHANGED,)
    ),
    "an older journal does not know the server: nobody is told twice": Case(
        run(*told("gmail")), BOTH, SendCanary("gmail", 7), consumers=(CHANGED,)
    ),
    "an endpoint under another name of the same server is proven already": Case(
        run(*told_at(NOW)), BOTH, SendCanary("gmail", 7), consumers=(replace(CHANGED, endpoint="there"),)
    ),
    "a region for which the new key has no password: a person changes the file": Case(
        run(*told_at(THEN)),
        BOTH,
        refuse(5, "region-without-password"),
        consumers=(CHANGED,),
        tried=frozenset({Tried(Act.UNSEAL, "here")}),
    ),
    "an unclear push may still land: drain before evidence": Case(
        run(*told("gmail"), *pushed("gmail", ev.Outcome.UNKNOWN, T + 5), *pushed("gmail", at=T + 10)),
        BOTH,
        wait(6, T + 27),
        now=T + 12,
    ),
    "drained: a canary": Case(
        run(*told("gmail"), *pushed("gmail", ev.Outcome.UNKNOWN, T + 5), *pushed("gmail", at=T + 10)),
        BOTH,
        SendCanary("gmail", 7),
        now=T + 27,
    ),
    "a file is read back, anew in every process": Case(
        run(*told("file"), names=("file",)), BOTH, Observe(Look.READ_BACK, "file"), consumers=(FILE,)
    ),
    "a file that holds another key is told again": Case(
        run(*told("file"), ev.ReadBack(T, "file", OLD), names=("file",)),
        BOTH,
        Push("file", NEW),
        consumers=(FILE,),
        holdings={"file": KeyId(OLD)},
    ),
    "a file that cannot be read now: later": Case(
        run(*told("file"), names=("file",)),
        BOTH,
        wait(7, T + 60 + RETRY_S, urgent=True),
        consumers=(FILE,),
        holdings={"file": Unknown("EIO")},
    ),
    "a person's place waits for the person, without a deadline": Case(
        run(*created(), *verified(), *pushed("hand", ev.Outcome.WAITING), names=("hand",)),
        BOTH,
        Ask(7, "hand-over", ("hand",), ""),
        now=T + 400 * DAY,
        consumers=(HAND,),
    ),
    "no canary before the person has pasted": Case(
        run(*created(), *verified(), *pushed("alias", ev.Outcome.WAITING), names=("alias",)),
        BOTH,
        Ask(7, "hand-over", ("alias",), ""),
        consumers=(ALIAS,),
    ),
    "pasted and confirmed: a canary": Case(
        run(
            *created(),
            *verified(),
            *pushed("alias", ev.Outcome.WAITING),
            ev.Attested(T + 50, "alias", NEW, "jada"),
            names=("alias",),
        ),
        BOTH,
        SendCanary("alias", 7),
        consumers=(ALIAS,),
    ),
    "a canary that was not seen again: repeat it after a while": Case(
        run(*told("gmail"), *mail("gmail", ev.CanaryOutcome.UNKNOWN, T + 30)), BOTH, wait(7, T + 90, urgent=True)
    ),
    "... and then again": Case(
        run(*told("gmail"), *mail("gmail", ev.CanaryOutcome.UNKNOWN, T + 30)), BOTH, SendCanary("gmail", 7), now=T + 90
    ),
    "a canary refused once may be a bad day: repeat it": Case(
        run(*told("gmail"), *mail("gmail", ev.CanaryOutcome.REFUSED, T + 30)), BOTH, SendCanary("gmail", 7)
    ),
    "refused twice: the consumer is told again": Case(
        run(*told("gmail"), *mail("gmail", ev.CanaryOutcome.REFUSED) * 2), BOTH, Push("gmail", NEW)
    ),
    "refused for an hour only: lag, so no comparison yet": Case(
        run(*created(), ev.VerifyFailed(T + 30, NEW, "here", 9, old_works=True)),
        BOTH,
        Verify(NEW, "here"),
        now=T + HOUR,
    ),
    "a second canary not seen again: a longer while": Case(
        run(*told("gmail"), *mail("gmail", ev.CanaryOutcome.UNKNOWN, T + 30) * 2), BOTH, wait(7, T + 330, urgent=True)
    ),
}


@pytest.mark.parametrize("sentence", HANDING_OVER)
def test_a_new_key_reaches_everybody(sentence: str) -> None:
    """A key is made, proven, handed over and evidenced, as the sentence says."""
    case = HANDING_OVER[sentence]
    assert essence(case.step()) == essence(case.expected)
