"""The tables of the journal, and how an older file becomes a newer one.

`STEPS[v]` turns a database of version v into v + 1; 0 is a file without tables.  All steps run in one transaction,
by a writer that holds the lock, so a kill leaves the old version whole.  A newer version is refused.
"""

from __future__ import annotations

import sqlite3

from rotator.core.errors import JournalError

VERSION = 1

# One statement each: executescript would commit what came before it.
VERSION_1 = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "INSERT INTO meta VALUES ('schema', '0')",
    """CREATE TABLE events (
        account TEXT NOT NULL, user TEXT NOT NULL, n INTEGER NOT NULL CHECK (n >= 1),
        kind TEXT NOT NULL, schema INTEGER NOT NULL, data TEXT NOT NULL, sealed TEXT NOT NULL, mac BLOB NOT NULL,
        PRIMARY KEY (account, user, n))""",
    """CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TABLE runs (
        account TEXT NOT NULL, user TEXT NOT NULL, run TEXT NOT NULL,
        opened INTEGER NOT NULL, finished INTEGER, PRIMARY KEY (account, user, opened))""",
    "CREATE UNIQUE INDEX one_open_run_per_user ON runs (account, user) WHERE finished IS NULL",
    """CREATE TABLE vault (
        account TEXT NOT NULL, user TEXT NOT NULL, key_id TEXT NOT NULL, field TEXT NOT NULL,
        ciphertext BLOB NOT NULL, PRIMARY KEY (account, user, key_id, field))""",
    """CREATE TABLE probe (
        account TEXT NOT NULL, user TEXT NOT NULL, ciphertext BLOB NOT NULL, PRIMARY KEY (account, user))""",
)

STEPS: dict[int, tuple[str, ...]] = {0: VERSION_1}


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the file; 0 if it has no tables.  Raises JournalError for a newer or a foreign one."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not names:
        return 0
    if "meta" not in names:
        raise JournalError("this SQLite file is not a journal of rotator", fix="name the right file under `state`")
    row = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    version = int(row[0]) if row and row[0].isdigit() else -1
    if not 1 <= version <= VERSION:
        raise JournalError(
            f"the journal has version {version}; this rotator knows 1 to {VERSION}",
            fix="use the newer program; nothing was changed",
        )
    return version


def bring_up(connection: sqlite3.Connection) -> None:
    """Run the missing steps inside the transaction that the caller has begun."""
    for version in range(version_of(connection), VERSION):
        for statement in STEPS[version]:
            connection.execute(statement)
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (str(version + 1),))
