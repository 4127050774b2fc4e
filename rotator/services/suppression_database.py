"""The SQLite file of the suppression list: how it is opened and closed to others, and what a transaction promises.

It holds addresses of people, so it is 0600, and removed rows are overwritten.  A commit is whole, but a power loss may
take the latest ones back (`synchronous = NORMAL`): an export then reads a few pages twice, a look tells its notice
again under the same id.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rotator.core.errors import LockHeld
from rotator.core.suppression import StoreError
from rotator.path_trust import NotTrusted, check_way

VERSION = 2
BUSY_TIMEOUT_S = 10.0
CACHE_KIB = 1024  # what SQLite keeps in memory, however long the list
WAL_PAGES = 4000  # 16 MB between two checkpoints: each of them waits for the disk
# No foreign_keys: with them a DELETE first gathers every row id in memory, 20 MB for a list of a million.
PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", f"cache_size = -{CACHE_KIB}",
           "temp_store = FILE", "trusted_schema = OFF",
           f"wal_autocheckpoint = {WAL_PAGES}")  # fmt: skip
SCHEMA = """
CREATE TABLE export (
    number INTEGER PRIMARY KEY, region TEXT NOT NULL, began INTEGER NOT NULL, at INTEGER NOT NULL, phase TEXT NOT NULL,
    token TEXT NOT NULL, pages INTEGER NOT NULL, rows INTEGER NOT NULL, bounces INTEGER, complaints INTEGER
) STRICT;
CREATE TABLE page_row (
    export INTEGER NOT NULL REFERENCES export, address TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE day (
    region TEXT NOT NULL, day INTEGER NOT NULL, reason TEXT NOT NULL, addresses INTEGER NOT NULL,
    PRIMARY KEY (region, day, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE told (
    region TEXT NOT NULL, address TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (region, address)
) STRICT, WITHOUT ROWID;
CREATE TABLE look (
    region TEXT PRIMARY KEY, mark INTEGER, status TEXT, status_since INTEGER, status_told INTEGER
) STRICT, WITHOUT ROWID;
"""
# Version 1 had the rows of a finished export in a table of their own.
FROM_VERSION_1 = """
INSERT INTO page_row SELECT export, address, reason, at FROM entry;
DROP TABLE entry;
UPDATE export SET phase = 'read' WHERE phase = 'collected';
"""


class SuppressionFile:
    """The open file; `with` closes it.  Raises StoreError and LockHeld."""

    def __init__(self, path: Path) -> None:
        """Open it, made if missing, in a directory that only root and we can change."""
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_way(path)
            _born_private(path)
            self.db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        except (OSError, NotTrusted, sqlite3.Error) as error:
            raise StoreError(f"{path} cannot be opened: {error}") from error
        with self.told_as("cannot be opened"):
            for pragma in PRAGMAS:
                self.db.execute(f"PRAGMA {pragma}")
            self._prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Only this process does `what` until the block is left; a killed one lets go.  Raises LockHeld."""
        place = self.path.with_name(f"{self.path.name}.{what}.lock")
        try:
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{place} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise LockHeld(
                f"another process is at work on the {what} of the suppression list",
                why="two of them would undo each other's pages and marks",
                fix="wait for it, then run again",
                runbook="runbooks/suppression-spike.md",
            ) from None
        finally:
            os.close(descriptor)

    def _prepare(self) -> None:
        (found,) = self.db.execute("PRAGMA user_version").fetchone()
        if found > VERSION:
            raise StoreError(
                f"{self.path} was written by a newer rotator (version {found})",
                fix="use that version, or delete the file: what AWS has is read again",
            )
        if found < VERSION:
            with self.change() as db:
                for statement in (FROM_VERSION_1 if found else SCHEMA).split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")

    def ask(self, query: str, *values: Any) -> list[Any]:
        """All rows of a query."""
        with self.told_as("cannot be read"):
            return self.db.execute(query, values).fetchall()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: kept when the block was left, void if it raised."""
        with self.told_as("cannot be written"):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.db.execute("ROLLBACK")
                raise

    @contextmanager
    def told_as(self, what: str) -> Iterator[None]:
        """SQLite's errors as StoreError, saying what could not be done."""
        try:
            yield
        except sqlite3.Error as error:  # SQLite never quotes a value
            raise StoreError(f"{self.path} {what}: {error}") from error


def _born_private(path: Path) -> None:
    """Make the file, 0600; an existing one must be ours alone.  Raises OSError, NotTrusted."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(descriptor)
        if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o077:
            raise NotTrusted(f"{path}: others may reach it", f"chmod 600 {path}")
    finally:
        os.close(descriptor)
