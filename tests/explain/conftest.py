"""The program, and a world with mailboxes to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World
from tests.cli.conftest import run
from tests.worlds import lived_in

__all__ = ["run"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A calm world with Gmail; its environment is the test's."""
    with lived_in(tmp_path, monkeypatch, Scenario()) as started:
        yield started
