"""suppression.db: what was read of the suppression list, in SQLite on disk; 0600, apart from the journal.

It holds addresses of people, so it is closed to others, removed rows are overwritten, and nothing stays longer than
`retain`.  It can be deleted at any time: what AWS has is read again.

A commit is whole, but a power loss may take the latest ones back (`synchronous = NORMAL`): an export then reads a few
pages twice, a look tells its notice again under the same id.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rotator.core.access_keys import Instant
from rotator.core.errors import LockHeld
from rotator.core.suppression import Done, Open, Phase, Reason, Standing, StoreError, Suppressed
from rotator.services.private_file import FileRefused, check_directory

VERSION = 1
BUSY_TIMEOUT_S = 10.0
CACHE_KIB = 8192  # what SQLite keeps in memory, however long the list
PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", f"cache_size = -{CACHE_KIB}",
           "temp_store = FILE", "trusted_schema = OFF", "foreign_keys = ON")  # fmt: skip
SCHEMA = """
CREATE TABLE export (
    number INTEGER PRIMARY KEY, region TEXT NOT NULL, began INTEGER NOT NULL, at INTEGER NOT NULL, phase TEXT NOT NULL,
    token TEXT NOT NULL, pages INTEGER NOT NULL, rows INTEGER NOT NULL, bounces INTEGER, complaints INTEGER
) STRICT;
CREATE TABLE page_row (
    export INTEGER NOT NULL REFERENCES export, address TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
    export INTEGER NOT NULL REFERENCES export, address TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (export, address)
) STRICT, WITHOUT ROWID;
CREATE TABLE day (
    region TEXT NOT NULL, day INTEGER NOT NULL, reason TEXT NOT NULL, addresses INTEGER NOT NULL,
    PRIMARY KEY (region, day, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE told (
    region TEXT NOT NULL, address TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (region, address)
) STRICT, WITHOUT ROWID;
CREATE TABLE look (
    region TEXT PRIMARY KEY, mark INTEGER, status TEXT, status_since INTEGER
) STRICT, WITHOUT ROWID;
"""
DAY_S = 24 * 3600
DONE = "done"


class SuppressionStore:
    """The open file; `with` closes it.  Implements ExportStore and LookStore; raises StoreError and LockHeld."""

    def __init__(self, path: Path) -> None:
        """Open it, made if missing, in a directory that only root and we can change."""
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_directory(path.parent)
            _born_private(path)
            self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        except (OSError, FileRefused, sqlite3.Error) as error:
            raise StoreError(f"{path} cannot be opened: {error}") from error
        with self._told_as("cannot be opened"):
            for pragma in PRAGMAS:
                self._db.execute(f"PRAGMA {pragma}")
            self._prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

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

    # --- exports ---------------------------------------------------------------------------------------------------

    def unfinished(self, region: str) -> Open | None:
        """The export that was begun and not finished."""
        found = self._rows(
            "SELECT number, region, began, at, phase, token, pages, rows FROM export "
            "WHERE region = ? AND phase <> ? ORDER BY number DESC LIMIT 1",
            region, DONE,
        )  # fmt: skip
        return None if not found else _open(found[0])

    def begin(self, region: str, at: Instant) -> Open:
        """A new export, in place of one that was open."""
        with self._change() as db:
            for (number,) in db.execute("SELECT number FROM export WHERE region = ? AND phase <> ?", (region, DONE)):
                self._drop(number)
            made = db.execute(
                "INSERT INTO export VALUES (NULL, ?, ?, ?, ?, '', 0, 0, NULL, NULL)", (region, at, at, Phase.LIST.value)
            )
            return Open(int(made.lastrowid or 0), region, at, at)

    def keep(self, further: Open, rows: Sequence[Suppressed]) -> None:
        """A page and the place of the next, in one transaction."""
        with self._change() as db:
            db.executemany("INSERT INTO page_row VALUES (?, ?, ?, ?)", [(further.number, *row) for row in rows])
            self._move(further)

    def collect(self, read: Open) -> Open:
        """Each address once, with its latest row; of two at the same time a complaint counts."""
        with self._change() as db:
            db.execute(
                "INSERT INTO entry SELECT export, address, reason, max(at * 2 + (reason = 'COMPLAINT')) / 2 "
                "FROM page_row WHERE export = ? GROUP BY export, address",
                (read.number,),
            )
            db.execute("DELETE FROM page_row WHERE export = ?", (read.number,))
            collected = Open(read.number, read.region, read.began, read.at, Phase.COLLECTED, "", read.pages, read.rows)
            self._move(collected)
        return collected

    def rows(self, number: int) -> Iterator[Suppressed]:
        """The addresses of a collected export, one after the other."""
        with self._told_as("cannot be read"):
            query = "SELECT address, reason, at FROM entry WHERE export = ? ORDER BY address"
            yield from map(Suppressed._make, self._db.execute(query, (number,)))

    def finish(self, collected: Open) -> Done:
        """This export counts from now on; the rows of those before it go, their counts stay."""
        with self._change() as db:
            counts = dict(
                db.execute("SELECT reason, count(*) FROM entry WHERE export = ? GROUP BY reason", (collected.number,))
            )
            complaints = counts.pop(Reason.COMPLAINT.value, 0)
            db.execute(
                "UPDATE export SET phase = ?, token = '', bounces = ?, complaints = ? WHERE number = ?",
                (DONE, sum(counts.values()), complaints, collected.number),
            )
            db.execute(
                "DELETE FROM entry WHERE export IN "
                "(SELECT number FROM export WHERE region = ? AND phase = ? AND number < ?)",
                (collected.region, DONE, collected.number),
            )
            db.execute(
                "INSERT INTO day SELECT ?, at / ?, reason, count(*) AS n FROM entry WHERE export = ? GROUP BY 1, 2, 3 "
                "ON CONFLICT DO UPDATE SET addresses = max(addresses, excluded.addresses)",
                (collected.region, DAY_S, collected.number),
            )
        done = self.last(collected.region)
        assert done is not None  # noqa: S101 - it was just written
        return done

    def last(self, region: str) -> Done | None:
        """The latest finished export."""
        found = self._rows(
            "SELECT number, region, began, at, bounces, complaints FROM export WHERE region = ? AND phase = ? "
            "ORDER BY number DESC LIMIT 1",
            region, DONE,
        )  # fmt: skip
        return Done(*found[0]) if found else None

    def kept(self, region: str, address: str) -> tuple[Suppressed, Instant] | None:
        """An address's row in the latest finished export, and when that was."""
        done = self.last(region)
        if done is None:
            return None
        query = "SELECT address, reason, at FROM entry WHERE export = ? AND address = ?"
        found = self._rows(query, done.number, address.lower())
        return (Suppressed(*found[0]), done.finished) if found else None

    # --- looks -----------------------------------------------------------------------------------------------------

    def mark(self, region: str) -> Instant | None:
        """Up to when people were told."""
        found = self._rows("SELECT mark FROM look WHERE region = ?", region)
        return found[0][0] if found else None

    def untold(self, region: str, rows: Sequence[Suppressed]) -> Sequence[Suppressed]:
        """The rows that nobody was told of, each once."""
        query = "SELECT 1 FROM told WHERE region = ? AND address = ? AND at >= ?"
        fresh = [row for row in rows if not self._rows(query, region, row.address, row.at)]
        return list({row.address: row for row in sorted(fresh, key=lambda row: row.at)}.values())

    def told(self, region: str, rows: Sequence[Suppressed], mark: Instant) -> None:
        """People were told, and the mark moves."""
        with self._change() as db:
            db.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", [(region, *row) for row in rows])
            db.executemany(
                "INSERT INTO day VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET addresses = addresses + 1",
                [(region, row.at // DAY_S, row.reason) for row in rows],
            )
            db.execute(
                "INSERT INTO look (region, mark) VALUES (?, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark",
                (region, mark),
            )

    def standing(self, region: str) -> Standing | None:
        """How the account stood, and since when."""
        found = self._rows("SELECT status, status_since FROM look WHERE region = ? AND status IS NOT NULL", region)
        return Standing(*found[0]) if found else None

    def stands(self, region: str, standing: Standing) -> None:
        """Remember how it stands since `standing.now`."""
        with self._change() as db:
            db.execute(
                "INSERT INTO look (region, status, status_since) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET status = excluded.status, status_since = excluded.status_since",
                (region, standing.status, standing.now),
            )

    def growth(self, region: str, since: Instant) -> Sequence[tuple[int, str, int]]:
        """(day as its first second, reason, addresses whose row is of that day), oldest first."""
        query = "SELECT day * ?, reason, addresses FROM day WHERE region = ? AND day >= ? ORDER BY day, reason"
        return self._rows(query, DAY_S, region, since // DAY_S)

    def forget(self, before: Instant) -> None:
        """Remove everything that was last true before `before`."""
        with self._change() as db:
            old = [n for (n,) in db.execute("SELECT number FROM export WHERE at < ?", (before,))]
            for number in old:
                self._drop(number)
            db.execute("DELETE FROM told WHERE at < ?", (before,))
            db.execute("DELETE FROM day WHERE day < ?", (before // DAY_S,))

    # --- SQLite ----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found > VERSION:
            raise StoreError(
                f"{self.path} was written by a newer rotator (version {found})",
                fix="use that version, or delete the file: what AWS has is read again",
            )
        if found < VERSION:
            with self._change() as db:
                for statement in SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")

    def _drop(self, number: int) -> None:
        for table in ("page_row", "entry"):
            self._db.execute(f"DELETE FROM {table} WHERE export = ?", (number,))  # noqa: S608 - two names of ours
        self._db.execute("DELETE FROM export WHERE number = ?", (number,))

    def _move(self, to: Open) -> None:
        self._db.execute(
            "UPDATE export SET at = ?, phase = ?, token = ?, pages = ?, rows = ? WHERE number = ?",
            (to.at, to.phase.value, to.token, to.pages, to.rows, to.number),
        )

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._told_as("cannot be read"):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._told_as("cannot be written"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _told_as(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:  # SQLite never quotes a value
            raise StoreError(f"{self.path} {what}: {error}") from error


def _open(row: tuple[Any, ...]) -> Open:
    number, region, began, at, phase, token, pages, rows = row
    return Open(number, region, began, at, Phase(phase), token, pages, rows)


def _born_private(path: Path) -> None:
    """Make the file, 0600; an existing one must be ours alone.  Raises OSError, FileRefused."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(descriptor)
        if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o077:
            raise FileRefused(f"{path}: others may reach it: chmod 600 {path}")
    finally:
        os.close(descriptor)
