"""The embedded journal: one SQLite file per machine, one chain of events and one lock per IAM user.

(1) of the protocol: one open run per user, by an OS lock for process life and by a row that the database itself
keeps unique.  Every append first looks whether the chain still ends where this process left it, so that even an
owner that lost its lock without noticing cannot write into another's run.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from rotator.core.access_keys import KeyId
from rotator.core.errors import JournalError, LockHeld, NoJournal, SealError
from rotator.core.history.events import Adopted, Event, RunFinished, RunOpened
from rotator.core.ports import Vault
from rotator.core.smtp_credential import SmtpCredential
from rotator.journal.chain import Chain, Head, Row, Sealed
from rotator.journal.database import Database, connect, create_file
from rotator.journal.lock import UserLock
from rotator.journal.migrations import VERSION, bring_up, version_of
from rotator.journal.reading import read
from rotator.journal.sealing import Seal
from rotator.journal.vault import SqliteVault

PathLike = str | os.PathLike[str]
NEWEST = "SELECT n, mac FROM events WHERE account = ? AND user = ? ORDER BY n DESC LIMIT 1"
USERS = "SELECT account, user FROM events WHERE n = 1 ORDER BY account, user"


class SqliteJournal:
    """Implements `ports.Journal` for one IAM user.  A context manager; `close` gives the lock back.

    Without a lock it is for reading: every append raises JournalError.
    """

    def __init__(self, database: Database, seal: Seal, chain: Chain, lock: UserLock | None) -> None:
        """Use `create` or `open_journal`."""
        self._database, self._chain, self._lock = database, chain, lock
        self._whose = (chain.account, chain.user)
        self._vault = SqliteVault(database, seal, chain, writable=lock is not None)
        self.vault: Vault = self._vault

    def events(self) -> tuple[Event, ...]:
        """Every event of this user, oldest first, as verified when the journal was opened and as appended since."""
        return tuple(self._chain.events)

    def append(self, event: Event) -> None:
        """Commit one event; it is on the disk when this returns.  Raises JournalError and nothing was written."""
        with self._writing() as connection:
            row = self._insert(connection, event, [])
        self._chain.add(row)

    def append_sealed(self, event: Event, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        """Commit the event and the sealed (region, credential) pairs of one key, both or neither.

        Sealing a key and region again replaces what was sealed before.  Raises JournalError, SealError.
        """
        rows = self._vault.sealed(secrets)
        with self._writing() as connection:
            row = self._insert(connection, event, [entry for entry, _ in rows])
            self._vault.put(connection, rows)
        self._chain.add(row)

    def append_erased(self, event: Event, key: KeyId) -> None:
        """Commit the event and the removal of every sealed secret of `key`, then empty the write-ahead log.

        A reader in the middle of a query can delay the emptying; then the next opening does it, and until then
        sealed text, never plain, stays in the log.
        """
        with self._writing() as connection:
            row = self._insert(connection, event, self._vault.erasure(key))
            self._vault.erase(connection, key)
        self._chain.add(row)
        self._database.truncate_log()

    def check_lock(self) -> None:
        """Raises LockHeld if this process is not, or not any more, the owner of the user's lock."""
        if self._lock is None:
            raise LockHeld("the journal is open for reading, without the lock", fix="nothing may be changed this way")
        self._lock.check()

    def head(self) -> Head:
        """(count, MAC in hex) of the newest event: noted outside, it shows later whether the end was cut off."""
        return self._chain.head

    def verify(self, noted: Head | None = None) -> Head:
        """Read the whole file again, check chain, runs and vault, and that `noted` is still part of the chain.

        Raises JournalError naming the first bad event, SealError naming the first bad row of the vault.
        """
        chain = read(self._database, self._chain.seal, *self._whose)
        for head in (self.head(), noted or self.head()):
            chain.agrees_with(head)
        SqliteVault(self._database, chain.seal, chain, writable=False).check()
        return chain.head

    def tidy(self) -> None:
        """Remove what a killed process may have left: a probe, and erased rows in the write-ahead log."""
        self._vault.sweep()
        self._database.truncate_log()

    def close(self) -> None:
        """Close the file and give the lock back; again is no error."""
        try:
            self._database.close()
        finally:
            if self._lock is not None:
                self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        if self._lock is None:
            raise JournalError("the journal is open for reading, without the lock: nothing is appended")
        return self._database.transaction()

    def _insert(self, connection: sqlite3.Connection, event: Event, sealed: list[Sealed]) -> Row:
        newest = connection.execute(NEWEST, self._whose).fetchone()
        if newest != ((len(self._chain.events), self._chain.last_mac) if self._chain.events else None):
            raise JournalError("the journal changed behind this process: another one wrote to it, or it was restored")
        row = self._chain.next_row(event, sealed)
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*self._whose, *row))
        self._keep_runs(connection, event, row.n)
        return row

    def _keep_runs(self, connection: sqlite3.Connection, event: Event, n: int) -> None:
        if isinstance(event, RunOpened):
            connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, NULL)", (*self._whose, event.run, n))
        if isinstance(event, RunFinished):
            query = "UPDATE runs SET finished = ? WHERE account = ? AND user = ? AND run = ? AND finished IS NULL"
            connection.execute(query, (n, *self._whose, event.run))


