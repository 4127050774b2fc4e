"""(2) survey: whom we act on, which keys there are, and whether anybody else had a hand in them."""

from __future__ import annotations

from rotator.core.access_keys import AccessKey, Instant, Status
from rotator.core.facts import BETWEEN, LEFT, ConsumerFacts, CreateIntent, KeyFacts
from rotator.core.history.events import Effect, Outcome
from rotator.core.policy import CLOCK_SLACK_S, LIST_LAG_S, RETRY_S, Mode
from rotator.core.situation import KEYS_FRESH_S, Act, Situation
from rotator.core.steps import Ask, Discard, Finish, Forget, Look, Observe, Orphan, Refuse, Revoke, Step, Wait


def know_whom_we_act_on(s: Situation) -> Step | None:
    """The account, user name and user id must be those that were adopted."""
    seen, facts = s.observed.identity, s.facts
    if seen is None:
        return Observe(Look.IDENTITY)
    if facts.adopted(seen):
        return None
    adopted = f"account {facts.account}, user {facts.user} ({facts.user_id})"
    return Refuse(2, "wrong-user", (adopted, f"account {seen.account}, user {seen.user} ({seen.user_id})"))


def know_the_keys(s: Situation) -> Step | None:
    """A fresh key list, whose Date header is the time for everything that follows."""
    if s.observed.keys is None or s.now - s.observed.keys_at > KEYS_FRESH_S:
        return Observe(Look.KEYS)
    if s.now < s.facts.latest - CLOCK_SLACK_S:
        return Refuse(2, "clock-behind-journal", (str(s.facts.latest), str(s.now)))
    return None


def strangers(s: Situation) -> list[AccessKey]:
    """Listed keys that the journal neither adopted nor created."""
    return [one for one in s.listed.values() if not s.facts.key(one.id).ours and one.id not in s.facts.lost]


def birth(s: Situation, key: AccessKey) -> CreateIntent | None:
    """The unclear create that this key can be the fruit of."""
    disowned = s.facts.key(key.id).disowned
    for intent in s.facts.intents:
        if intent.bore(key.id, key.created) or (disowned and intent.may_bear(key.id, key.created)):
            return intent
    return None


def settle_the_orphan(s: Situation) -> Step | None:
    """Exactly one unknown key, born of an unclear create, never used: ours if nobody else creates keys here."""
    unknown = strangers(s)
    if len(unknown) != 1 or birth(s, unknown[0]) is None:
        return None
    key = unknown[0]
    if not s.asked_last_use(key.id):
        return Observe(Look.LAST_USE, key.id)
    use = s.last_use(key.id)
    if use is None:
        return Wait(4, Instant(s.now + RETRY_S), f"whether {key.id} was ever used is unknown", urgent=True)
    if use.at is not None:
        return None
    if not (s.policy.sole_creator or s.facts.key(key.id).disowned):
        return Ask(4, "whose-key", (key.id,), "a create ended unclear and this key may be its fruit")
    if s.tried(Act.DISCARD, key.id):
        return Wait(4, Instant(s.now + RETRY_S), f"{key.id} could not be discarded", urgent=True)
    return Discard(Orphan(key.id), active=key.active and not s.facts.key(key.id).deactivated_at)


def stop_at_a_stranger(s: Situation) -> Step | None:
    """A key we neither adopted nor made is never touched; it only bars what would need its slot."""
    unknown = strangers(s)
    if not unknown or (s.facts.run and s.run.old_gone and s.run.new in s.listed):
        return None
    newest = max(unknown, key=lambda one: one.created)
    nothing_of_ours = not any(s.facts.key(one).ours for one in s.listed)
    if nothing_of_ours and s.facts.current and newest.created > s.facts.latest + CLOCK_SLACK_S:
        return Refuse(2, "journal-behind", (newest.id,))
    return Refuse(2, "strangers-key", (newest.id, *(one for one in s.listed if one != newest.id)))


def have_a_run(s: Situation) -> Step | None:
    """Without an open run there is nothing to continue."""
    return Finish("nothing open") if s.facts.run is None else None


def keep_every_holder(s: Situation) -> Step | None:
    """A consumer that may hold a key of ours stays in the file until a person says that it holds nothing.

    It stays by its name: two persons, two accounts in one file, two uses of one program have the same place.
    """
    held = [one for one in s.facts.consumers if one.may_hold and s.policy.consumer(one.name) is None]
    missing = [one.name for one in held if not _pointed_back(s, one)]
    return Refuse(2, "consumer-not-in-file", tuple(missing)) if missing else None


