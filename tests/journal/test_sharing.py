"""The file beside others: a second owner, readers, busy neighbours, and what lies on the disk for anyone to find."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rotator.core.errors import JournalError, LockHeld
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.journal.database import connect
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import SqliteJournal, open_journal
from tests.journal.journal_contract import CREATED, GONE, LOGGED_IN
from tests.journal.samples import (
    ACCOUNT,
    ADOPTED,
    NEXT_KEY,
    OPENED,
    REGION,
    USER,
    credential,
    finish,
    start,
)


def test_a_second_owner_is_refused(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """While one owner has the journal, another is told who that is."""
    with pytest.raises(LockHeld, match="running"):
        open_journal(path, seal, ACCOUNT, USER)


def test_a_reader_sees_and_cannot_write(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """Beside the owner others read events and secrets, also later ones, and every append of theirs is refused."""
    with open_journal(path, seal, ACCOUNT, USER, lock=False) as reader:
        journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY))])
        assert reader.events() == (ADOPTED,)
        assert reader.vault.open(NEXT_KEY, REGION) == credential(NEXT_KEY)
        assert reader.verify() == journal.head()
        reader.vault.probe()
        for append in (
            lambda: reader.append(LOGGED_IN),
            lambda: reader.append_sealed(CREATED, [(REGION, credential())]),
            lambda: reader.append_erased(GONE, NEXT_KEY),
        ):
            with pytest.raises(JournalError, match="for reading"):
                append()
        with pytest.raises(LockHeld, match="for reading"):
            reader.check_lock()
    journal.append(LOGGED_IN)
    assert journal.events() == (ADOPTED, CREATED, LOGGED_IN)


def test_an_owner_that_lost_its_lock_cannot_interleave(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """Two owners by a removed lock file: the check tells the first, and only one of them gets to append."""
    (path.parent / "locks" / f"{ACCOUNT}-{USER}.lock").unlink()
    with pytest.raises(LockHeld):
        journal.check_lock()
    with open_journal(path, seal, ACCOUNT, USER) as second:
        second.append(OPENED)
        with pytest.raises(JournalError, match="changed behind this process"):
            journal.append(LOGGED_IN)
        second.append(LOGGED_IN)
        assert second.verify() == second.head()


def test_a_busy_neighbour_is_waited_for_and_named(path: Path, journal: SqliteJournal) -> None:
    """Another writer on the file delays a commit; after the wait the refusal says so, and later writes go on."""
    with closing(sqlite3.connect(path, isolation_level=None)) as neighbour:
        neighbour.execute("BEGIN IMMEDIATE")
        database = connect(path, busy_timeout_s=0.02)
        with pytest.raises(JournalError, match="another process holds the database"), database.transaction():
            pass
        neighbour.execute("ROLLBACK")
        with database.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('test', 'written')")
        database.close()


def test_no_password_lies_on_the_disk(path: Path, journal: SqliteJournal) -> None:
    """Neither the file nor its log holds the password, plain or as JSON or base64 would write it."""
    password = "B3xampleOfAPasswordThatIsLongEnough/+="
    journal.append_sealed(CREATED, [(REGION, SmtpCredential(NEXT_KEY, Secret(password)))])
    journal.vault.probe()
    for file in path.parent.rglob("*"):
        assert file.is_dir() or password[:12].encode() not in file.read_bytes()


def test_what_is_erased_leaves_the_disk(path: Path, journal: SqliteJournal) -> None:
    """After an erasure not even the sealed text is in the file or its log."""
    journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY))])
    with closing(sqlite3.connect(path)) as other:
        (sealed,) = other.execute("SELECT ciphertext FROM vault").fetchone()
    assert any(sealed in file.read_bytes() for file in path.parent.glob("journal.db*"))
    journal.append_erased(GONE, NEXT_KEY)
    assert not any(sealed in file.read_bytes() for file in path.parent.glob("journal.db*"))
    assert path.with_name("journal.db-wal").stat().st_size == 0


def test_a_reader_only_delays_the_disappearance(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """A reader in the middle of a query keeps the log alive; once it is done the next owner empties the log."""
    journal.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM events").fetchone()
        database = connect(path, busy_timeout_s=0.02)
        with database.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('test', 'written')")
        assert database.truncate_log() is False
        database.close()
        assert path.with_name("journal.db-wal").stat().st_size > 0
        reader.execute("ROLLBACK")
        with open_journal(path, seal, ACCOUNT, USER):
            assert path.with_name("journal.db-wal").stat().st_size == 0


def test_a_reader_cannot_write_by_any_way(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """The connection of a journal opened for reading refuses writes itself."""
    with (
        open_journal(path, seal, ACCOUNT, USER, lock=False) as reader,
        pytest.raises(JournalError, match="read-only"),
        reader._database.transaction() as connection,
    ):
        connection.execute("DELETE FROM vault")


RUNS = """
import sys
from rotator.core.history.events import RunFinished, RunOpened
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import open_journal
journal = open_journal(sys.argv[1], KeyFileSeal(bytes(range(32))), sys.argv[2], sys.argv[3])
for n in range(10**9):
    journal.append(RunOpened(n, str(n), 0, "age", "", ())); journal.append(RunFinished(n, str(n), "rotated"))
    if n == 0: print("at work", flush=True)
"""


def test_a_reader_sees_one_moment(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """Opened again and again while the owner opens and finishes runs, the journal never looks torn."""
    journal.close()
    process = start(RUNS, path, ACCOUNT, USER)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        seen = []
        for _ in range(40):
            with open_journal(path, seal, ACCOUNT, USER, lock=False) as reader:
                seen.append(reader.verify().n)
    finally:
        finish(process)
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]


PROBE_AND_DIE = """
import os, sys; from rotator.journal.database import connect; from pathlib import Path
database = connect(Path(sys.argv[1]))
with database.transaction() as connection:
    connection.execute("INSERT INTO probe VALUES (?, ?, ?)", (sys.argv[2], sys.argv[3], b"left over"))
print("written", flush=True); sys.stdin.read()
"""


def test_a_probe_never_stays(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """A probe is removed at once, and one that a killed process left is removed by the next owner."""

    def probes() -> int:
        with closing(sqlite3.connect(path)) as other:
            return int(other.execute("SELECT count(*) FROM probe").fetchone()[0])

    journal.vault.probe()
    assert probes() == 0
    journal.close()
    process = start(PROBE_AND_DIE, path, ACCOUNT, USER)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    finish(process)
    assert probes() == 1
    with open_journal(path, seal, ACCOUNT, USER, lock=False):
        assert probes() == 1
    with open_journal(path, seal, ACCOUNT, USER):
        assert probes() == 0
