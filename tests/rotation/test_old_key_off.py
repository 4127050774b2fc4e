"""The old key is off and a place still needs it: nobody else's trouble keeps that from being found out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from rotator.core import steps
from rotator.core.access_keys import Status
from rotator.core.parts import Parts, Progress
from rotator.core.policy import Traits
from rotator.rotation import interventions
from rotator.rotation.loop import Ending, Rotation
from rotator.rotation.opening import Request, begin
from rotator.rotation.outcome import rows
from tests.rotation.memory_world import (
    BY_HAND,
    DAY,
    FILE,
    OLD,
    REGION,
    WORKSPACE,
    MemoryConsumer,
    MemoryEndpoint,
    MemoryWorld,
    build,
)

NEWS = replace(WORKSPACE, server="public")
SECOND = replace(WORKSPACE, name="letters")
Trouble = Callable[[MemoryWorld, Parts], Parts]


class Died(BaseException):
    """The process dies right after the step that a test is about."""


def die_after_deactivation(progress: Progress) -> None:
    """An observer that ends the process there."""
    if isinstance(progress.step, steps.Deactivate):
        raise Died


def left_behind(*traits: Traits, sealed: bool = True) -> tuple[MemoryWorld, Parts]:
    """A run that just switched the old key off, which `news` still holds: it said yes and did nothing."""
    world, parts = build(*traits, sealed=sealed, observer=die_after_deactivation)
    world.last_use_works = False  # nothing tells on it before
    world.faults = {f"push {WORKSPACE.name}": ["lied"]}
    begin(Rotation(parts), Request(), "run-1")
    with contextlib.suppress(Died):
        while True:
            Rotation(parts).go_on()
            world.tick(DAY)
    assert world.keys[OLD].key.status is Status.INACTIVE
    return world, replace(parts, observer=lambda _: None)


def nothing(world: MemoryWorld, parts: Parts) -> Parts:
    """All is well."""
    return parts


def unreadable(world: MemoryWorld, parts: Parts) -> Parts:
    """The file cannot be read back any more."""
    world.faults[f"holds {FILE.name}"] = ["unreadable"] * 99
    return parts


def silent(world: MemoryWorld, parts: Parts) -> Parts:
    """Mail of the other alias, which is asked first, does not come through."""
    world.faults[f"send {SECOND.name}"] = ["lost"] * 99
    return parts


def accepted(world: MemoryWorld, parts: Parts) -> Parts:
    """SES says for a quarter hour that it still takes the old key; the front end of the alias has noticed."""
    world.faults["refuses"] = ["slow"]
    return parts


def with_a_new_place(world: MemoryWorld, parts: Parts, new: Traits) -> Parts:
    """The file names one more place."""
    consumers = {**parts.consumers, new.name: MemoryConsumer(world, new, None)}
    policy = replace(parts.policy, consumers=(new, *parts.policy.consumers))
    return replace(parts, policy=policy, consumers=consumers)


def a_person_to_come(world: MemoryWorld, parts: Parts) -> Parts:
    """The file names one more place, which waits for a person."""
    return with_a_new_place(world, parts, BY_HAND)


def not_to_be_told(world: MemoryWorld, parts: Parts) -> Parts:
    """The file names one more place, which refuses what it is told."""
    world.faults["push more"] = ["refused"] * 99
    return with_a_new_place(world, parts, replace(FILE, name="more"))


def gone_from_the_file(world: MemoryWorld, parts: Parts) -> Parts:
    """The file no longer names a place that holds the new key."""
    kept = tuple(one for one in parts.policy.consumers if one.name != FILE.name)
    return replace(parts, policy=replace(parts.policy, consumers=kept))


def at_a_new_endpoint(world: MemoryWorld, parts: Parts, region: str) -> Parts:
    """The file names another endpoint for the alias that was left behind, and for no other place."""
    there = MemoryEndpoint(world)
    there.name, there.region = "there", region
    others = (one for one in parts.policy.consumers if one.name != NEWS.name)
    policy = replace(parts.policy, consumers=(*others, replace(NEWS, endpoint="there", server="new")))
    return replace(parts, policy=policy, endpoints={**parts.endpoints, "there": there})


def at_a_dead_endpoint(world: MemoryWorld, parts: Parts) -> Parts:
    """The new endpoint does not take the new key."""
    world.faults["soak"] = ["535"] * 99
    return at_a_new_endpoint(world, parts, REGION)


def in_a_new_region(world: MemoryWorld, parts: Parts) -> Parts:
    """The new endpoint is in a region for which the new key has no password."""
    return at_a_new_endpoint(world, parts, "eu-west-1")


TROUBLES: dict[str, tuple[Trouble, bool]] = {
    "nothing else is wrong": (nothing, True),
    "the old password is not known": (nothing, False),
    "another place cannot be read back": (unreadable, True),
    "another place cannot be read back, and the old password is not known": (unreadable, False),
    "another alias is silent": (silent, True),
    "SES still takes the old key elsewhere": (accepted, True),
    "a new place waits for a person": (a_person_to_come, True),
    "a new place cannot be told": (not_to_be_told, True),
    "another place left the file": (gone_from_the_file, True),
    "the file changed its endpoint to one that does not answer": (at_a_dead_endpoint, True),
    "the file changed its endpoint to one in a new region": (in_a_new_region, True),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_who_still_needs_the_old_key_is_found_out_at_once(trouble: str) -> None:
    """The next process switches the old key on again for the place that was left behind, whatever else is stuck."""
    act, sealed = TROUBLES[trouble]
    world, parts = left_behind(FILE, SECOND, NEWS, sealed=sealed)
    Rotation(act(world, parts)).go_on()
    assert world.keys[OLD].key.status is Status.ACTIVE


def test_a_canary_before_ses_refuses_the_old_key_does_not_count_as_survived() -> None:
    """Without the old password an hour passes first: mail that arrives in it may have gone out on the old key."""
    world, parts = build(WORKSPACE, sealed=False)
    world.last_use_works = False
    begin(Rotation(parts), Request(), "run-1")
    ending = until_off(world, parts)
    assert isinstance(ending.step, steps.Wait)
    assert (rung_of(ending), ending.step.until - world.now) == ("canary", 3600)
    world.tick(3600)
    ending = Rotation(parts).go_on()
    assert rung_of(ending) == "survived"


def until_off(world: MemoryWorld, parts: Parts) -> Ending:
    """Go on, a process a day, to the end of the one that switches the old key off."""
    ending = Rotation(parts).go_on()
    while world.keys[OLD].key.active:
        world.tick(DAY)
        ending = Rotation(parts).go_on()
    return ending


def rung_of(ending: Ending) -> str:
    """The rung that the only consumer stands on."""
    (row,) = rows(ending.situation)
    return row.rung


@pytest.mark.parametrize("again", ["by itself", "by a person"])
def test_what_was_survived_once_is_survived_anew_after_the_key_was_on(again: str) -> None:
    """The old key was on again in between: a canary from before says nothing about the next time it is off."""
    world, parts = build(FILE, WORKSPACE)
    begin(Rotation(parts), Request(), "run-1")
    ending = until_off(world, parts)
    assert {one.rung for one in rows(ending.situation)} == {"read_back", "survived"}
    if again == "by itself":
        file = parts.consumers[FILE.name]
        file.held = parts.journal.vault.open(OLD, FILE.endpoint)  # type: ignore[attr-defined, arg-type]
        ending = Rotation(parts).go_on()
    else:
        interventions.reactivate(Rotation(parts), OLD, "the billing job", at_terminal=False)
        ending = Rotation(parts).go_on()
    assert world.keys[OLD].key.active
    assert "survived" not in {one.rung for one in rows(ending.situation)}
