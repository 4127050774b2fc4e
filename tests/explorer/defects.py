"""Defects planted by hand, each seen in a real rotator: the search must find every one of them."""

from __future__ import annotations

from collections.abc import Callable

from rotator.core import evidence
from rotator.core.access_keys import Instant
from rotator.core.history.events import Outcome
from rotator.core.next_step import RULES, Rule
from rotator.core.rules import probe, survey
from rotator.core.situation import Situation
from rotator.core.steps import (
    ConfirmedConsumer,
    Deactivate,
    Delete,
    Discard,
    Look,
    Observe,
    Orphan,
    OwnUnpushed,
    Reactivate,
    Replaced,
    Retired,
    Revoke,
    SendCanary,
    Step,
    VerifiedKey,
    Wait,
)


def without(*names: str) -> tuple[Rule, ...]:
    """The rules with some switched off."""
    known = {rule.__name__ for rule in RULES}
    assert set(names) <= known, f"no such rule: {set(names) - known}"
    return tuple(rule for rule in RULES if rule.__name__ not in names)


def instead(rules: tuple[Rule, ...], **defects: Callable[[Situation], Step | None]) -> tuple[Rule, ...]:
    """The rules with some replaced by a defect, in their place."""
    assert set(defects) <= {rule.__name__ for rule in rules}
    return tuple(defects.get(rule.__name__, rule) for rule in rules)


def delete_the_oldest(s: Situation) -> Step | None:
    """Two keys and none of them the run's new one: the older goes, to make room (Vault, Infisical)."""
    if s.facts.run is None or s.run.new or len(s.listed) < 2:
        return None
    oldest = min(s.listed.values(), key=lambda one: one.created)
    return Discard(Orphan(oldest.id), active=oldest.active)


def discard_without_provenance(s: Situation) -> Step | None:
    """Any unknown key that was never used is taken for a leftover."""
    unknown = survey.strangers(s)
    if len(unknown) != 1:
        return None
    key = unknown[0]
    if not s.asked_last_use(key.id):
        return Observe(Look.LAST_USE, key.id)
    return Discard(Orphan(key.id), active=key.active)


def roll_back_a_lost_push(s: Situation) -> Step | None:
    """A push timed out, so it failed, so the new key goes (F14)."""
    if s.run.new and any(one.push_outcome == Outcome.UNKNOWN for _, one in s.consumers):
        return Discard(OwnUnpushed(s.run.new), active=not s.new.deactivated_at)
    return None


def deactivate_on_an_answer(s: Situation) -> Step | None:
    """Everybody said yes: that will do (F16)."""
    if s.old.deactivated_at or not s.run.new:
        return None
    answered = tuple(ConfirmedConsumer(traits.name, "acknowledged") for traits, _ in s.consumers)
    return Deactivate(Replaced(s.run.old, VerifiedKey(s.run.new, s.policy.endpoints), answered))


def deactivate_without_drain(s: Situation) -> Step | None:
    """All evidence, but a push of unknown outcome may still land."""
    if s.old.deactivated_at:
        return None
    found = [evidence.confirmed(s, traits, consumer) for traits, consumer in s.consumers]
    proofs = tuple(one for one in found if one is not None)
    return Deactivate(Replaced(s.run.old, VerifiedKey(s.run.new, s.policy.endpoints), proofs))


def survive_any_canary(s: Situation) -> Step | None:
    """A canary after the deactivation counts, whether or not SES has noticed it."""
    for traits, consumer in s.consumers:
        if traits.sends and consumer.canary_at == consumer.canary_first_at:
            return SendCanary(traits.name, 9)
    return None


def look_until_all_survived(s: Situation) -> Step | None:
    """One canary through everybody after the deactivation will do."""
    if all(evidence.survived(s, one) for traits, one in s.consumers if traits.sends):
        return None
    return probe.see_who_misses_the_old_key(s)


def wait_out_the_watch(s: Situation) -> Step | None:
    """Days pass, nobody looks, the key goes."""
    end = s.old.deactivated_at + s.policy.watch_s
    return Wait(10, Instant(end), "the watch") if s.now < end else None


def delete_what_is_off(s: Situation) -> Step | None:
    """Off is off: gone with it."""
    return Delete(Retired(s.run.old, "off"))


def reactivate_whatever_is_missed(s: Situation) -> Step | None:
    """Mail comes first, also before a leaked key."""
    missed = any(one.canary_refused for _, one in s.consumers)
    return Reactivate(s.run.old, "missed") if missed and s.old.deactivated_at else None


def revoke_a_strangers_key(s: Situation) -> Step | None:
    """In an incident everything unknown goes."""
    unknown = [one for one in survey.strangers(s) if one.active]
    return Revoke(unknown[0].id) if unknown else None
