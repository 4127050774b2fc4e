"""Journals that older versions left behind, at every step: this version finishes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rotator.core import steps
from rotator.core.access_keys import Status
from rotator.core.parts import Parts
from rotator.rotation import interventions
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from tests.rotation.memory_world import DAY, MemoryWorld
from tests.rotation.recorded import JOURNALS, SNAPSHOTS, reopen

DAYS_AT_MOST = 40
OUTCOMES = {
    "05-abort-asked": "aborted", "05-discard-intended": "aborted",
    "05-aborted": "nothing open", "11-finished": "nothing open",
}  # fmt: skip
KEPT = sorted(JOURNALS.glob("v*/*.sql"))


def test_every_step_has_its_journal() -> None:
    """For the current schema version there is a journal of every step."""
    assert {one.stem for one in (JOURNALS / "v1").glob("*.sql")} == set(SNAPSHOTS)


@pytest.mark.parametrize("dump", KEPT, ids=[f"{one.parent.name}-{one.stem}" for one in KEPT])
def test_an_old_journal_is_finished(dump: Path, tmp_path: Path) -> None:
    """Whatever step a run was left at, and by whichever version, it ends with one Active key that everybody holds."""
    tmp_path.chmod(0o700)
    world, open_parts = reopen(dump, tmp_path)
    step, parts = lived_on(world, open_parts)
    (key,) = world.keys.values()
    assert step == steps.Finish(OUTCOMES.get(dump.stem, "rotated"))
    assert key.key.status is Status.ACTIVE
    assert holders(parts) == {key.key.id}


@pytest.mark.parametrize("dump", KEPT, ids=[f"{one.parent.name}-{one.stem}" for one in KEPT])
def test_an_old_journal_is_gone_on_with(dump: Path, tmp_path: Path) -> None:
    """After the run that an older version began, the next one is begun and finished on the same journal."""
    tmp_path.chmod(0o700)
    world, open_parts = reopen(dump, tmp_path)
    lived_on(world, open_parts)
    (before,) = world.keys
    parts = open_parts()
    with parts.journal:  # type: ignore[attr-defined]
        begin(Rotation(parts), Request(), "run-2")
    step, parts = lived_on(world, open_parts)
    (after,) = world.keys
    assert (step, after != before, holders(parts)) == (steps.Finish("rotated"), True, {after})


@pytest.mark.parametrize("dump", KEPT, ids=[f"{one.parent.name}-{one.stem}" for one in KEPT])
def test_what_an_older_version_told_is_not_told_again(dump: Path, tmp_path: Path) -> None:
    """The places and servers that this version knows from the file, and an older journal does not, are no change."""
    asked = []
    for where in ("", "0123456789abcdef"):
        scratch = tmp_path / f"file{where}"
        scratch.mkdir(mode=0o700)
        world, open_parts = reopen(dump, scratch)
        lived_on(world, lambda where=where, open_parts=open_parts: in_file(open_parts(), where))  # type: ignore[misc]
        asked.append(world.calls)
    assert asked[0] == asked[1]


def in_file(parts: Parts, where: str) -> Parts:
    """The same file, whose places and servers are known by these fingerprints."""
    consumers = tuple(replace(one, place=where, server=where) for one in parts.policy.consumers)
    return replace(parts, policy=replace(parts.policy, consumers=consumers))


def holders(parts: Parts) -> set[str]:
    """The keys that the places really hold."""
    return {one.held.key for one in parts.consumers.values()}  # type: ignore[attr-defined]


def lived_on(world: MemoryWorld, open_parts: Callable[[], Parts]) -> tuple[steps.Step, Parts]:
    """A process a day until the run is over; a person pastes and says so."""
    for _ in range(DAYS_AT_MOST):
        parts = open_parts()
        with parts.journal:  # type: ignore[attr-defined]
            step = turn(parts)
        if isinstance(step, steps.Finish):
            return step, parts
        world.tick(DAY)
    raise AssertionError(f"the run did not end in {DAYS_AT_MOST} days")


def turn(parts: Parts) -> steps.Step:
    """One process, and the person it asks."""
    rotation = Rotation(parts)
    step = rotation.go_on().step
    if isinstance(step, steps.Ask):
        for name in step.targets:
            held = interventions.hand_over(rotation, name, "jada").credential
            parts.consumers[name].held = held  # type: ignore[attr-defined]
            interventions.confirm(rotation, name, "jada")
    return step
