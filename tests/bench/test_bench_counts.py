"""The outside calls of a rotation are counted, and each is needed by a rule."""

from __future__ import annotations

from rotator.core.next_step import RULES
from tests.bench.needed import CONNECTIONS, NEEDED, RECORDED
from tests.bench.processes import calls_since, calm_world, rotate


def test_a_rotation_makes_only_the_calls_that_a_rule_needs() -> None:
    """A calm rotate up to the grace makes exactly the listed calls, in that order, and opens no further connection."""
    with calm_world() as world:
        since = world.record.count()
        cost = rotate(world)
        assert tuple(calls_since(world, since)) == RECORDED
    assert cost.report["counts"]["socket.create_connection"] == CONNECTIONS


def test_every_listed_call_names_a_rule_that_exists() -> None:
    """A rule that is gone takes its calls with it."""
    assert {rule for _, rule in NEEDED} <= {rule.__name__ for rule in RULES}
