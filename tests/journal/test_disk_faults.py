"""Kills, torn writes, full and failing disks: a prefix of the events survives, and everything that was promised."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.core.errors import JournalError
from rotator.core.history.events import LoggedIn
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import SqliteJournal, create, open_journal
from tests.journal.journal_contract import CREATED, LOGGED_IN
from tests.journal.samples import ACCOUNT, ADOPTED, KEY, NEXT_KEY, OPENED, REGION, USER, credential, finish, start

OPEN = """
import sys
from rotator.core.errors import JournalError, RotatorError
from rotator.core.history.events import LoggedIn
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import open_journal
journal = open_journal(sys.argv[1], KeyFileSeal(bytes(range(32))), sys.argv[2], sys.argv[3])
def append(n):
    journal.append(LoggedIn(n, "AKIA", "x" * 2000))
"""
APPEND_FOR_EVER = """
for n in range(len(journal.events()) + 1, 10**9):
    append(n); print(n, flush=True)
"""
FILL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
n = 1
try:
    while True:
        n += 1; append(n); print("written", n)
except JournalError as error: print("refused", n, error)
try: append(n)
except JournalError as error: print("again", error)
print("remembered", len(journal.events()))
"""
FAIL_THE_SYNC = """
print("ready", flush=True); sys.stdin.readline()
for attempt in ("first", "second"):
    try: append(2); print(attempt, "written")
    except JournalError as error: print(attempt, error)
"""


@pytest.fixture
def written(path: Path, seal: KeyFileSeal) -> Path:
    """The file of an adopted user, closed."""
    create(path, seal, ACCOUNT, USER, ADOPTED).close()
    return path


def test_a_killed_writer_loses_nothing_it_was_promised(written: Path, seal: KeyFileSeal) -> None:
    """SIGKILL in the middle of appends, ten times: each journal opens at once and holds every acknowledged event."""
    for round_ in range(10):
        process = start(OPEN + APPEND_FOR_EVER, written, ACCOUNT, USER)
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(3 + 7 * round_)][-1]
        process.kill()
        rest = process.stdout.read().splitlines()  # by the same reader, which may have lines in hand already
        process.communicate()
        last = int((rest or [acknowledged])[-1])
        with open_journal(written, seal, ACCOUNT, USER) as journal:
            assert len(journal.events()) in (last, last + 1)
            assert [event.at for event in journal.events()[1:]] == list(range(2, len(journal.events()) + 1))
            journal.verify()


def _copies(path: Path, to: Path, log_bytes: int | None = None) -> Path:
    """What a power loss would leave: the file and its log, the log cut to `log_bytes`."""
    to.mkdir(0o700)
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(path.with_name(name), to / name)
        (to / name).chmod(0o600)
    if log_bytes is not None:
        os.truncate(to / "journal.db-wal", log_bytes)
    return to / "journal.db"


def test_every_prefix_opens(path: Path, seal: KeyFileSeal, journal: SqliteJournal, tmp_path: Path) -> None:
    """After each event the disk holds a journal that opens, verifies and has exactly the events so far."""
    steps = [
        lambda: journal.append(OPENED),
        lambda: journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY))]),
        journal.vault.probe,
        lambda: journal.append(LOGGED_IN),
        lambda: journal.append_erased(LOGGED_IN, NEXT_KEY),
        lambda: journal.append(LOGGED_IN),
    ]
    for number, step in enumerate(steps):
        step()
        copy = _copies(path, tmp_path / f"copy-{number}")
        with open_journal(copy, seal, ACCOUNT, USER) as found:
            assert found.events() == journal.events()
            assert found.verify() == journal.head()


def test_a_torn_log_is_a_shorter_journal(path: Path, seal: KeyFileSeal, journal: SqliteJournal, tmp_path: Path) -> None:
    """The log cut anywhere gives a prefix of the events; an event with its secret is there whole or not at all."""
    journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY))])
    journal.append(LOGGED_IN)
    journal.append(LOGGED_IN)
    size, lengths = path.with_name("journal.db-wal").stat().st_size, set()
    for cut in range(0, size + 1, 509):
        copy = _copies(path, tmp_path / f"cut-{cut}", cut)
        with open_journal(copy, seal, ACCOUNT, USER) as found:
            lengths.add(len(found.events()))
            assert found.events() == journal.events()[: len(found.events())]
            found.verify()
            sealed = found.vault.open(NEXT_KEY, REGION)
            assert (sealed == credential(NEXT_KEY)) == (CREATED in found.events())
    assert lengths == {1, 2, 3}


