"""What the fold does with keys that are gone, leaked or half switched: pure helpers of `fold.py`."""

from __future__ import annotations

from dataclasses import replace

from rotator.core.facts import CreateIntent, Facts, KeyFacts
from rotator.core.history import events as ev


def unclear(before: KeyFacts) -> int:
    """A deactivation without a clear answer may land until its deadline, whatever is sent after it."""
    open_still = before.effect == ev.Effect.DEACTIVATE and before.effect_outcome in ("", ev.Outcome.UNKNOWN)
    return max(before.unclear_until, before.effect_until) if open_still else before.unclear_until


def missed(key: KeyFacts) -> bool:
    """Whether the password of a key that is gone is kept a while: anybody may hold it, and it went without us."""
    return key.pushed and key.sealed and key.effect != ev.Effect.DELETE


def deleted(facts: Facts, key: str) -> Facts:
    """After a deletion, whoever's; if the run's new key leaked, it takes the place of the old one that made room."""
    by_us = facts.key(key).effect == ev.Effect.DELETE
    gone = replace(facts.without_key(key, by_us=by_us), intents=without_birth(facts, key))
    run = facts.run
    if run is None:
        return gone
    if key == run.new:
        return gone.with_run(new="", new_at=0, verified=(), refused_since=0)
    if key == run.old and run.new and facts.key(run.new).compromised:
        return succeeded(gone)
    return gone.with_run(old_gone=run.old_gone or key == run.old)


def succeeded(facts: Facts) -> Facts:
    """The run's new key leaked and is the one to be replaced; the run makes another."""
    assert facts.run is not None
    return facts.with_run(old=facts.run.new, old_gone=False, new="", new_at=0, verified=(), refused_since=0)


def without_birth(facts: Facts, key: str) -> tuple[CreateIntent, ...]:
    """The intents that may still land: one attempt makes one key, and this one is gone."""
    born = facts.key(key).born
    intent = next((one for one in facts.intents if born and one.bore(key, born)), None)
    return tuple(one for one in facts.intents if one is not intent)
