"""Versions of the file: made whole or not at all, brought up by a writer, refused when newer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from rotator.core.errors import JournalError
from rotator.journal.migrations import STEPS, VERSION, bring_up, version_of


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty database in memory, with transactions begun by hand as the journal does."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        yield opened


def test_an_empty_file_becomes_the_newest_version(connection: sqlite3.Connection) -> None:
    """From nothing every step is taken, and taking them again changes nothing."""
    assert version_of(connection) == 0
    bring_up(connection)
    assert version_of(connection) == VERSION
    before = list(connection.iterdump())
    bring_up(connection)
    assert list(connection.iterdump()) == before


def test_a_step_that_is_interrupted_never_happened(connection: sqlite3.Connection) -> None:
    """All steps stand in the caller's transaction: rolled back, the file is as old as before."""
    connection.execute("BEGIN IMMEDIATE")
    bring_up(connection)
    connection.execute("ROLLBACK")
    assert version_of(connection) == 0
    assert list(connection.iterdump()) == ["BEGIN TRANSACTION;", "COMMIT;"]


def test_every_version_has_its_step() -> None:
    """There is a way from each older version to the newest one."""
    assert sorted(STEPS) == list(range(VERSION))


@pytest.mark.parametrize("version", ["2", "99", "0", "-1", "x", ""])
def test_a_version_we_do_not_know_is_refused(connection: sqlite3.Connection, version: str) -> None:
    """A newer or nonsensical version is left alone, and the text says which ones are known."""
    bring_up(connection)
    connection.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (version,))
    with pytest.raises(JournalError, match="this rotator knows 1 to 1"):
        bring_up(connection)
