"""What the fold does with a consumer that is told: pure helpers of `fold.py`."""

from __future__ import annotations

from itertools import zip_longest

from rotator.core.facts import BETWEEN, LEFT, ConsumerFacts, Facts
from rotator.core.history import events as ev

SHOWN = 6  # digits of a place's fingerprint that tell it from the one that took its name over


def drain(before: ConsumerFacts) -> int:
    """A push without a clear answer may land until its deadline, whatever is pushed after it."""
    clear = before.push_outcome in (ev.Outcome.DONE, ev.Outcome.REFUSED, ev.Outcome.WAITING)
    return before.drain_until if clear else max(before.drain_until, before.push_until)


def placed(named: ev.Adopted | ev.RunOpened) -> tuple[tuple[str, str], ...]:
    """The consumers with their places; an older event knows none."""
    return tuple(zip_longest(named.consumers, named.places[: len(named.consumers)], fillvalue=""))


def leave_the_old_place(facts: Facts, told: ev.PushIntended) -> Facts:
    """If the name points elsewhere than at its last push: the place of before still holds what it held.

    It goes on as `NAME@a1b2c3`, which no file can name: it bars what would cut it off until a person forgets it.
    """
    before = facts.consumer(told.consumer)
    if not before.place or not told.place:
        return facts
    now, then = set(told.place.split(BETWEEN)), before.place.split(BETWEEN)
    left = [one for one in then if one not in now]
    for one in left:
        facts = facts.with_consumer(f"{told.consumer}{LEFT}{one[:SHOWN]}", may_hold=before.may_hold, place=one)
    if len(left) < len(then):  # one of its copies is still there, with all that it held
        return facts
    return facts.with_consumer(told.consumer, may_hold=(), push_outcome=ev.Outcome.DONE, drain_until=0)
