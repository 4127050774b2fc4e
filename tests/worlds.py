"""Worlds that a test lives in: started, and their environment made the test's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World

AWS_ALONE = Scenario(gmail=False)


@contextmanager
def lived_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scenario: Scenario = AWS_ALONE) -> Iterator[World]:
    """A calm world below `tmp_path`, whose environment is the test's."""
    with World.start(tmp_path / "world", calm=True, scenario=scenario) as world:
        move_in(world, monkeypatch)
        yield world


def move_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the world's environment the test's."""
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
