"""(3) preflight to (7) confirm: a new key is made, proven, handed to every consumer, and evidence collected."""

from __future__ import annotations

from collections.abc import Sequence

from rotator.core import evidence
from rotator.core.access_keys import KEYS_PER_USER, Instant
from rotator.core.facts import ConsumerFacts
from rotator.core.policy import (
    CANARY_BACKOFF_S,
    CANARY_GIVES_UP_S,
    LAST_USED_LAG_S,
    RETRY_S,
    WRONG_PASSWORD_S,
    Mode,
    Traits,
)
from rotator.core.ports import Unknown
from rotator.core.situation import Act, Situation
from rotator.core.steps import (
    Ask,
    Create,
    Look,
    Observe,
    Preflight,
    Push,
    Refuse,
    SendCanary,
    Step,
    Verify,
    Wait,
)


def preflight_before_create(s: Situation) -> Step | None:
    """Whatever could fail later is tried first.

    Where consumers go without mail meanwhile, in an incident or because their key is gone, one broken consumer does
    not hold up the rest.
    """
    if s.run.new:
        return None
    if len(s.listed) >= KEYS_PER_USER:
        return Refuse(3, "key-quota-full", tuple(s.listed))
    if s.observed.preflight is None:
        return Preflight()
    urgent = s.run.mode is not Mode.SCHEDULED or s.told_key_is_gone or s.run.old_gone
    found = [one for one in s.observed.preflight if not one.warning and not (urgent and one.consumer)]
    if not found:
        return None
    first = found[0]
    return Refuse(3, "preflight", (first.id, first.seen, first.fix, first.runbook, str(int(first.exit_code))))


def create_once(s: Situation) -> Step | None:
    """One create at a time: an unclear one is waited out, then the list is looked at again."""
    if s.run.new:
        return None
    if s.facts.intents and s.now <= s.facts.intents[-1].until:
        return Wait(4, Instant(s.facts.intents[-1].until + 1), "until the unclear create can no longer land")
    if s.tried(Act.CREATE, s.facts.user):
        return Wait(4, Instant(s.now + RETRY_S), "CreateAccessKey was refused", urgent=True)
    return Create(tuple(sorted(s.listed)))


def verify_before_push(s: Situation) -> Step | None:
    """The new key logs in at every endpoint in use before anybody is told."""
    for endpoint in evidence.unverified(s):
        if s.tried(Act.UNSEAL, endpoint):
            users = [one.name for one in s.policy.consumers if one.endpoint == endpoint]
            return Refuse(5, "region-without-password", (endpoint, ", ".join(users)))
        if s.tried(Act.VERIFY, endpoint):
            why = f"{endpoint} did not accept the new key in time{_if_edited(s)}"
            return Wait(5, Instant(s.now + RETRY_S), why, urgent=True)
        since = s.run.refused_since
        return Verify(s.run.new, endpoint, compare_old=bool(since and s.now >= since + WRONG_PASSWORD_S))
    return None


def _if_edited(s: Situation) -> str:
    """Somebody was told already, so every endpoint had accepted the key: this one is another now."""
    return "; the file changed or added it in the open run: is it right?  Else put it back" if s.new.pushed else ""


def push_to_every_consumer(s: Situation) -> Step | None:
    """Everybody is told, one after the other; one that fails does not keep the others waiting."""
    behind = [(one, known) for one, known in s.consumers if evidence.needs_push(s, one, known)]
    if s.new.compromised and (behind or _not_pasted_yet(s)):
        return Ask(6, "revoke-first", (s.run.new,), "the new key leaked before all had it: give it to nobody else")
    untried = [(one.name, evidence.may_be_overtaken_until(one, known)) for one, known in behind]
    untried = [(name, until) for name, until in untried if not s.tried(Act.PUSH, name)]
    for name, until in untried:
        if until < s.now:
            return Push(name, s.run.new)
    if untried:
        until = min(until for _, until in untried)
        return Wait(6, Instant(until + 1), "until no unclear push for the former server can land any more")
    names = ", ".join(one.name for one, _ in behind)
    return Wait(6, Instant(s.now + RETRY_S), f"{names} could not be told", urgent=True) if behind else None


def drain_before_evidence(s: Situation) -> Step | None:
    """A push of unknown outcome may still land: evidence counts only after its deadline."""
    until = max(consumer.drain_until for _, consumer in s.consumers)
    return Wait(6, Instant(until + 1), "until no unclear push can land any more") if until >= s.now else None


