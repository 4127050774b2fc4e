"""(9) after the deactivation and (10) watch: who misses the old key?  The switch-off is a probe that can be undone.

What is looked at and sent meanwhile comes before any question and any wait (`see_who_misses_the_old_key`): one place
that is stuck does not keep another one, which still needs the old key, from being found out.
"""

from __future__ import annotations

from rotator.core import evidence
from rotator.core.access_keys import Instant, Status
from rotator.core.facts import ConsumerFacts
from rotator.core.policy import CANARY_GIVES_UP_S, DAY_S, REFUSAL_ASSUMED_S, RETRY_S, Traits
from rotator.core.rules.handing_over import if_gone, retry_at
from rotator.core.situation import Act, Situation
from rotator.core.steps import Look, Observe, SendCanary, Step, Wait

LAST_CHECK_S = 15 * 60  # a deletion is preceded by a canary not older than this


def see_who_misses_the_old_key(s: Situation) -> Step | None:
    """While it is off: every place is read back, SES is asked, and every canary that is due is sent."""
    if not _probing(s):
        return None
    told = [(traits, known) for traits, known in s.consumers if not _to_be_told(s, traits, known)]
    for traits, _ in told:
        if traits.reads_back and s.holding(traits.name) is None:
            return Observe(Look.READ_BACK, traits.name)
    if len(told) == len(s.consumers) and _may_ask_ses(s):  # asking takes a quarter hour: a push comes first
        return Observe(Look.REFUSAL, s.run.old)
    for traits, known in told:
        if traits.sends and not evidence.unattested(traits, known) and _due(s, traits, known):
            return SendCanary(traits.name, 10 if evidence.survived(s, known) else 9)
    return None


def _probing(s: Situation) -> bool:
    """Whether the old key is off, still there, and its successor is what mail goes out with."""
    off = bool(s.run.old and not s.run.old_gone and s.old.deactivated_at)
    return off and bool(s.run.new) and s.new.pushed and s.status(s.new) is Status.ACTIVE


def _to_be_told(s: Situation, traits: Traits, known: ConsumerFacts) -> bool:
    """Whether this process will push to it first; one that it could not tell is looked at all the same."""
    return evidence.needs_push(s, traits, known) and not (s.tried(Act.PUSH, traits.name) or _held_up(s))


def _held_up(s: Situation) -> bool:
    """Whether nobody is told in this process: an endpoint that the file changed meanwhile did not take the key."""
    return any(s.tried(Act.VERIFY, one) or s.tried(Act.UNSEAL, one) for one in evidence.unverified(s))


def _may_ask_ses(s: Situation) -> bool:
    """Whether to find out now if SES refuses the old key: once a process where we hold it, else after an hour."""
    if s.old.refused_at:
        return False
    if _can_ask_ses(s):
        return not s.tried(Act.REFUSAL, s.run.old)
    return s.now >= s.old.deactivated_at + REFUSAL_ASSUMED_S


def _can_ask_ses(s: Situation) -> bool:
    """Whether we hold the old key's password for an endpoint in the file, as far as this process knows."""
    return s.old.sealed and not s.tried(Act.UNSEAL, s.run.old)


def _due(s: Situation, traits: Traits, known: ConsumerFacts) -> bool:
    """Whether a canary is to be sent now.

    Before SES refuses the old key an arrival proves nothing, but a refusal tells who needs it: so who cannot say which
    key it holds is asked at once, and every hour.
    """
    if evidence.refused_for_good(known) or s.now < retry_at(known):
        return False
    if known.canary_refused:
        return True
    if not s.old.refused_at:
        return not traits.reads_back and _unasked(s, known)
    return not evidence.survived(s, known) or _due_in_the_watch(s, known)


def _unasked(s: Situation, known: ConsumerFacts) -> bool:
    return known.canary_tried_at < s.old.deactivated_at or s.now >= known.canary_tried_at + RETRY_S


def _due_in_the_watch(s: Situation, known: ConsumerFacts) -> bool:
    """A canary a day and one right before the end; a compromised key is not watched."""
    end = _end_of_watch(s)
    return not s.old.compromised and not _checked_last(s, known) and s.now >= min(end, known.canary_at + DAY_S)


def _end_of_watch(s: Situation) -> int:
    return s.old.deactivated_at + s.policy.watch_s


def _checked_last(s: Situation, known: ConsumerFacts) -> bool:
    return known.canary_at >= max(_end_of_watch(s), s.now - LAST_CHECK_S)


def wait_until_ses_refuses(s: Situation) -> Step | None:
    """Canaries count as *survived* only after SES refuses the old key: seen where we hold it, else an hour."""
    if s.old.refused_at:
        return None
    if _may_ask_ses(s):
        return Observe(Look.REFUSAL, s.run.old)
    if _can_ask_ses(s):
        why = f"SES still accepts {s.run.old} although it is Inactive"
        return Wait(9, _end_of_back_off(s, s.now + RETRY_S), why, urgent=True)
    until = s.old.deactivated_at + REFUSAL_ASSUMED_S
    return Wait(9, _end_of_back_off(s, until), "until SES has surely noticed that the old key is off")


def _end_of_back_off(s: Situation, at_the_latest: int) -> Instant:
    """When the first canary of unknown outcome may be repeated."""
    ends = (retry_at(known) for traits, known in s.consumers if traits.sends)
    return Instant(min([at_the_latest, *(at for at in ends if at > s.now)]))


def survive_the_deactivation(s: Situation) -> Step | None:
    """A canary has come through every consumer that can send, now that only the new key can carry it."""
    behind = [traits.name for traits, known in s.consumers if traits.sends and not evidence.survived(s, known)]
    if not behind:
        return None
    late = s.now >= s.old.refused_at + CANARY_GIVES_UP_S
    why = f"the canary through {', '.join(behind)} since the deactivation has neither arrived nor been refused"
    why += if_gone(s, s.old.refused_at, behind)
    return Wait(9, _end_of_back_off(s, s.now + RETRY_S), why, urgent=late)


def watch_while_inactive(s: Situation) -> Step | None:
    """Days of it, and a last canary through everybody; a compromised key is not waited for."""
    if s.old.compromised:
        return None
    end = _end_of_watch(s)
    if s.now < end:
        return Wait(10, Instant(end), "the watch: the old key is off and nobody misses it")
    behind = [traits.name for traits, known in s.consumers if traits.sends and not _checked_last(s, known)]
    if not behind:
        return None
    why = f"the last canary through {', '.join(behind)} has neither arrived nor been refused"
    why += if_gone(s, end, behind)
    return Wait(10, _end_of_back_off(s, s.now + RETRY_S), why, urgent=True)
