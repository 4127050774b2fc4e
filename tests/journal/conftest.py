"""A private state directory with a seal key and an adopted user, for the journal's suites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import SqliteJournal, create
from tests.journal.samples import ACCOUNT, ADOPTED, USER


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """An empty private directory."""
    directory = tmp_path / "state"
    directory.mkdir(0o700)
    return directory


@pytest.fixture
def seal() -> KeyFileSeal:
    """A seal with a fixed key."""
    return KeyFileSeal(bytes(range(32)))


@pytest.fixture
def path(state: Path) -> Path:
    """Where the journal lies."""
    return state / "journal.db"


@pytest.fixture
def journal(path: Path, seal: KeyFileSeal) -> Iterator[SqliteJournal]:
    """A journal that holds its lock and one event, `ADOPTED`."""
    with create(path, seal, ACCOUNT, USER, ADOPTED) as opened:
        yield opened
