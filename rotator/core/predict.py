"""Play the decision forward on predicted effects: what a dry run prints.  Pure: nothing is asked, nothing is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rotator.core import steps
from rotator.core.access_keys import AccessKey, Instant, KeyId, LastUse, Status
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.history.events import CanaryOutcome, Effect, Outcome
from rotator.core.history.fold import fold
from rotator.core.next_step import decide
from rotator.core.policy import Policy
from rotator.core.situation import Observed

NEW_KEY = "(new key)"
STEPS_AT_MOST = 300


@dataclass(frozen=True, slots=True)
class Planned:
    """One step of the plan and the time it would come at."""

    step: steps.Step
    at: Instant


def plan(facts: Facts, observed: Observed, policy: Policy, now: Instant) -> Iterator[Planned]:
    """The steps to the end, if everything goes well and every person pastes what they are handed.

    Ends with Finish, Refuse, a question, or a wait for what only a person can mend.
    """
    for _ in range(STEPS_AT_MOST):
        step, _rule = decide(facts, observed, policy, now)
        if not isinstance(step, steps.Observe) or step.what is steps.Look.REFUSAL:
            yield Planned(step, now)
        if isinstance(step, steps.Finish | steps.Refuse):
            return
        if (isinstance(step, steps.Wait) and step.urgent) or _only_a_person(step):
            return
        events, observed, now = _predict(step, facts, observed, policy, now)
        facts = fold(events, facts)


def _only_a_person(step: steps.Step) -> bool:
    """A question whose answer cannot be foretold; that a person pastes what they are handed can."""
    return isinstance(step, steps.Ask) and step.what != "hand-over"


def _predict(
    step: steps.Step, facts: Facts, observed: Observed, policy: Policy, now: Instant
) -> tuple[list[ev.Event], Observed, Instant]:
    if isinstance(step, steps.Wait):
        until = Instant(max(step.until, now + 1))
        return [], replace(observed, keys_at=until, last_use=()), until
    if isinstance(step, steps.Observe):
        return _seen(step, facts, observed, now)
    events = _events(step, facts, policy, now)
    return events, _keys_after(step, observed, now), now


def _seen(
    step: steps.Observe, facts: Facts, observed: Observed, now: Instant
) -> tuple[list[ev.Event], Observed, Instant]:
    match step.what:
        case steps.Look.KEYS:
            return [], replace(observed, keys_at=now), now
        case steps.Look.LAST_USE:
            unused = LastUse(None)  # no information: grace alone decides
            return [], replace(observed, last_use=(*observed.last_use, (step.target, unused))), now
        case steps.Look.READ_BACK:
            key = facts.run.new if facts.run else ""
            seen = replace(observed, holdings=(*observed.holdings, (step.target, KeyId(key))))
            return [ev.ReadBack(now, step.target, key)], seen, now
        case steps.Look.REFUSAL:
            return [ev.OldRefused(now, step.target, seen=True)], observed, now
        case _:
            return [], observed, now


def _events(step: steps.Step, facts: Facts, policy: Policy, now: Instant) -> list[ev.Event]:
    match step:
        case steps.Create(listed=listed):
            return [ev.CreateIntended(now, listed, now), ev.KeyCreated(now, NEW_KEY)]
        case steps.Verify(key=key, endpoint=endpoint):
            return [ev.LoggedIn(now, key, endpoint), ev.Verified(now, key, endpoint, policy.server(endpoint))]
        case steps.Push(consumer=name, key=key):
            traits = policy.consumer(name)
            told = Outcome.WAITING if traits and traits.by_hand else Outcome.DONE
            where = (traits.place, traits.server) if traits else ("", "")
            return [ev.PushIntended(now, name, key, now, *where), ev.PushSettled(now, name, key, told)]
        case steps.SendCanary(consumer=name):
            sent = ev.CanarySettled(now, name, "", CanaryOutcome.ARRIVED, now)
            return [ev.CanaryIntended(now, name, "", now), sent]
        case steps.Ask(what="hand-over", targets=names):
            key = facts.run.new if facts.run else ""
            return [ev.Attested(now, name, key, "") for name in names]
        case steps.Forget(key=key):
            return [ev.Lost(now, key)]
        case _:
            return _of_status(step, now)


def _of_status(step: steps.Step, now: Instant) -> list[ev.Event]:
    match step:
        case steps.Deactivate(retired=retired):
            return _effect(Effect.DEACTIVATE, retired.key, now)
        case steps.Revoke(key=key):
            return _effect(Effect.DEACTIVATE, key, now)
        case steps.Reactivate(key=key):
            return _effect(Effect.REACTIVATE, key, now)
        case steps.Delete(what=what):
            return _effect(Effect.DELETE, what.key, now)
        case steps.Discard(what=what, active=active):
            return _effect(Effect.DEACTIVATE if active else Effect.DELETE, what.key, now)
        case _:
            return []


def _effect(effect: Effect, key: str, now: Instant) -> list[ev.Event]:
    return [ev.EffectIntended(now, effect, key, now), ev.EffectSettled(now, effect, key, Outcome.DONE)]


def _keys_after(step: steps.Step, observed: Observed, now: Instant) -> Observed:
    keys = {one.id: one for one in observed.keys or ()}
    for event in _of_status(step, now):
        if isinstance(event, ev.EffectSettled):
            _apply(event, keys)
    if isinstance(step, steps.Create):
        keys[KeyId(NEW_KEY)] = AccessKey(KeyId(NEW_KEY), Status.ACTIVE, now)
    preflight = () if isinstance(step, steps.Preflight) and observed.preflight is None else observed.preflight
    holdings = observed.holdings if not isinstance(step, steps.Push) else ()
    return replace(observed, keys=tuple(keys.values()), keys_at=now, preflight=preflight, holdings=holdings)


def _apply(event: ev.EffectSettled, keys: dict[KeyId, AccessKey]) -> None:
    key = KeyId(event.key)
    if event.effect == Effect.DELETE:
        keys.pop(key, None)
    elif key in keys:
        status = Status.INACTIVE if event.effect == Effect.DEACTIVATE else Status.ACTIVE
        keys[key] = replace(keys[key], status=status)
