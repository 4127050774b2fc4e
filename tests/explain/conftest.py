"""The program, and a world with mailboxes to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.sandbox.world import World
from tests.cli.conftest import run

__all__ = ["run"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A calm world with Gmail; its environment is the test's."""
    with World.start(tmp_path / "world", calm=True) as started:
        for name, value in started.environment().items():
            monkeypatch.setenv(name, value)
        yield started