def create(
    path: PathLike,
    seal: Seal,
    account: str,
    user: str,
    adopted: Adopted,
    secrets: Sequence[tuple[str, SmtpCredential]] = (),
) -> SqliteJournal:
    """First contact: make the journal of this user, and the file if it is the first one; the lock is held.

    `secrets`, if any, are sealed in the transaction of `adopted`.  Raises JournalError if the user has a journal
    here already, LockHeld, SealError.
    """
    path = Path(path)
    with ExitStack() as undo:
        create_file(path)
        lock = UserLock.acquire(path.parent, account, user)
        undo.callback(lock.close)
        database = connect(path)
        undo.callback(database.close)
        with database.transaction() as connection:
            bring_up(connection)
            _pin_seal(connection, seal)
            if connection.execute(NEWEST, (account, user)).fetchone():
                raise JournalError(f"{user} in {account} has a journal in {path} already", fix="see: rotator status")
        journal = SqliteJournal(database, seal, Chain(seal, account, user), lock)
        if secrets:
            journal.append_sealed(adopted, secrets)
        else:
            journal.append(adopted)
        database.truncate_log()  # the tables and the first event stand in the file itself, whoever copies it alone
        undo.pop_all()
        return journal


def open_journal(
    path: PathLike, seal: Seal, account: str, user: str, *, lock: bool = True, brief: bool = False
) -> SqliteJournal:
    """Open and verify the journal of this user; `lock=False` opens it for reading beside another run.

    `brief`: the lock is wanted for one short effect, and others may wait for it.

    Raises NoJournal if file or user is not there, LockHeld, SealError for another key than it was written with,
    JournalError if it is unsafe, damaged or newer than this program.
    """
    path = Path(path)
    with ExitStack() as undo:
        if (account, user) not in users(path):
            raise NoJournal(f"no journal of {user} in account {account} at {path}")
        owned = UserLock.acquire(path.parent, account, user, brief=brief) if lock else None
        if owned is not None:
            undo.callback(owned.close)
        database = connect(path)
        undo.callback(database.close)
        _prepare(database, seal, writable=lock)
        journal = SqliteJournal(database, seal, read(database, seal, account, user), owned)
        if lock:
            journal.tidy()
        undo.pop_all()
        return journal


def users(path: PathLike) -> tuple[tuple[str, str], ...]:
    """The (account, user) pairs that have a journal in this file, sorted; none if there is no file."""
    path = Path(path)
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as failure:
        raise JournalError(f"{path} cannot be looked at: {failure.strerror}") from failure
    database = connect(path)
    try:
        if _version(database) == 0:
            return ()
        return tuple((account, user) for account, user in database.rows(USERS))
    finally:
        database.close()


def _version(database: Database) -> int:
    return database.ask(version_of)


def _prepare(database: Database, seal: Seal, *, writable: bool) -> None:
    """Bring the tables up to date, or refuse to read older ones; then see that the seal is the right one."""
    if writable and _version(database) < VERSION:
        with database.transaction() as connection:
            bring_up(connection)
    if _version(database) < VERSION:
        raise JournalError(
            "the journal is of an older version", fix="run a command that writes: it brings it up to date"
        )
    if not writable:
        database.for_reading_only()
    written_with = database.rows("SELECT value FROM meta WHERE name = 'seal'")
    _refuse_other_seal(written_with[0][0] if written_with else "", seal)


def _pin_seal(connection: sqlite3.Connection, seal: Seal) -> None:
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('seal', ?)", (seal.key_id,))
    _refuse_other_seal(connection.execute("SELECT value FROM meta WHERE name = 'seal'").fetchone()[0], seal)


def _refuse_other_seal(written_with: str, seal: Seal) -> None:
    if written_with != seal.key_id:
        raise SealError(f"the journal was written with seal key {written_with or '?'}, and this one is {seal.key_id}")