def read_back_where_possible(s: Situation) -> Step | None:
    """A consumer that can be read back is asked anew in every process, before anything rests on it."""
    for traits, _ in s.consumers:
        if traits.reads_back and s.holding(traits.name) is None:
            return Observe(Look.READ_BACK, traits.name)
    unclear = [one.name for one, _ in s.consumers if one.reads_back and isinstance(s.holding(one.name), Unknown)]
    if unclear:
        return Wait(7, Instant(s.now + RETRY_S), f"{', '.join(unclear)} cannot be read back", urgent=True)
    return None


def canary_before_retiring(s: Situation) -> Step | None:
    """One mail through every consumer that can send and cannot be read back."""
    for traits, consumer in s.consumers:
        if not _wants_canary(traits, consumer):
            continue
        if not consumer.canary_at or consumer.canary_refused:
            step = canary(s, traits, consumer, 7)
            if step is not None:
                return step
    return None


def _wants_canary(traits: Traits, consumer: ConsumerFacts) -> bool:
    return traits.sends and not traits.reads_back and not evidence.unattested(traits, consumer)


def canary(s: Situation, traits: Traits, consumer: ConsumerFacts, number: int) -> Step | None:
    """The next canary through a consumer, or nothing while its back-off runs (see `wait_for_canaries`)."""
    return None if s.now < retry_at(consumer) else SendCanary(traits.name, number)


def retry_at(consumer: ConsumerFacts) -> int:
    """When a canary of unknown outcome may be repeated; 0 = at once."""
    if not consumer.canary_unknown:
        return 0
    step = min(consumer.canary_unknown - 1, len(CANARY_BACKOFF_S) - 1)
    return consumer.canary_tried_at + CANARY_BACKOFF_S[step]


def ask_whoever_feeds_by_hand(s: Situation) -> Step | None:
    """A person pastes for as long as it takes; both keys stay Active meanwhile."""
    waiting = _not_pasted_yet(s)
    return Ask(7, "hand-over", tuple(waiting), "a person has to put the new credential there") if waiting else None


def _not_pasted_yet(s: Situation) -> list[str]:
    return [one.name for one, known in s.consumers if evidence.unattested(one, known)]


def wait_for_canaries(s: Situation) -> Step | None:
    """Evidence that is still missing is waited for; after a while a person should know."""
    behind = [(traits, known) for traits, known in s.consumers if evidence.confirmed(s, traits, known) is None]
    if not behind:
        return None
    names = [traits.name for traits, _ in behind]
    since = min(max(known.push_at, known.attested_at) for _, known in behind)
    until = min(at if (at := retry_at(known)) > s.now else s.now + RETRY_S for _, known in behind)
    why = f"no canary through {', '.join(names)} has arrived yet" + if_gone(s, since, names)
    return Wait(7, Instant(until), why, urgent=True)


def if_gone(s: Situation, since: int, names: Sequence[str]) -> str:
    """After a day of silence: what is left to do, no word stands in for the proof.  The text stays the same."""
    if s.now < since + CANARY_GIVES_UP_S:
        return ""
    return (
        "; a day has passed, and nothing is retired without that proof.  Mend the place; one that is gone: take it out "
        f"of the file, then: rotator forget {s.facts.user} {names[0]} --reason …"
    )


def canary_again_if_old_key_moved(s: Situation) -> Step | None:
    """The old key was used in a canary's quarter hour: repeat it once; then the consumer is behind: tell it again.

    Looked at from four hours after the canary on, so that a consumer left behind is found early in the grace.
    """
    if not s.run.old or s.run.old_gone or s.old.deactivated_at or not evidence.patient(s):
        return None
    for traits, consumer in s.consumers:
        if not _wants_canary(traits, consumer) or s.now < consumer.canary_at + LAST_USED_LAG_S:
            continue
        for key in (s.run.new, s.run.old):
            if not s.asked_last_use(key):
                return Observe(Look.LAST_USE, key)
        if evidence.old_key_moved(s, consumer):
            return _behind(s, traits, consumer)
    return None


def _behind(s: Situation, traits: Traits, consumer: ConsumerFacts) -> Step:
    if consumer.canary_at == consumer.canary_first_at:
        waiting = Wait(7, Instant(retry_at(consumer)), f"until the canary through {traits.name} may be repeated")
        return canary(s, traits, consumer, 7) or waiting
    if not s.tried(Act.PUSH, traits.name):
        return Push(traits.name, s.run.new)
    return Ask(7, "still-on-old-key", (traits.name,), "its canary moved the old key's last-used, twice")
