"""Fold events into facts: one small pure function per event, chosen by its type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatch

from rotator.core.access_keys import Instant
from rotator.core.facts import INTENTS_KEPT, CreateIntent, Facts, Run
from rotator.core.history import events as ev
from rotator.core.history.correction import corrected
from rotator.core.history.fold_consumers import drain, leave_the_old_place, placed
from rotator.core.history.fold_keys import deleted, missed, succeeded, unclear
from rotator.core.history.noted import TOLD_ONLY
from rotator.core.policy import CLOCK_SLACK_S, Mode

EVIDENCE_GONE: dict[str, object] = {
    "attested_at": 0,
    "read_back": "",
    "canary_first_at": 0,
    "canary_at": 0,
    "canary_tried_at": 0,
    "canary_unknown": 0,
    "canary_refused": 0,
    "survived": "",
}


def fold(events: Iterable[ev.Event], start: Facts | None = None) -> Facts:
    """The facts after `events`, beginning from `start` (default: nothing known)."""
    facts = start or Facts()
    for event in events:
        if not isinstance(event, TOLD_ONLY):
            known = apply(event, facts)
            facts = replace(known, latest=Instant(max(known.latest, event.at)) if _news(event, facts) else known.latest)
    return facts


def _news(event: ev.Event, facts: Facts) -> bool:
    """Whether it shows that the journal knew the keys then; one from a backup must not look newer than it is.

    A login that may come to nothing or was with a key that is not ours does not, nor a password handed out once more.
    """
    if isinstance(event, ev.LoggedIn):
        return facts.key(event.key).ours
    return not isinstance(event, ev.LoginIntended | ev.Revealed)


@singledispatch
def apply(event: ev.Event, facts: Facts) -> Facts:
    """The facts after one event.  Raises TypeError for an event nobody taught us: a bug, never ignored."""
    raise TypeError(f"no fold for {type(event).__name__}")


@apply.register
def _(event: ev.Adopted, facts: Facts) -> Facts:
    known = replace(facts, account=event.account, user=event.user, user_id=event.user_id, current=event.key)
    for name, place in placed(event):
        known = known.with_consumer(name, may_hold=(event.key,) if event.key else (), place=place)
    return known.with_key(event.key, ours=True, pushed=True, sealed=event.sealed) if event.key else known


@apply.register
def _(event: ev.Sealed, facts: Facts) -> Facts:
    return facts.with_key(event.key, sealed=True)


@apply.register
def _(event: ev.RunOpened, facts: Facts) -> Facts:
    run = Run(event.run, event.at, Mode(event.mode), event.reason, event.old, event.grace)
    for name, place in placed(event):
        held = facts.consumer(name).may_hold or ((event.old,) if event.old else ())
        facts = facts.with_consumer(
            name,
            may_hold=held,
            place=facts.consumer(name).place or place,
            pushed="",
            push_outcome="",
            push_at=0,
            push_until=0,
            drain_until=0,
            revealed_at=0,
            **EVIDENCE_GONE,
        )
    return replace(facts, run=run)


@apply.register
def _(event: ev.ModeRaised, facts: Facts) -> Facts:
    assert facts.run is not None
    grace = facts.run.grace if event.grace < 0 else event.grace
    return facts.with_run(mode=max(facts.run.mode, Mode(event.mode)), reason=event.reason, grace=grace)


@apply.register
def _(event: ev.Compromised, facts: Facts) -> Facts:
    known = facts.with_key(event.key, compromised=True, held=False)
    if known.run is not None and event.key == known.run.old:  # a leaked key must be replaced: no abort any more
        known = known.with_run(aborting=False)
    run = known.run
    if run and run.new == event.key and known.pushed_new and (run.old_gone or not run.old):
        return succeeded(known)  # nothing else is left to be replaced: it is the old key of the same run now
    return known


@apply.register
def _(event: ev.CreateIntended, facts: Facts) -> Facts:
    intent = CreateIntent(event.listed, event.at, event.until)
    return replace(facts, intents=(*facts.intents, intent)[-INTENTS_KEPT:])


@apply.register
def _(event: ev.KeyCreated, facts: Facts) -> Facts:
    known = replace(facts, intents=facts.intents[:-1]).with_key(event.key, ours=True, sealed=True)
    return known.with_run(new=event.key, new_at=event.at, verified=(), refused_since=0)


@apply.register
def _(event: ev.CreateSettled, facts: Facts) -> Facts:
    if event.outcome == ev.Outcome.REFUSED:
        return replace(facts, intents=facts.intents[:-1])
    return facts  # of an unknown outcome: the intent stays, for it may still land


@apply.register
def _(event: ev.Disowned, facts: Facts) -> Facts:
    return facts.with_key(event.key, disowned=True)


@apply.register
def _(event: ev.EffectIntended, facts: Facts) -> Facts:
    before = facts.key(event.key)
    known = facts.with_key(
        event.key,
        effect=event.effect,
        effect_until=event.until,
        effect_outcome="",
        born=event.born or before.born,
        unclear_until=unclear(before),
    )
    if event.effect == ev.Effect.DEACTIVATE:
        return known.with_key(event.key, deactivate_until=event.until)
    return known


@apply.register
def _(event: ev.EffectSettled, facts: Facts) -> Facts:
    known = facts.with_key(event.key, effect_outcome=event.outcome)
    known = known.with_key(event.key, unclear_until=unclear(known.key(event.key)))
    if event.outcome != ev.Outcome.DONE:
        return known
    if event.effect == ev.Effect.DEACTIVATE:
        since = known.key(event.key).deactivated_at or event.at
        return known.with_key(event.key, deactivated_at=since, held=False)
    if event.effect == ev.Effect.REACTIVATE:
        over = event.at > known.key(event.key).unclear_until + CLOCK_SLACK_S  # nothing older can undo it
        until = 0 if over else known.key(event.key).unclear_until
        on = known.with_key(event.key, deactivated_at=0, refused_at=0, held=True, unclear_until=until)
        return on.with_run(reactivated_at=event.at) if on.run is not None else on
    return deleted(known, event.key)


@apply.register
def _(event: ev.Lost, facts: Facts) -> Facts:
    if event.key in facts.kept:  # recorded before: now its password is erased too
        return replace(facts, kept=tuple(one for one in facts.kept if one != event.key))
    kept = (*facts.kept, event.key) if missed(facts.key(event.key)) else facts.kept
    return replace(deleted(facts, event.key), kept=kept)


@apply.register
def _(event: ev.LoggedIn, facts: Facts) -> Facts:
    known = facts.key(event.key)  # a place may hold a stranger's
    first = known.first_login or event.at
    return facts.with_key(event.key, first_login=first, last_login=event.at) if known.ours else facts


@apply.register
def _(event: ev.Verified, facts: Facts) -> Facts:
    assert facts.run is not None
    verified = tuple(dict.fromkeys((*facts.run.verified, event.server or event.endpoint)))
    return facts.with_run(verified=verified, refused_since=0)


@apply.register
def _(event: ev.VerifyFailed, facts: Facts) -> Facts:
    assert facts.run is not None
    since = (facts.run.refused_since or event.at) if event.refused else 0
    return facts.with_run(refused_since=since, old_works=event.old_works)


@apply.register
def _(event: ev.PushIntended, facts: Facts) -> Facts:
    facts = leave_the_old_place(facts, event)
    before = facts.consumer(event.consumer)
    return facts.with_consumer(
        event.consumer,
        place=event.place or before.place,
        server=event.server,
        may_hold=tuple(dict.fromkeys((*before.may_hold, event.key))),
        pushed=event.key,
        push_outcome="",
        push_at=event.at,
        push_until=event.until,
        drain_until=drain(before),
        revealed_at=0,
        **EVIDENCE_GONE,
    ).with_key(event.key, pushed=True)


@apply.register
def _(event: ev.PushSettled, facts: Facts) -> Facts:
    known = facts.with_consumer(event.consumer, push_outcome=event.outcome)
    return known.with_consumer(event.consumer, drain_until=drain(known.consumer(event.consumer)))


@apply.register
def _(event: ev.Revealed, facts: Facts) -> Facts:
    held = tuple(dict.fromkeys((*facts.consumer(event.consumer).may_hold, event.key)))
    return facts.with_consumer(event.consumer, revealed_at=event.at, may_hold=held)


@apply.register
def _(event: ev.Attested, facts: Facts) -> Facts:
    return facts.with_consumer(event.consumer, **EVIDENCE_GONE | {"attested_at": event.at})


@apply.register
def _(event: ev.ReadBack, facts: Facts) -> Facts:
    return facts.with_consumer(event.consumer, read_back=event.key)


@apply.register
def _(event: ev.CanaryIntended, facts: Facts) -> Facts:
    return facts.with_consumer(event.consumer, canary_tried_at=event.at)


@apply.register
def _(event: ev.CanarySettled, facts: Facts) -> Facts:
    before = facts.consumer(event.consumer)
    if event.outcome == ev.CanaryOutcome.ARRIVED:
        return facts.with_consumer(
            event.consumer,
            canary_first_at=before.canary_first_at or event.sent,
            canary_at=event.sent,
            canary_unknown=0,
            canary_refused=0,
            survived=facts.run.old if facts.run and facts.key(facts.run.old).refused_at else "",
        )
    if event.outcome == ev.CanaryOutcome.REFUSED:
        return facts.with_consumer(event.consumer, canary_refused=before.canary_refused + 1, canary_unknown=0)
    return facts.with_consumer(event.consumer, canary_unknown=before.canary_unknown + 1)


@apply.register
def _(event: ev.OldRefused, facts: Facts) -> Facts:
    for one in facts.consumers:  # only what is sent from here on shows anything
        facts = facts.with_consumer(one.name, survived="")
    return facts.with_key(event.key, refused_at=event.at)


@apply.register
def _(event: ev.LoginIntended, facts: Facts) -> Facts:
    known = any(one.id == event.key for one in facts.keys)  # a place may hold a stranger's
    return facts.with_key(event.key, login_tried=event.at) if known else facts


@apply.register
def _(event: ev.AbortAsked, facts: Facts) -> Facts:
    return facts.with_run(aborting=True)


@apply.register
def _(event: ev.ClockCorrected, facts: Facts) -> Facts:
    return corrected(facts, event.at)


@apply.register
def _(event: ev.Forgotten, facts: Facts) -> Facts:
    return replace(facts, consumers=tuple(one for one in facts.consumers if one.name != event.consumer))


@apply.register
def _(event: ev.RunFinished, facts: Facts) -> Facts:
    run = facts.run
    assert run is not None
    rotated = bool(run.new)
    current = run.new if rotated else run.old
    consumers = tuple(
        replace(one, may_hold=(current,) if rotated else tuple(k for k in one.may_hold if k == current))
        for one in facts.consumers
    )
    return replace(
        facts,
        run=None,
        current=current,
        consumers=consumers,
        rotated_at=event.at if rotated else facts.rotated_at,
    )
