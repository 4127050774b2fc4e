"""The journal's files are private from birth, and a file that others could reach or swap is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.core.errors import JournalError
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import create, open_journal, users
from tests.journal.journal_contract import LOGGED_IN
from tests.journal.samples import ACCOUNT, ADOPTED, USER


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_everything_is_born_private(state: Path, seal: KeyFileSeal, umask: int) -> None:
    """Whatever the umask: the file, its log and its index are 0600, every new directory 0700."""
    path = state / "new" / "deeper" / "journal.db"
    before = os.umask(umask)
    try:
        with create(path, seal, ACCOUNT, USER, ADOPTED) as journal:
            journal.append(LOGGED_IN)
            journal.vault.probe()
            found = {file.name: file.stat().st_mode & 0o7777 for file in (state / "new").rglob("*")}
    finally:
        os.umask(before)
    directories = {"deeper": 0o700, "locks": 0o700}
    files = dict.fromkeys(("journal.db", "journal.db-wal", "journal.db-shm", f"{ACCOUNT}-{USER}.lock"), 0o600)
    assert found == directories | files
    assert (state / "new").stat().st_mode & 0o7777 == 0o700


def _to_link(path: Path) -> None:
    path.rename(path.with_name("real.db"))
    path.symlink_to(path.with_name("real.db"))


def _log_elsewhere(path: Path) -> None:
    path.with_name("victim").touch(0o600)
    path.with_name("journal.db-wal").unlink(missing_ok=True)
    path.with_name("journal.db-wal").symlink_to(path.with_name("victim"))


def _open_log(path: Path) -> None:
    path.with_name("journal.db-wal").touch()
    path.with_name("journal.db-wal").chmod(0o644)


def _foreign(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 4711, -1)


def _foreign_parent(path: Path) -> None:
    _foreign(path.parent)


def _second_name(path: Path) -> None:
    os.link(path, path.with_name("copy.db"))


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


ATTACKS: dict[str, tuple[Callable[[Path], None], str]] = {
    "the file is a link": (_to_link, "symbolic link"),
    "the file has a second name": (_second_name, "2 hard links"),
    "the file is a directory": (_directory, "a directory"),
    "the file is readable by all": (lambda path: path.chmod(0o644), "mode 0644"),
    "the file is writable by the group": (lambda path: path.chmod(0o660), "mode 0660"),
    "the file is somebody else's": (_foreign, "uid 4711"),
    "the log is a link": (_log_elsewhere, "symbolic link"),
    "the log is readable by all": (_open_log, "mode 0644"),
    "the directory is writable by all": (lambda path: path.parent.chmod(0o777), "others may write"),
    "the directory is writable by the group": (lambda path: path.parent.chmod(0o770), "others may write"),
    "the directory is shared and sticky": (lambda path: path.parent.chmod(0o1777), "others may write"),
    "the directory is somebody else's": (_foreign_parent, "uid 4711"),
    "a directory above is writable by all": (lambda path: path.parent.parent.chmod(0o777), "others may write"),
}


@pytest.mark.parametrize("case", ATTACKS)
def test_a_file_others_could_reach_is_refused(path: Path, seal: KeyFileSeal, case: str) -> None:
    """A link, a second name, a foreign owner or an open mode is refused by every way in, and nothing is written."""
    create(path, seal, ACCOUNT, USER, ADOPTED).close()
    attack, reason = ATTACKS[case]
    attack(path)
    before = {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    for attempt in (
        lambda: open_journal(path, seal, ACCOUNT, USER),
        lambda: open_journal(path, seal, ACCOUNT, USER, lock=False),
        lambda: create(path, seal, ACCOUNT, "other", ADOPTED),
        lambda: users(path),
    ):
        with pytest.raises(JournalError, match=reason):
            attempt()
    assert {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()} == before


def test_a_directory_that_is_a_link_is_refused(state: Path, seal: KeyFileSeal) -> None:
    """The journal lies in the directory itself, not behind a link to it."""
    (state / "real").mkdir(0o700)
    (state / "link").symlink_to(state / "real")
    with pytest.raises(JournalError, match="symbolic link"):
        create(state / "link" / "journal.db", seal, ACCOUNT, USER, ADOPTED)


def test_others_may_look_into_the_directory(path: Path, seal: KeyFileSeal) -> None:
    """A state directory of 0755, as systemd makes it, is fine: the files in it are closed."""
    path.parent.chmod(0o755)
    create(path, seal, ACCOUNT, USER, ADOPTED).close()
    open_journal(path, seal, ACCOUNT, USER).close()


def test_a_directory_in_the_way_is_said(state: Path, seal: KeyFileSeal) -> None:
    """A file where the state directory should be is named."""
    (state / "file").touch()
    with pytest.raises(JournalError, match="file"):
        create(state / "file" / "journal.db", seal, ACCOUNT, USER, ADOPTED)
