"""Defects that rotators have had, planted one at a time: as rules that differ from the shipped ones.

Nothing is patched: a rotation takes its rules as an argument.  Each takes away every safeguard that the shipped rules
have against it, for most promises are kept twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rotator.core.history.events import Outcome
from rotator.core.next_step import RULES, Rule
from rotator.core.rules import handing_over, incident, probe, survey
from rotator.core.situation import Act, Situation
from rotator.core.steps import Delete, Discard, Look, Observe, Orphan, OwnUnpushed, Reactivate, Retired, Step


def before(at: Rule, rule: Rule, rules: tuple[Rule, ...] = RULES) -> tuple[Rule, ...]:
    """The rules with one more before the first place of another."""
    place = rules.index(at)
    return (*rules[:place], rule, *rules[place:])


def without(rule: Rule, rules: tuple[Rule, ...] = RULES) -> tuple[Rule, ...]:
    """The rules without one of them."""
    assert rule in rules
    return tuple(one for one in rules if one is not rule)


def roll_back_on_a_lost_push_reply(s: Situation) -> Step | None:
    """A time-out taken for a failure: the new key is discarded, which a consumer may hold."""
    unclear = any(one.pushed == s.run.new and one.push_outcome == Outcome.UNKNOWN for _, one in s.consumers)
    if not s.run.new or not unclear or s.tried(Act.DISCARD, s.run.new):
        return None
    return Discard(OwnUnpushed(s.run.new), active=not s.new.deactivated_at)


def _undrained(rule: Rule) -> Rule:
    """A rule that has never heard of pushes which are still on their way."""

    def blind(s: Situation) -> Step | None:
        consumers = tuple(replace(one, drain_until=0) for one in s.facts.consumers)
        return rule(replace(s, facts=replace(s.facts, consumers=consumers)))

    return blind


def delete_the_oldest_of_two(s: Situation) -> Step | None:
    """The quota is full: the older key goes, whoever holds it."""
    if s.run.new or len(s.listed) < 2:
        return None
    oldest = min(s.listed.values(), key=lambda one: one.created)
    return Discard(Orphan(oldest.id), active=oldest.active)


def discard_without_provenance(s: Situation) -> Step | None:
    """A key that the journal does not know and that looks unused must be a left-over."""
    unknown = survey.strangers(s)
    return Discard(Orphan(unknown[0].id), active=unknown[0].active) if unknown else None


def ask_ses_at_once(s: Situation) -> Step | None:
    """The deactivation was acknowledged, so SES will surely refuse the key by now."""
    off = s.old.deactivated_at and not s.old.refused_at
    return Observe(Look.REFUSAL, s.run.old) if off else None


def switch_on_a_leaked_key(s: Situation) -> Step | None:
    """A consumer was refused twice: the old key comes back, though it leaked."""
    refused = any(one.canary_refused >= 2 for _, one in s.consumers)
    needed = s.old.id and s.old.deactivated_at and refused and not s.tried(Act.REACTIVATE, s.run.old)
    return Reactivate(s.run.old, "a consumer was refused") if needed else None


def free_a_slot_on_faith(s: Situation) -> Step | None:
    """The new key leaked, so the old one, just switched off, goes at once: this version was shipped."""
    if s.run.new and s.new.compromised and s.new.pushed and s.old.deactivated_at and not s.old.held:
        return Delete(Retired(s.run.old, "makes room in an incident"))
    return None


DEFECTS: dict[str, Callable[[], tuple[Rule, ...]]] = {
    "roll back on a lost push reply": lambda: before(
        handing_over.push_to_every_consumer, roll_back_on_a_lost_push_reply
    ),
    "no drain": lambda: tuple(_undrained(one) for one in without(handing_over.drain_before_evidence)),
    "delete the oldest of two keys": lambda: before(survey.settle_the_orphan, delete_the_oldest_of_two),
    "discard without provenance": lambda: before(survey.settle_the_orphan, discard_without_provenance),
    "a canary taken before SES refuses the old key": lambda: before(
        probe.see_who_misses_the_old_key, ask_ses_at_once
    ),
    "reactivate a compromised key": lambda: before(incident.switch_on_again, switch_on_a_leaked_key),
    "the old key goes before anybody was seen to do without": lambda: before(
        incident.make_room_for_a_successor, free_a_slot_on_faith
    ),
}
