"""A process that was paused between an intent and its effect sends nothing any more, whatever the effect.

Time is injected here; `test_processes.py` stops a real process for real seconds.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core import steps
from rotator.core.errors import StopError
from rotator.core.history import events as ev
from rotator.core.parts import Parts
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from tests.rotation.memory_world import DAY, FILE, OLD, WORKSPACE, MemoryWorld, WorldJournal, build

INTENTS = (ev.CreateIntended, ev.PushIntended, ev.CanaryIntended, ev.EffectIntended)
EFFECTS = ("create", "push", "send", "deactivate", "activate", "delete")  # as the world calls them
TURNS_AT_MOST = 40


class Paused(WorldJournal):
    """A journal whose process is paused right after its n-th intent was written."""

    def __init__(self, world: MemoryWorld, pause_at: int) -> None:
        super().__init__(world)
        self.left = pause_at
        self.effects: int | None = None  # effects that the world had seen when the pause began

    def append(self, event: ev.Event) -> None:
        super().append(event)
        if isinstance(event, INTENTS):
            self.left -= 1
            if self.left == 0:
                self.effects = effects(self._world)
                self._world.tick(REQUEST_DEADLINE_S)


def effects(world: MemoryWorld) -> int:
    """How many effects the world has seen."""
    return sum(call.split()[0] in EFFECTS for call in world.calls)


def life(pause_at: int) -> tuple[MemoryWorld, Parts, Paused, list[int]]:
    """A rotation from its beginning to its end, with one pause; also the effects seen when the pause was noticed."""
    world, parts = build(FILE, WORKSPACE)
    journal = Paused(world, pause_at)
    for event in parts.journal.events():
        journal.append(event)
    journal.vault.rows |= parts.journal.vault.rows  # type: ignore[attr-defined]
    parts = replace(parts, journal=journal)
    noticed: list[int] = []
    for turn in range(TURNS_AT_MOST):
        rotation = Rotation(parts)
        try:
            if turn == 0:
                begin(rotation, Request(), "run-1")
            if isinstance(rotation.go_on().step, steps.Finish):
                return world, parts, journal, noticed
        except StopError as error:
            noticed += [effects(world)] * (error.id == "paused")
        world.tick(DAY if turn % 2 else 60)
    raise AssertionError("never finished")


def intents_of_a_whole_life() -> int:
    """How many intents a rotation writes."""
    _, parts, _, noticed = life(pause_at=0)
    assert noticed == []
    return sum(isinstance(event, INTENTS) for event in parts.journal.events())


def test_there_is_an_intent_for_every_effect() -> None:
    """What follows is about all of them: a create, two pushes, canaries, a deactivation, a deletion."""
    world, *_ = life(pause_at=0)
    assert intents_of_a_whole_life() == effects(world) >= 7


@pytest.mark.parametrize("pause_at", range(1, intents_of_a_whole_life() + 1))
def test_a_pause_before_an_effect_voids_it(pause_at: int) -> None:
    """Not sent, said so, and the next process goes on to the same good end."""
    world, _, journal, noticed = life(pause_at)
    assert noticed == [journal.effects]
    assert OLD in world.deleted
    assert len(world.deleted) == 1
    assert world.made == 1
