"""Whole rotations in memory: every kind of consumer, from the first turn to the deletion of the old key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core import steps
from rotator.core.access_keys import Status
from rotator.core.parts import Parts, Progress
from rotator.core.policy import Traits
from rotator.rotation import interventions
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from tests.rotation.memory_world import (
    BY_HAND,
    DAY,
    FILE,
    OLD,
    PERSON_WITH_TOKEN,
    WORKSPACE,
    MemoryWorld,
    build,
)

CASES = {
    "a file that can be read back": (FILE,),
    "a Workspace alias that can send": (WORKSPACE,),
    "a person": (BY_HAND,),
    "a person whose mailbox we can send through": (PERSON_WITH_TOKEN,),
    "all of them at once": (FILE, WORKSPACE, BY_HAND, PERSON_WITH_TOKEN),
}


def turn(world: MemoryWorld, parts: Parts, opening: bool = False) -> steps.Step:
    """One process: it looks, decides and works until there is nothing to do now."""
    rotation = Rotation(parts)
    if opening:
        begin(rotation, Request(), "run-1")
    return rotation.go_on().step


def paste(world: MemoryWorld, parts: Parts, name: str) -> None:
    """The person takes the new credential and puts it into the place."""
    rotation = Rotation(parts)
    parts.consumers[name].held = interventions.hand_over(rotation, name, "jada").credential  # type: ignore[attr-defined]
    interventions.confirm(rotation, name, "jada")
    rotation.go_on()


def play(world: MemoryWorld, parts: Parts) -> list[steps.Step]:
    """Daily turns, and a person who does what is asked, until the run is finished."""
    ends = [turn(world, parts, opening=True)]
    for _ in range(40):
        if isinstance(ends[-1], steps.Finish):
            return ends
        if isinstance(ends[-1], steps.Ask):
            for name in ends[-1].targets:
                paste(world, parts, name)
        else:
            world.tick(DAY)
        ends.append(turn(world, parts))
    raise AssertionError(f"never finished: {ends[-3:]}")


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize("traits", CASES.values(), ids=CASES.keys())
def test_a_rotation_ends_with_exactly_the_new_key(traits: tuple[Traits, ...], calibrated: bool) -> None:
    """Whoever holds the credential, the run ends with one Active key that everybody holds."""
    world, parts = build(*traits)
    world.last_use_works = calibrated
    ends = play(world, parts)
    assert ends[-1] == steps.Finish("rotated")
    (key,) = world.keys.values()
    assert key.key.status is Status.ACTIVE
    assert world.deleted == [OLD]
    assert {one.held.key for one in parts.consumers.values()} == {key.key.id}  # type: ignore[attr-defined]


def test_the_old_key_outlives_grace_and_watch() -> None:
    """The old key is Active for three days of grace and Inactive for seven days of watch."""
    world, parts = build(FILE, WORKSPACE)
    seen: list[Progress] = []
    play(world, replace(parts, observer=seen.append))
    names = [one.name for one in seen]
    assert names.index("deactivate") < names.index("delete")
    assert names.count("canary") >= 1 + 1 + 6  # before, after, and daily while it is watched
    assert world.now >= 1_800_000_000 + 10 * DAY


def test_one_create_and_one_delete_are_sent() -> None:
    """A happy rotation creates one key and deletes one key, once each."""
    world, parts = build(FILE, WORKSPACE)
    play(world, parts)
    assert world.calls.count("create") == 1
    assert world.calls.count("delete") == 1
    assert world.calls.count("deactivate") == 1


@pytest.mark.parametrize("calibrated", [True, False], ids=["last-used tells", "last-used says nothing"])
def test_a_consumer_that_only_says_yes_is_found(calibrated: bool) -> None:
    """A push that was acknowledged and not done is found, early where last-used tells; mail flows all the while."""
    world, parts = build(WORKSPACE)
    world.last_use_works = calibrated
    world.faults = {"push news": ["lied"]}
    seen: list[Progress] = []
    ends = play(world, replace(parts, observer=seen.append))
    assert ends[-1] == steps.Finish("rotated")
    (key,) = world.keys.values()
    assert parts.consumers["news"].held.key == key.key.id  # type: ignore[attr-defined]
    names = [one.name for one in seen]
    assert names.count("reactivate") == (0 if calibrated else 1)


@pytest.mark.parametrize("effect", ["deactivate", "delete"])
def test_an_unclear_answer_of_iam_is_asked_again_at_once(effect: str) -> None:
    """A lost reply of a deactivation or deletion does not wait for tomorrow: the same process repeats it."""
    world, parts = build(FILE)
    world.faults = {effect: ["reply_lost"]}
    seen: list[Progress] = []
    play(world, replace(parts, observer=seen.append))
    assert [one.status for one in seen if one.name == effect] == ["failed", "ok"]
    assert world.calls.count(effect) == 2
