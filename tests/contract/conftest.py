"""Worlds for the consumers that live in AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.sandbox.world import World
from tests.worlds import lived_in


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A calm world without Gmail, in whose environment the test lives."""
    with lived_in(tmp_path, monkeypatch) as world:
        yield world
