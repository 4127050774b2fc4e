"""The evidence of every consumer in every past run, as the journal alone shows it: which rung, since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rotator.core.access_keys import Instant
from rotator.core.evidence import Rung, rung
from rotator.core.facts import ConsumerFacts, Facts
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.policy import Policy, Traits
from rotator.core.situation import Observed, Situation

SHOWING = (ev.PushSettled, ev.Attested, ev.ReadBack, ev.CanarySettled, ev.OldRefused)


@dataclass(frozen=True, slots=True)
class Reached:
    """The highest rung that a consumer reached in a run, and when; times are UTC epoch seconds."""

    consumer: str
    rung: Rung
    at: int


def reached(events: Sequence[ev.Event], policy: Policy) -> dict[str, tuple[Reached, ...]]:
    """Run id -> the highest rung of every consumer that was told something in it.

    What IAM's last-used said is not in the journal, so *old key still* is never found here.  A consumer that the file
    no longer names is taken for what it did.
    """
    facts, found = Facts(), dict[str, dict[str, Reached]]()
    for event in events:
        facts = fold([event], facts)
        if facts.run is None or not isinstance(event, SHOWING):
            continue
        best = found.setdefault(facts.run.id, {})
        for one in _now(facts, policy, event.at):
            if one.consumer not in best or one.rung > best[one.consumer].rung:
                best[one.consumer] = one
    return {run: tuple(best[name] for name in sorted(best)) for run, best in found.items()}


def _now(facts: Facts, policy: Policy, at: int) -> Iterator[Reached]:
    situation = Situation(facts, Observed(), policy, Instant(at))
    for known in facts.consumers:
        if facts.run is not None and known.pushed == facts.run.new:
            traits = policy.consumer(known.name) or _as_it_behaved(known)
            yield Reached(known.name, rung(situation, traits, known), at)


def _as_it_behaved(known: ConsumerFacts) -> Traits:
    """What a consumer that is no longer in the file could evidently do."""
    return Traits(
        known.name,
        "",
        "",
        by_hand=known.push_outcome == ev.Outcome.WAITING,
        reads_back=bool(known.read_back),
        sends=bool(known.canary_at),
    )
