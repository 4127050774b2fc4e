"""Whoever can write the file cannot make the program believe it: every edit is found, or said not to be findable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from rotator.core.errors import JournalError, SealError
from rotator.core.history.events import LoggedIn
from rotator.journal.chain import Chain, Row
from rotator.journal.sealing import KeyFileSeal, Place
from rotator.journal.sqlite import SqliteJournal, create, open_journal
from tests.journal.journal_contract import CREATED, GONE, LOGGED_IN
from tests.journal.samples import ACCOUNT, ADOPTED, KEY, NEXT_KEY, OPENED, OTHER_REGION, REGION, USER, credential


@pytest.fixture
def written(path: Path, seal: KeyFileSeal) -> Path:
    """The file of a closed journal: adopted, opened, created and sealed in two regions, logged in."""
    with create(path, seal, ACCOUNT, USER, ADOPTED) as journal:
        journal.append(OPENED)
        two = [(REGION, credential(NEXT_KEY)), (OTHER_REGION, credential(NEXT_KEY, "other"))]
        journal.append_sealed(CREATED, two)
        journal.append(LOGGED_IN)
    return path


def run(path: Path, *statements: str) -> None:
    """Edit the file as somebody would who knows SQLite: the triggers are gone first."""
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DROP TRIGGER events_are_never_changed")
        other.execute("DROP TRIGGER events_are_never_removed")
        for statement in statements:
            other.execute(statement)


EDITS: dict[str, tuple[tuple[str, ...], str]] = {
    "a field edited": (("UPDATE events SET data = replace(data, 'admin', 'other') WHERE n = 1",), "event 1 .*changed"),
    "a space added to the text": (("UPDATE events SET data = data || ' ' WHERE n = 4",), "event 4 .*changed"),
    "the kind edited": (("UPDATE events SET kind = 'Verified' WHERE n = 4",), "event 4 .*changed"),
    "the schema edited": (("UPDATE events SET schema = 0 WHERE n = 2",), "event 2 .*changed"),
    "a fingerprint taken out": (("UPDATE events SET sealed = '[]' WHERE n = 3",), "event 3 .*changed"),
    "a MAC edited": (("UPDATE events SET mac = zeroblob(32) WHERE n = 2",), "event 2 .*changed"),
    "a MAC cut": (("UPDATE events SET mac = substr(mac, 1, 31) WHERE n = 4",), "event 4 .*changed"),
    "one dropped from the middle": (("DELETE FROM events WHERE n = 3",), "event 3 .*missing; the next one is 4"),
    "one dropped and the gap closed": (
        ("DELETE FROM events WHERE n = 3", "UPDATE events SET n = 3 WHERE n = 4"),
        "event 3 .*changed",
    ),
    "two exchanged": (
        (
            "UPDATE events SET n = 99 WHERE n = 3",
            "UPDATE events SET n = 3 WHERE n = 4",
            "UPDATE events SET n = 4 WHERE n = 99",
        ),
        "event 3 .*changed",
    ),
    "one told twice": (
        ("INSERT INTO events SELECT account, user, 5, kind, schema, data, sealed, mac FROM events WHERE n = 4",),
        "event 5 .*changed",
    ),
    "the open run hidden": (("UPDATE runs SET finished = 2",), "table of runs"),
    "the open run renamed": (("UPDATE runs SET run = 'run-9'",), "table of runs"),
    "the runs removed": (("DELETE FROM runs",), "table of runs"),
}


@pytest.mark.parametrize("case", EDITS)
def test_every_edit_is_found(written: Path, seal: KeyFileSeal, case: str) -> None:
    """An edited, dropped, moved or forged event is named by whoever opens the journal next."""
    statements, reason = EDITS[case]
    run(written, *statements)
    for lock in (True, False):
        with pytest.raises(JournalError, match=reason):
            open_journal(written, seal, ACCOUNT, USER, lock=lock)


def test_an_edit_under_an_open_journal_is_found(path: Path, journal: SqliteJournal) -> None:
    """`verify` reads the file again, and sees what changed since it was opened."""
    journal.append(LOGGED_IN)
    run(path, "UPDATE events SET data = replace(data, 'us-east-1', 'eu-west-1') WHERE n = 2")
    with pytest.raises(JournalError, match="event 2"):
        journal.verify()


def test_a_journal_cannot_be_given_to_another_user(written: Path, seal: KeyFileSeal) -> None:
    """The first event is bound to account and user: renamed rows are no journal of anybody."""
    run(written, "UPDATE events SET user = 'other'", "UPDATE runs SET user = 'other'")
    with pytest.raises(JournalError, match="event 1 of other"):
        open_journal(written, seal, ACCOUNT, "other")


def test_the_database_itself_refuses_changes(written: Path) -> None:
    """Without dropping the triggers no event can be changed, removed or replaced, nor a second run opened."""
    for statement in (
        "UPDATE events SET kind = 'x'",
        "DELETE FROM events",
        "INSERT INTO runs SELECT account, user, 'run-2', 9, NULL FROM runs",
    ):
        with closing(sqlite3.connect(written)) as other, pytest.raises(sqlite3.IntegrityError):
            other.execute(statement)


def test_a_cut_end_needs_a_noted_head(written: Path, seal: KeyFileSeal) -> None:
    """A journal whose end was cut off is whole in itself; only a head noted outside tells."""
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        noted = journal.head()
    run(written, "DELETE FROM events WHERE n = 4")
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        journal.verify()
        with pytest.raises(JournalError, match="3 events, 4 had been noted: its end was cut off"):
            journal.verify(noted)


def test_a_regrown_end_needs_a_noted_head(written: Path, seal: KeyFileSeal) -> None:
    """A cut journal that grew again with other events contradicts the noted head, however long it is."""
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        noted = journal.head()
    run(written, "DELETE FROM events WHERE n = 4")
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        for _ in range(3):
            journal.append(CREATED)
        with pytest.raises(JournalError, match="event 4 is not the one that was noted"):
            journal.verify(noted)


def test_a_head_stays_good_as_the_journal_grows(written: Path, seal: KeyFileSeal) -> None:
    """What was noted earlier still belongs to the longer journal."""
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        noted = journal.head()
        journal.append(LOGGED_IN)
        assert journal.verify(noted).n == noted.n + 1


def _vault(statement: str) -> Callable[[Path, KeyFileSeal], None]:
    def edit(path: Path, seal: KeyFileSeal) -> None:
        with closing(sqlite3.connect(path)) as other, other:
            other.execute(statement)

    return edit


def _exchange_regions(path: Path, seal: KeyFileSeal) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        for old, new in ((REGION, "x"), (OTHER_REGION, REGION), ("x", OTHER_REGION)):
            other.execute("UPDATE vault SET field = ? WHERE field = ?", (new, old))


def _seal_again(path: Path, seal: KeyFileSeal) -> None:
    """Even a row under the right key for the right place is not believed without its event."""
    forged = seal.seal(b"forged", Place(ACCOUNT, USER, NEXT_KEY, REGION))
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE vault SET ciphertext = ? WHERE field = ?", (forged, REGION))


VAULT_EDITS: dict[str, tuple[Callable[[Path, KeyFileSeal], None], str]] = {
    "cut": (_vault("UPDATE vault SET ciphertext = substr(ciphertext, 1, 40)"), "not the one"),
    "turned into text": (_vault("UPDATE vault SET ciphertext = 'text'"), "not the one"),
    "emptied": (_vault("UPDATE vault SET ciphertext = zeroblob(0)"), "not the one"),
    "removed": (_vault("DELETE FROM vault"), "missing from the vault"),
    "exchanged with another region's": (_exchange_regions, "not the one"),
    "sealed anew": (_seal_again, "not the one"),
}


@pytest.mark.parametrize("case", VAULT_EDITS)
def test_a_changed_vault_row_is_not_opened(written: Path, seal: KeyFileSeal, case: str) -> None:
    """A sealed secret that is not the one its event vouches for is refused, by opening it and by `verify`."""
    edit, reason = VAULT_EDITS[case]
    edit(written, seal)
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        with pytest.raises(SealError, match=reason):
            journal.vault.open(NEXT_KEY, REGION)
        with pytest.raises(SealError, match=reason):
            journal.verify()


def test_a_row_for_another_key_is_not_opened(written: Path, seal: KeyFileSeal) -> None:
    """A row that no event put there is refused, not shown as that key's secret."""
    with closing(sqlite3.connect(written)) as other, other:
        other.execute("UPDATE vault SET key_id = ?", (KEY,))
    with open_journal(written, seal, ACCOUNT, USER) as journal, pytest.raises(SealError, match="no event put it there"):
        journal.vault.open(KEY, REGION)


