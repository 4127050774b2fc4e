"""What an open run keeps from one process to the next, and what it says when it cannot go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator import interventions
from rotator.core import steps
from rotator.core.parts import Parts
from rotator.core.policy import Mode
from rotator.opening import Request, begin
from rotator.outcome import report
from rotator.rotation import Ending, Rotation
from tests.rotation.memory_world import DAY, FILE, OLD, WORKSPACE, build


def turn(parts: Parts, request: Request | None = None) -> Ending:
    """One process."""
    rotation = Rotation(parts)
    begin(rotation, request or Request(), "run-1")
    return rotation.go_on()


def test_a_grace_chosen_when_the_run_began_is_kept_by_the_next_process() -> None:
    """`rotate --grace 5d`, then the daily run without it: five days pass, not the file's three."""
    world, parts = build(FILE)
    turn(parts, Request(grace_s=5 * DAY))
    world.tick(4 * DAY)
    turn(parts)
    assert world.keys[OLD].key.active
    world.tick(DAY)
    turn(parts)
    assert not world.keys[OLD].key.active


@pytest.mark.parametrize("mode", [Mode.SCHEDULED, Mode.EMERGENCY])
def test_a_grace_chosen_later_is_kept_as_well(mode: Mode) -> None:
    """A run that is open takes another grace over; it is neither more nor less urgent for that."""
    _, parts = build(WORKSPACE)
    turn(parts)
    key = OLD if mode else ""
    turn(parts, Request(mode, key, "leaked" if mode else "", grace_s=9 * DAY))
    events = len(parts.journal.events())
    turn(parts, Request(mode, key, "leaked" if mode else "", grace_s=9 * DAY))
    run = Rotation(parts).facts.run
    assert run is None or (run.mode, run.grace) == (mode, 9 * DAY)
    assert mode or len(parts.journal.events()) == events, "the same word twice is one"


def test_after_a_day_of_silence_a_person_is_told_what_is_left_to_do() -> None:
    """A canary that never arrives: nothing is retired, and from a day on the text says how to let a lost place go."""
    world, parts = build(WORKSPACE, FILE)
    world.faults = {f"send {WORKSPACE.name}": ["lost"] * 999}
    forget = f"rotator forget jada {WORKSPACE.name} --reason"
    first = report(turn(parts), "jada")
    assert WORKSPACE.name in first.summary
    assert forget not in first.summary
    world.tick(DAY)
    second = report(turn(parts), "jada")
    assert forget in second.summary
    world.tick(40 * DAY)
    assert report(turn(parts), "jada").summary == second.summary, "told once, not anew every hour"
    assert world.keys[OLD].key.active
    left = replace(parts.policy, consumers=tuple(one for one in parts.policy.consumers if one.name != WORKSPACE.name))
    parts = replace(parts, policy=left)
    interventions.forget(Rotation(parts), WORKSPACE.name, "the mailbox was closed")
    step = turn(parts).step
    assert isinstance(step, steps.Wait)
    assert (step.number, world.keys[OLD].key.active) == (10, False), "the grace of the others is long over"
