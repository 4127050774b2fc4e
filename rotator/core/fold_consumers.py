"""What the fold does with a consumer that is told: pure helpers of `fold.py`."""

from __future__ import annotations

from rotator.core import events as ev
from rotator.core.facts import ConsumerFacts, Facts

SHOWN = 6  # digits of a place's fingerprint that tell it from the one that took its name over


def drain(before: ConsumerFacts) -> int:
    """A push without a clear answer may land until its deadline, whatever is pushed after it."""
    clear = before.push_outcome in (ev.Outcome.DONE, ev.Outcome.REFUSED, ev.Outcome.WAITING)
    return before.drain_until if clear else max(before.drain_until, before.push_until)


def leave_the_old_place(facts: Facts, told: ev.PushIntended) -> Facts:
    """If the name points elsewhere than at its last push: the place of before still holds what it held.

    It goes on as `NAME@a1b2c3`, which no file can name: it bars what would cut it off until a person forgets it.
    """
    before = facts.consumer(told.consumer)
    if not before.place or not told.place or before.place == told.place:
        return facts
    old = f"{told.consumer}@{before.place[:SHOWN]}"
    kept = facts.with_consumer(old, may_hold=before.may_hold, place=before.place)
    return kept.with_consumer(told.consumer, may_hold=(), push_outcome=ev.Outcome.DONE, drain_until=0)