@pytest.mark.parametrize("then", ["sealed again", "erased"])
def test_an_old_row_put_back_is_not_opened(written: Path, seal: KeyFileSeal, then: str) -> None:
    """A row from an older copy is refused once its secret was replaced or erased."""
    with closing(sqlite3.connect(written)) as other:
        row = other.execute("SELECT * FROM vault WHERE field = ?", (REGION,)).fetchone()
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        if then == "erased":
            journal.append_erased(GONE, NEXT_KEY)
        else:
            journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY, "new"))])
    with closing(sqlite3.connect(written)) as other, other:
        other.execute("INSERT OR REPLACE INTO vault VALUES (?, ?, ?, ?, ?)", row)
    reason = "erased it" if then == "erased" else "not the one"
    with open_journal(written, seal, ACCOUNT, USER) as journal, pytest.raises(SealError, match=reason):
        journal.vault.open(NEXT_KEY, REGION)


NEWER: dict[str, tuple[dict[str, object], str]] = {
    "a newer schema": ({"schema": 2}, "newer rotator .schema 2; this one knows 1"),
    "an unknown kind": ({"kind": "Teleported"}, "does not know: Teleported"),
    "an unknown field": ({"data": '{"at":1,"key":"k","endpoint":"e","colour":"red"}'}, "does not know: LoggedIn"),
    "a missing field": ({"data": '{"at":1,"key":"k"}'}, "does not know: LoggedIn"),
}


