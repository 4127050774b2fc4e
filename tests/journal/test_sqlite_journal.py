"""The SQLite journal: keeps the contract, opens only what is whole, and lets others read beside its owner."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rotator.core.errors import JournalError, NoJournal, SealError
from rotator.core.history.events import KeyCreated, LoggedIn
from rotator.core.secret import Secret
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import SqliteJournal, create, open_journal, users
from tests.journal.journal_contract import CREATED, GONE, LOGGED_IN, JournalContract
from tests.journal.samples import (
    ACCOUNT,
    ADOPTED,
    DIFFICULT,
    KEY,
    NEXT_KEY,
    OPENED,
    REGION,
    USER,
    credential,
)


class TestContract(JournalContract):
    """The SQLite journal is a journal."""

    @pytest.fixture
    def journal(self, path: Path, seal: KeyFileSeal) -> Iterator[SqliteJournal]:
        """A journal in a new file."""
        with create(path, seal, ACCOUNT, USER, ADOPTED) as opened:
            yield opened

    @pytest.fixture
    def reopen(self, journal: SqliteJournal, path: Path, seal: KeyFileSeal) -> Iterator[Callable[[], SqliteJournal]]:
        """Closes the journal and opens the file again."""
        opened: list[SqliteJournal] = [journal]

        def again() -> SqliteJournal:
            opened[-1].close()
            opened.append(open_journal(path, seal, ACCOUNT, USER))
            return opened[-1]

        yield again
        opened[-1].close()


def test_first_contact_makes_everything(path: Path, journal: SqliteJournal) -> None:
    """`create` gives a journal with one event, owned by this process, and its users are listed."""
    assert journal.events() == (ADOPTED,)
    assert users(path) == ((ACCOUNT, USER),)
    journal.check_lock()


def test_first_contact_can_seal(path: Path, seal: KeyFileSeal) -> None:
    """The adopted key's secret is sealed in the transaction of the first event."""
    with create(path, seal, ACCOUNT, USER, ADOPTED, [(REGION, credential())]) as journal:
        assert journal.events() == (ADOPTED,)
        assert journal.vault.open(KEY, REGION) == credential()


def test_a_user_is_adopted_once(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """A second first contact is refused, changes nothing, and leaves no lock behind."""
    journal.close()
    with pytest.raises(JournalError, match="has a journal in"):
        create(path, seal, ACCOUNT, USER, replace(ADOPTED, key=NEXT_KEY))
    with open_journal(path, seal, ACCOUNT, USER) as again:
        assert again.events() == (ADOPTED,)


def test_users_share_a_file_and_nothing_else(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """Two users are owned, written and sealed side by side, each with its own events, run and secrets."""
    other_adopted = replace(ADOPTED, user="other")
    with create(path, seal, ACCOUNT, "other", other_adopted) as other:
        journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY))])
        journal.append(OPENED)
        other.append(OPENED)
        assert other.events() == (other_adopted, OPENED)
        assert other.vault.open(NEXT_KEY, REGION) is None
        other.append_erased(GONE, NEXT_KEY)
        assert journal.vault.open(NEXT_KEY, REGION) == credential(NEXT_KEY)
        journal.verify()
        other.verify()
    assert users(path) == ((ACCOUNT, USER), (ACCOUNT, "other"))


def test_no_file_no_journal(path: Path, seal: KeyFileSeal) -> None:
    """Without a file every command is sent to `adopt`, and nothing is created by asking."""
    assert users(path) == ()
    assert users(path.parent / "missing" / "journal.db") == ()
    for lock in (True, False):
        with pytest.raises(NoJournal, match="no journal of"):
            open_journal(path, seal, ACCOUNT, USER, lock=lock)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("whose", [(ACCOUNT, "other"), ("210987654321", USER)], ids=["user", "account"])
def test_no_such_user_no_journal(path: Path, seal: KeyFileSeal, journal: SqliteJournal, whose: tuple[str, str]) -> None:
    """A user of that name in that account must have been adopted."""
    with pytest.raises(NoJournal):
        open_journal(path, seal, *whose)


