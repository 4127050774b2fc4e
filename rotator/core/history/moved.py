"""Whether a rotation came between two looks at a journal."""

from __future__ import annotations

from rotator.core.facts import Facts


def moved(before: Facts, after: Facts, consumer: str = "") -> str:
    """What a rotation did between two looks that matters for who holds which key; empty if nothing."""
    if before.run != after.run and after.run is not None:
        opened = before.run is None or before.run.id != after.run.id
        return f"run {after.run.id} {'was opened' if opened else 'went on'} meanwhile"
    if (before.run, before.current) != (after.run, after.current):
        return "a rotation was finished meanwhile"
    told = [(one.pushed, one.push_at, one.attested_at) for one in (before.consumer(consumer), after.consumer(consumer))]
    if told[0] != told[1]:
        return f"{consumer} was told a key meanwhile"
    switched = [{(one.id, one.effect, one.effect_until) for one in facts.keys} for facts in (before, after)]
    if switched[0] != switched[1]:
        return "a key was switched or deleted meanwhile"
    leaked = [{one.id for one in facts.keys if one.compromised} for facts in (before, after)]
    return "" if leaked[0] == leaked[1] else "a key was reported as leaked meanwhile"
