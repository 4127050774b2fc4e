"""Worlds for the consumers that live in AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A calm world without Gmail, in whose environment the test lives."""
    with World.start(tmp_path / "account", calm=True, scenario=Scenario(gmail=False)) as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        yield world