@pytest.mark.parametrize("case", NEWER)
def test_what_a_newer_program_wrote_is_refused(written: Path, seal: KeyFileSeal, case: str) -> None:
    """An event in the chain that this program cannot read stops it, and the text says to use the newer program."""
    change, reason = NEWER[case]
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        last = bytes.fromhex(journal.head().mac)
    chain = Chain(seal, ACCOUNT, USER, [ADOPTED] * 4, [last])
    row = chain.next_row(LOGGED_IN, [])._replace(**change)  # type: ignore[arg-type]
    row = row._replace(mac=chain._mac(row))
    with closing(sqlite3.connect(written)) as other, other:
        other.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (ACCOUNT, USER, *row))
    with pytest.raises(JournalError, match=reason) as caught:
        open_journal(written, seal, ACCOUNT, USER)
    assert "newer program" in caught.value.fix or "newer one" in caught.value.fix


@dataclass(frozen=True, slots=True)
class Teleported(LoggedIn):
    """An event that `core` does not know."""


def test_what_could_not_be_read_back_is_not_written(journal: SqliteJournal) -> None:
    """An event of a kind that the next process could not read is refused before it is written."""
    with pytest.raises(JournalError, match="does not know: Teleported"):
        journal.append(Teleported(1, KEY, REGION))
    assert journal.verify().n == 1


def test_the_same_event_never_has_the_same_mac(seal: KeyFileSeal) -> None:
    """A MAC depends on everything before it, and on whose journal it is."""
    chain = Chain(seal, ACCOUNT, USER)
    first: Row = chain.next_row(LOGGED_IN, [])
    chain.add(first)
    second = chain.next_row(LOGGED_IN, [])
    assert (first.data, first.kind) == (second.data, second.kind)
    assert first.mac != second.mac
    assert first.mac != Chain(seal, ACCOUNT, "other").next_row(LOGGED_IN, []).mac