def test_a_full_file_refuses_in_words_and_for_good(written: Path, seal: KeyFileSeal) -> None:
    """When no more can be written the append fails, the process writes nothing more, and what was written is there."""
    process = start(OPEN + FILL, written, ACCOUNT, USER)
    out, error = process.communicate()
    assert error == ""
    lines = out.splitlines()
    last = int(lines[-4].split()[1])
    assert lines[-3].startswith(f"refused {last + 1} ")
    assert "full" in lines[-3]
    assert "an earlier write failed, nothing more is written" in lines[-2]
    assert lines[-1] == f"remembered {last}"
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        assert len(journal.events()) == last
        journal.append(LOGGED_IN)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 kB, if this machine lets us mount one."""
    directory = tmp_path / "small"
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def test_a_full_disk_stops_before_anything_is_lost(small_disk: Path, seal: KeyFileSeal) -> None:
    """On a full disk the probe and the append are refused as full, and once there is room the journal goes on."""
    path, ballast = small_disk / "journal.db", small_disk / "ballast"
    with create(path, seal, ACCOUNT, USER, ADOPTED) as journal:
        _fill(ballast)
        with pytest.raises(JournalError, match="full"):
            _append_many(journal)
        written = journal.events()
        with pytest.raises(JournalError, match="earlier write failed"):
            journal.vault.probe()
    ballast.unlink()
    with open_journal(path, seal, ACCOUNT, USER) as journal:
        assert journal.events() == written
        journal.vault.probe()
        journal.append(LOGGED_IN)


def test_a_probe_finds_the_full_disk(small_disk: Path, seal: KeyFileSeal) -> None:
    """The preflight's probe is refused on a full disk and leaves nothing behind."""
    path, ballast = small_disk / "journal.db", small_disk / "ballast"
    create(path, seal, ACCOUNT, USER, ADOPTED).close()
    with open_journal(path, seal, ACCOUNT, USER) as journal:
        _fill(ballast)
        with pytest.raises(JournalError, match="full"):
            journal.vault.probe()
    ballast.unlink()
    with open_journal(path, seal, ACCOUNT, USER) as journal:
        assert journal.events() == (ADOPTED,)
        journal.vault.probe()


def test_a_disk_that_became_read_only_is_named(small_disk: Path, seal: KeyFileSeal) -> None:
    """On a read-only file system an append is refused as that, and nothing is half written."""
    path = small_disk / "journal.db"
    create(path, seal, ACCOUNT, USER, ADOPTED).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(JournalError, match="[Rr]ead-only"):
        open_journal(path, seal, ACCOUNT, USER)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    with open_journal(path, seal, ACCOUNT, USER) as journal:
        assert journal.events() == (ADOPTED,)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace injects the failing fsync")
def test_a_failed_sync_is_final(written: Path, seal: KeyFileSeal) -> None:
    """EIO from fsync: the append fails, no second one is tried, and the next process finds a journal that is whole."""
    inject = ("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO")
    process = start(OPEN + FAIL_THE_SYNC, written, ACCOUNT, USER)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    tracer = subprocess.Popen(
        ["strace", "-qq", *inject, "-o", os.devnull, "-p", str(process.pid)], stderr=subprocess.PIPE, text=True
    )
    try:
        if not _traced(process.pid, tracer):
            pytest.skip("this machine does not let strace attach")
        out, error = process.communicate("go\n")
    finally:
        tracer.kill()
        tracer.communicate()
        finish(process)
    assert error == ""
    first, second = out.splitlines()
    assert "the disk failed" in first
    assert "an earlier write failed" in second
    with open_journal(written, seal, ACCOUNT, USER) as journal:
        assert len(journal.events()) in (1, 2)
        journal.verify()


def _traced(pid: int, tracer: subprocess.Popen[str]) -> bool:
    """Whether a tracer has attached to `pid`; False once the tracer gave up."""
    while tracer.poll() is None:
        status = Path(f"/proc/{pid}/status").read_text()
        if "TracerPid:\t0\n" not in status:
            return True
    return False


def _append_many(journal: SqliteJournal) -> None:
    for _ in range(1000):  # the last page of the log has room for some
        journal.append(LoggedIn(1, KEY, "x" * 500))


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
