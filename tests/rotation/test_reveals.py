"""A reveal is journalled with the time at which it happened, as far as AWS says what time it is."""

from __future__ import annotations

import pytest

from rotator.core.history import events as ev
from rotator.core.parts import Parts
from rotator.rotation import interventions
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from tests.rotation.memory_world import BY_HAND, MemoryWorld, build

HOUR = 3600


def waiting() -> tuple[MemoryWorld, Parts]:
    """A run that waits for a person, since an hour."""
    world, parts = build(BY_HAND)
    rotation = Rotation(parts)
    begin(rotation, Request(), "run-1")
    rotation.go_on()
    world.tick(HOUR)
    return world, parts


def revealed(parts: Parts) -> int:
    """When the journal says that it was handed out."""
    (one,) = (event for event in parts.journal.events() if isinstance(event, ev.Revealed))
    return one.at


def test_a_reveal_has_the_time_at_which_it_happened() -> None:
    """Not that of the newest entry, an hour ago: the audit trail says when somebody saw the password."""
    world, parts = waiting()
    given = interventions.hand_over(Rotation(parts), BY_HAND.name, "jada")
    assert (revealed(parts), given.untimed) == (world.now, None)


@pytest.mark.parametrize("call", ["keys", "identity"])
@pytest.mark.parametrize("skew", ["ahead", "behind"])
def test_of_two_times_that_differ_neither_is_written_down(call: str, skew: str) -> None:
    """Mail waits for the password, so it is given: the reveal has the newest entry's time, and the person is told."""
    world, parts = waiting()
    latest = Rotation(parts).facts.latest
    world.faults = {call: [skew]}
    given = interventions.hand_over(Rotation(parts), BY_HAND.name, "jada")
    assert (revealed(parts), given.untimed is None) == (latest, False)
