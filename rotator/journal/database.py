"""The SQLite file below the journal: how it is opened, what a transaction promises, what its errors mean.

WAL, `synchronous=FULL`: a commit that returned is on the disk.  `secure_delete`: removed rows are overwritten.
After a failed write nothing is tried again in this process, because nobody knows what the disk holds (PostgreSQL
learnt the same of fsync); the next process reads what is there.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from rotator.core.errors import JournalError
from rotator.journal.private_files import (
    create_private,
    make_private_directory,
    refuse_shared,
    refuse_unsafe_parents,
    sync_directory,
)

Answer = TypeVar("Answer")

BUSY_TIMEOUT_S = 10.0  # other users' runs write to the same file for milliseconds
SIDE_FILES = ("-wal", "-shm", "-journal")
PRAGMAS = ("synchronous = FULL", "secure_delete = ON", "recursive_triggers = ON", "trusted_schema = OFF")
REASONS = {
    sqlite3.SQLITE_BUSY: "another process holds the database",
    sqlite3.SQLITE_LOCKED: "another process holds the database",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the file or its file system is read-only",
    sqlite3.SQLITE_IOERR: "the disk failed or is full",
    sqlite3.SQLITE_CANTOPEN: "the file, or its -wal beside it, cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is no database, or damaged",
    sqlite3.SQLITE_PERM: "permission denied",
}


class Database:
    """One connection.  Any thread may use it; one at a time does."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Use `create_file` and `connect`."""
        self.path = path
        self._connection = connection
        self._turn = threading.RLock()
        self._broken = ""

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: durable when the block was left, void if it raised.

        Raises JournalError; after a failed write every later transaction raises it too.
        """
        with self._turn:
            self._refuse_broken()
            try:
                with self._told("cannot be written"):
                    self._connection.execute("BEGIN IMMEDIATE")
                    yield self._connection
                    self._connection.execute("COMMIT")
            except BaseException as failure:
                if isinstance(failure.__cause__, sqlite3.Error) and not _rejected(failure.__cause__):
                    self._broken = str(failure)
                self._roll_back()
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside is as of one moment.  Nests.  Raises JournalError."""
        with self._turn:
            with self._told("cannot be read"):
                outermost = not self._connection.in_transaction
                if outermost:
                    self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if outermost:
                    self._roll_back()

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query.  Raises JournalError."""
        with self._turn, self._told("cannot be read"):
            return self._connection.execute(query, values).fetchall()

    def ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What `question` reads from the connection.  Raises JournalError."""
        with self._turn, self._told("cannot be read"):
            return question(self._connection)

    def seen_from_outside(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query as a fresh connection sees them: what is committed, and nothing else."""
        with self._told("cannot be read"), closing(_open(self.path)) as other:
            return other.execute(query, values).fetchall()

    def truncate_log(self) -> bool:
        """Empty the write-ahead log, where removed rows live on; False if a reader is in the way just now."""
        with self._turn, self._told("cannot be written"):
            busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy

    def for_reading_only(self) -> None:
        """Refuse every write through this connection from now on."""
        with self._told("cannot be read"):
            self._connection.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        """Close the connection; again is no error."""
        with self._turn:
            self._connection.close()

    def _refuse_broken(self) -> None:
        if self._broken:
            raise JournalError(f"an earlier write failed, nothing more is written in this process: {self._broken}")

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._broken = self._broken or "a rollback failed"

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as failure:
            raise journal_error(self.path, what, failure) from failure


def create_file(path: Path) -> None:
    """Create the empty database file, 0600, in a directory of ours (0700 if new); leave an existing one alone."""
    make_private_directory(path.parent, JournalError)
    if os.path.lexists(path):
        return
    os.close(create_private(path, JournalError))
    try:
        sync_directory(path.parent)
    except OSError as failure:
        raise JournalError(f"{path.parent} cannot be synchronised: {failure.strerror}") from failure


def connect(path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open an existing file that only we can reach.  Raises JournalError for an unsafe, damaged or missing one."""
    refuse_unsafe_parents(path, JournalError)
    _refuse_unsafe(path)
    for suffix in SIDE_FILES:
        _refuse_unsafe(path.with_name(path.name + suffix), missing_is_fine=True)
    try:
        return Database(path, _open(path, busy_timeout_s))
    except sqlite3.Error as failure:
        raise journal_error(path, "cannot be opened", failure) from failure


def journal_error(path: Path, what: str, failure: sqlite3.Error) -> JournalError:
    """SQLite's error in words.  SQLite never quotes a value, so its text holds no secret."""
    reason = "its file system is read-only" if _read_only(path) else REASONS.get(_primary(failure))
    return JournalError(f"the journal {path} {what}: {f'{reason} ({failure})' if reason else failure}")


def _open(path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    # mode=rw: SQLite never creates the file, for it would be born with the umask's mode
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise sqlite3.NotSupportedError(f"no write-ahead log on this file system, only {mode}")
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _refuse_unsafe(path: Path, *, missing_is_fine: bool = False) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        if missing_is_fine:
            return
        raise JournalError(f"{path} is gone") from None
    except OSError as failure:
        raise JournalError(f"{path} cannot be looked at: {failure.strerror}") from failure
    refuse_shared(path, found, JournalError)


def _read_only(path: Path) -> bool:
    """SQLite says only "unable to open" where it could not make its log on a read-only file system."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _primary(failure: sqlite3.Error) -> int:
    return getattr(failure, "sqlite_errorcode", 0) & 0xFF


def _rejected(failure: sqlite3.Error) -> bool:
    """Refused by a constraint, a trigger or a busy neighbour: nothing was written and the disk is well."""
    return _primary(failure) in (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_BUSY)
