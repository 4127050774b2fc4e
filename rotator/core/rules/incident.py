"""Incidents: a leaked key is switched off, never on again by itself, and makes room for its successor."""

from __future__ import annotations

from rotator.core import evidence
from rotator.core.access_keys import Instant, Status
from rotator.core.policy import LIST_LAG_S, REFUSAL_DEADLINE_S, RETRY_S, WRONG_PASSWORD_S, Mode
from rotator.core.situation import Act, Situation
from rotator.core.steps import (
    Ask,
    Delete,
    Discard,
    Finish,
    OwnUnpushed,
    Reactivate,
    Retired,
    Revoke,
    Step,
    Wait,
)


def revoke_what_leaked(s: Situation) -> Step | None:
    """Revoke first: a leaked key of ours goes off before anything else is asked, whatever holds it."""
    if s.facts.run is None or s.run.mode is not Mode.REVOKE_FIRST:
        return None
    for key in (s.old, s.new):
        leaked = key.id and key.compromised and not key.held  # held: a person switched it on again at a terminal
        if leaked and not key.deactivated_at and not s.tried(Act.REVOKE, key.id):
            return Revoke(key.id)
    return None


def drop_what_nobody_was_given(s: Situation) -> Step | None:
    """An aborted, leaked or never accepted new key that nobody was given is discarded."""
    if not s.run.new:
        return Finish("aborted") if s.run.aborting else None
    if s.new.pushed or not (s.run.aborting or s.new.compromised or _wrong_password(s)):
        return None
    if s.tried(Act.DISCARD, s.run.new):
        return Wait(4, Instant(s.now + RETRY_S), f"{s.run.new} could not be discarded", urgent=True)
    # A hold is lifted by a deactivation of ours alone, so one that nobody recorded is repeated.
    return Discard(OwnUnpushed(s.run.new), active=s.new.held or s.status(s.new) is not Status.INACTIVE)


def _wrong_password(s: Situation) -> bool:
    """535 for a day while the old credential logs in: not lag any more but a wrong region or algorithm."""
    since = s.run.refused_since
    return bool(since and s.run.old_works and s.now >= since + WRONG_PASSWORD_S)


def switch_on_again(s: Situation) -> Step | None:
    """Somebody needs the old key: on at once, and looked at until no late deactivation can land."""
    old = s.old
    if not old.id or s.run.old_gone or old.compromised:
        return None
    if old.deactivated_at:
        why = _need(s)
        return _switch(s, why) if why else None
    if not old.held or not old.unclear_until:
        return None
    listed = s.listed.get(old.id)
    if listed and not listed.active:
        return _switch(s, "a late deactivation landed")
    if s.now <= old.unclear_until:
        return Wait(9, Instant(old.unclear_until + 1), "until no late deactivation can land")
    return None


def _need(s: Situation) -> str:
    """A genuine sign that a consumer still needs the old key: two refused logins, it says so itself, or no successor.

    Without its successor the old key is the only one that can carry mail, for whoever still holds it.
    """
    if s.told_key_is_gone:
        return "its successor is gone"
    for traits, consumer in s.consumers:
        if evidence.refused_for_good(consumer):
            return f"{traits.name} was refused"
        if s.holding(traits.name) == s.run.old:
            return f"{traits.name} holds the old key again"
    return ""


def _switch(s: Situation, why: str) -> Step:
    """On again, also repeatedly while somebody goes without mail; after a while the next process goes on."""
    if not s.tried(Act.REACTIVATE, s.run.old):
        return Reactivate(s.run.old, why)
    if s.now <= s.old.effect_until:
        return Wait(9, Instant(s.old.effect_until + 1), f"switching {s.run.old} on again: {why}", urgent=True)
    if s.now < max(one.canary_tried_at for _, one in s.consumers) + REFUSAL_DEADLINE_S:
        return Reactivate(s.run.old, why)
    return Wait(9, Instant(s.now + LIST_LAG_S), f"switching {s.run.old} on again: {why}", urgent=True)


def make_room_for_a_successor(s: Situation) -> Step | None:
    """The new key leaked after it was handed out: a slot is needed for the next one.

    An old key in its watch that nobody misses goes early.  A good old key that is still on is never retired for a
    leaked one: the leaked one goes itself once it is off, and to switch it off while it is in use is a person's choice.
    """
    if not (s.run.new and s.new.compromised and s.new.pushed):
        return None
    room = evidence.makes_room(s) or evidence.leaked_successor(s)
    if room is not None:
        return _delete(s, room)
    if s.run.old and not s.run.old_gone and not s.old.compromised and not s.old.deactivated_at:
        why = "the old key is good and still on: it is not given up for a leaked one"
        return Ask(6, "revoke-first", (s.run.new,), why)
    return None


def _delete(s: Situation, what: Retired) -> Step:
    if s.tried(Act.DELETE, what.key):
        return Wait(11, Instant(s.now + RETRY_S), f"{what.key} could not be deleted", urgent=True)
    return Delete(what)