def test_a_first_contact_that_died_early_is_repeated(path: Path, seal: KeyFileSeal) -> None:
    """A file that was born and never written holds nobody, and `create` goes on with it."""
    path.touch(0o600)
    assert users(path) == ()
    with pytest.raises(NoJournal):
        open_journal(path, seal, ACCOUNT, USER)
    with create(path, seal, ACCOUNT, USER, ADOPTED) as journal:
        assert journal.events() == (ADOPTED,)


def test_another_seal_key_is_named(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """Opening, or adopting another user, with a new key is refused before anything else, naming both keys."""
    journal.close()
    other = KeyFileSeal(bytes(32))
    for attempt in (
        lambda: open_journal(path, other, ACCOUNT, USER),
        lambda: create(path, other, ACCOUNT, "other", ADOPTED),
    ):
        with pytest.raises(SealError, match=f"{seal.key_id}.*{other.key_id}") as caught:
            attempt()
        assert "original" in caught.value.fix
    assert users(path) == ((ACCOUNT, USER),)


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database, " * 100)


def _someone_elses(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE meta SET value = '2' WHERE name = 'schema'")


def _nonsense(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE meta SET value = 'x' WHERE name = 'schema'")


def _cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


NOT_OURS: dict[str, tuple[Callable[[Path], None], str]] = {
    "garbage": (_garbage, "no database"),
    "a newer version": (_newer, "version 2; this rotator knows 1"),
    "a version that is no number": (_nonsense, "version -1"),
    "cut in half": (_cut_in_half, "damaged"),
}


@pytest.mark.parametrize("case", NOT_OURS)
def test_what_is_not_our_journal_is_refused(path: Path, seal: KeyFileSeal, journal: SqliteJournal, case: str) -> None:
    """A damaged or newer file is refused by every way in, and left as it is."""
    journal.close()
    make, reason = NOT_OURS[case]
    make(path)
    before = path.read_bytes()
    for attempt in (
        lambda: open_journal(path, seal, ACCOUNT, USER),
        lambda: open_journal(path, seal, ACCOUNT, USER, lock=False),
        lambda: create(path, seal, ACCOUNT, USER, ADOPTED),
        lambda: users(path),
    ):
        with pytest.raises(JournalError, match=reason):
            attempt()
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(path: Path, seal: KeyFileSeal) -> None:
    """A SQLite file without our tables is not taken over."""
    path.touch(0o600)
    _someone_elses(path)
    with pytest.raises(JournalError, match="not a journal of rotator"):
        create(path, seal, ACCOUNT, USER, ADOPTED)


def test_the_head_moves_with_each_event(journal: SqliteJournal) -> None:
    """Count and MAC change with each append, and `verify` reads the same from the file."""
    heads = [journal.head()]
    for _ in range(3):
        journal.append(LOGGED_IN)
        heads.append(journal.head())
        assert journal.verify(heads[0]) == heads[-1]
    assert [head.n for head in heads] == [1, 2, 3, 4]
    assert len({head.mac for head in heads}) == 4


def test_a_secret_in_an_event_is_refused(journal: SqliteJournal) -> None:
    """The type of secrets cannot be written into an event by mistake."""
    for wrong in (LoggedIn(1, Secret(DIFFICULT), REGION), KeyCreated(1, credential())):  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            journal.append(wrong)
    assert journal.events() == (ADOPTED,)
    journal.append(LOGGED_IN)


def test_closing_twice_is_no_error(path: Path, seal: KeyFileSeal, journal: SqliteJournal) -> None:
    """A closed journal is free for the next owner, and using it is an error of the journal."""
    journal.close()
    journal.close()
    for use in (
        lambda: journal.append(LOGGED_IN),
        lambda: journal.vault.open(KEY, REGION),
        journal.vault.probe,
        journal.verify,
    ):
        with pytest.raises(JournalError, match="closed"):
            use()
    open_journal(path, seal, ACCOUNT, USER).close()