def _pointed_back(s: Situation, known: ConsumerFacts) -> bool:
    """Whether this is what a name left behind (`NAME@a1b2c3`), and the name points there again, so that it is told."""
    name, left, _ = known.name.partition(LEFT)
    traits = s.policy.consumer(name)
    if not left or traits is None:
        return False
    return set(traits.place.split(BETWEEN)).issuperset(known.place.split(BETWEEN))


def replace_what_is_gone(s: Situation) -> Step | None:
    """A key of ours that somebody else deleted is recorded as lost; a new one is made if it was the new one."""
    if s.run.new and s.status(s.new) is None:
        return _lost(s, s.run.new)
    if s.run.old and not s.run.old_gone and s.status(s.old) is None:
        return _lost(s, s.run.old)
    return None


def _lost(s: Situation, key: str) -> Step:
    """Absence from the list is believed only if IAM, asked for the key itself, does not know it either.

    IAM may also deny to speak of a key that is nobody's (a policy names users); then it must speak of another of ours.
    """
    if not s.asked_last_use(key):
        return Observe(Look.LAST_USE, key)
    if s.last_use(key) is not None:
        return Wait(2, Instant(s.now + RETRY_S), f"{key} is not listed, but IAM knows when it was used", urgent=True)
    others = [one for one in s.listed if one != key]
    if key in s.observed.denied and others and not s.asked_last_use(others[0]):
        return Observe(Look.LAST_USE, others[0])
    may_ask = not others or s.last_use(others[0]) is not None
    if key in s.observed.absent or (key in s.observed.denied and may_ask):
        return Forget(key)
    why = f"{key} is not listed, and whether it is still there could not be asked"
    return Wait(2, Instant(s.now + RETRY_S), why, urgent=True)


def name_what_came_back(s: Situation) -> Step | None:
    """A key of ours that was given up as lost is there after all: a person decides, before another is made beside it.

    Others may hold it, and we have erased its password: it is neither handed out nor deleted.  Whoever needs the old
    key has had it back by now: a list that is only stale must not keep them waiting, nor an incident from its new key.
    """
    back = [one for one in s.listed if one in s.facts.lost]
    if s.run.new or not back or s.now <= s.facts.latest + LIST_LAG_S:
        return None
    return Refuse(2, "key-came-back", (*back, *(one for one in s.listed if one not in back)))


def notice_foreign_hands(s: Situation) -> Step | None:
    """Somebody else switched one of our keys: push nothing more, stop, call a person."""
    if s.run.new and not s.new.compromised and not s.run.aborting and _switched_off(s, s.new):
        return Refuse(2, "key-switched-off", (s.run.new,))
    for key in (s.old, s.new):
        if key.id and key.compromised and _switched_on(s, key):
            return Revoke(key.id)
    if not s.run.old or s.run.old_gone:
        return None
    if _switched_on(s, s.old):
        return Refuse(2, "key-switched-on", (s.run.old,))
    landed_late = s.old.held and s.old.unclear_until  # ours, and `switch_on_again` undoes it
    if s.run.mode is Mode.SCHEDULED and not s.old.compromised and not landed_late and _switched_off(s, s.old):
        return Refuse(2, "key-switched-off", (s.run.old,))
    return None


def _switched_off(s: Situation, key: KeyFacts) -> bool:
    """Inactive, and no deactivation of ours explains it, not even one that may still be landing."""
    return s.status(key) is Status.INACTIVE and not key.deactivated_at and _own_effects_over(s, key, Effect.DEACTIVATE)


def _switched_on(s: Situation, key: KeyFacts) -> bool:
    """Active although we switched it off, and no reactivation of ours explains it."""
    off = bool(key.deactivated_at)
    return off and s.status(key) is Status.ACTIVE and _own_effects_over(s, key, Effect.REACTIVATE)


def _own_effects_over(s: Situation, key: KeyFacts, effect: Effect) -> bool:
    """Whether no effect of ours of that kind can explain what is listed."""
    if key.effect == effect and key.effect_outcome != Outcome.DONE:
        return False
    return s.observed.keys_at > max(key.effect_until, key.deactivate_until) + LIST_LAG_S
