"""The lock of one user: one process has it, its death frees it, and whoever waits is told who that is."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.core.errors import JournalError, LockHeld
from rotator.journal.lock import BRIEF_S, UNSIGNED_S, Owner, UserLock, lock_path, refuse_if_held
from tests.journal.samples import ACCOUNT, USER, finish, start

HOLD = """
import sys; from pathlib import Path; from rotator.journal.lock import UserLock
lock = UserLock.acquire(Path(sys.argv[1]), sys.argv[2], sys.argv[3]); print("held", flush=True)
"""
SIGN = """
from pathlib import Path; from rotator.journal.lock import UserLock
lock = UserLock.acquire(Path(given[0]), given[1], given[2]); print("held", flush=True)
"""
WAIT = "sys.stdin.read()\n"
SLEEPING_CHILD = """
import subprocess
child = subprocess.Popen(["sleep", "60"], close_fds=False); print(child.pid, flush=True)
"""
FORK = """
import os
if (pid := os.fork()) == 0:
    try: lock.check(); print("passed", flush=True)
    except BaseException as error: print(type(error).__name__, error, flush=True)
    lock.close(); os._exit(0)
os.waitpid(pid, 0); lock.check(); print("parent still owns it", bool(lock.path.read_text()), flush=True)
"""


@pytest.fixture
def brief_owner(state: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds it for one short effect, until it is told that this is over."""
    process = start(HOLD.replace("sys.argv[3])", "sys.argv[3], brief=True)") + WAIT, state, ACCOUNT, USER)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    finish(process)


@pytest.fixture
def owner(state: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock and waits."""
    process = start(HOLD + WAIT, state, ACCOUNT, USER)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    finish(process)


def test_the_second_process_is_told_who_holds_it(state: Path, owner: subprocess.Popen[str]) -> None:
    """Pid, host, since when and that it is running stand in the refusal."""
    with pytest.raises(LockHeld, match=rf"pid {owner.pid} on .*since 20\d\d-.*\+00:00, running: ") as caught:
        UserLock.acquire(state, ACCOUNT, USER)
    assert socket.gethostname() in str(caught.value)


def test_a_killed_owner_frees_it_at_once(state: Path, owner: subprocess.Popen[str]) -> None:
    """SIGKILL leaves no stale lock, though its text is still in the file."""
    owner.kill()
    owner.wait()
    assert str(owner.pid) in lock_path(state, ACCOUNT, USER).read_text()
    UserLock.acquire(state, ACCOUNT, USER).close()


def test_a_stopped_owner_is_said_to_be_stopped(state: Path, owner: subprocess.Popen[str]) -> None:
    """A suspended owner keeps the lock, and the refusal says that it is stopped."""
    owner.send_signal(signal.SIGSTOP)
    os.waitpid(owner.pid, os.WUNTRACED)
    with pytest.raises(LockHeld, match=f"pid {owner.pid} .*, stopped: "):
        UserLock.acquire(state, ACCOUNT, USER)


def test_a_brief_owner_is_waited_for(state: Path, brief_owner: subprocess.Popen[str]) -> None:
    """Who holds it for one short effect lets go within seconds: the next one waits, and then has it."""
    threading.Timer(0.3, brief_owner.terminate).start()
    began = time.monotonic()
    UserLock.acquire(state, ACCOUNT, USER).close()
    assert 0.2 < time.monotonic() - began < BRIEF_S / 2


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_brief_owner_that_stands_still_is_not(state: Path, brief_owner: subprocess.Popen[str], how: str) -> None:
    """A stopped one may never let go, and is named at once; a killed one has let go."""
    brief_owner.send_signal(signal.SIGSTOP if how == "stopped" else signal.SIGKILL)
    os.waitpid(brief_owner.pid, os.WUNTRACED)
    began = time.monotonic()
    if how == "stopped":
        with pytest.raises(LockHeld, match=f"pid {brief_owner.pid} .*, stopped: "):
            UserLock.acquire(state, ACCOUNT, USER)
    else:
        UserLock.acquire(state, ACCOUNT, USER).close()
    assert time.monotonic() - began < BRIEF_S / 2


def test_the_owner_is_named_with_its_command(state: Path) -> None:
    """`rotator audit`: the program and the first word, and nothing of what comes after it."""
    for argv, named in ((["/bin/rotator", "audit", "--user", "x"], "rotator audit"), (["rotator", "-c"], "rotator")):
        script = f"import sys; given = sys.argv[1:]; sys.argv[:] = {argv!r}\n{SIGN}{WAIT}"
        process = start(script, state, ACCOUNT, USER)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert json.loads(lock_path(state, ACCOUNT, USER).read_text())["command"] == named
        finish(process)


def test_another_user_is_not_locked(state: Path, owner: subprocess.Popen[str]) -> None:
    """Each IAM user, and each account, has a lock of its own."""
    for account, user in ((ACCOUNT, "other"), ("210987654321", USER)):
        UserLock.acquire(state, account, user).close()


def test_twenty_processes_one_owner(state: Path) -> None:
    """Of twenty processes at once exactly one gets the lock; the others are told."""
    processes = [start(HOLD + WAIT, state, ACCOUNT, USER) for _ in range(20)]
    try:
        refused = [process for process in processes if process.stdout and not process.stdout.readline()]
        assert len(refused) == 19
        assert all("LockHeld" in (process.communicate()[1] or "") for process in refused)
    finally:
        for process in processes:
            finish(process)


def test_a_program_started_by_the_owner_does_not_keep_it(state: Path) -> None:
    """The lock is closed on exec: a hook that outlives its run holds nothing."""
    process = start(HOLD + SLEEPING_CHILD + WAIT, state, ACCOUNT, USER)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    child = int(process.stdout.readline())
    try:
        process.kill()
        process.wait()
        UserLock.acquire(state, ACCOUNT, USER).close()
    finally:
        os.kill(child, signal.SIGKILL)
        finish(process)


def test_a_forked_child_is_no_owner(state: Path) -> None:
    """A child of the owner does not pass the check, and its closing takes nothing from the parent."""
    process = start(HOLD + FORK, state, ACCOUNT, USER)
    out, error = process.communicate()
    assert error == ""
    assert "LockHeld the lock" in out
    assert "belongs to the parent process" in out
    assert out.endswith("parent still owns it True\n")


def test_given_back_it_is_free(state: Path) -> None:
    """After close the next one gets it, the check fails, and closing again is no error."""
    lock = UserLock.acquire(state, ACCOUNT, USER)
    lock.check()
    lock.close()
    lock.close()
    with pytest.raises(LockHeld, match="given back"):
        lock.check()
    UserLock.acquire(state, ACCOUNT, USER).close()


def test_between_two_brief_owners_the_lock_is_still_waited_for(state: Path) -> None:
    """One lets go and the next has not signed yet: that is no owner who hides, however long the first one had it."""
    first = UserLock.acquire(state, ACCOUNT, USER, brief=True)
    threading.Timer(UNSIGNED_S + 0.2, lambda: os.truncate(first.path, 0)).start()
    threading.Timer(UNSIGNED_S + 0.4, first.close).start()
    UserLock.acquire(state, ACCOUNT, USER).close()


@pytest.mark.parametrize("replace", [False, True], ids=["removed", "replaced"])
def test_a_lost_lock_file_is_noticed(state: Path, *, replace: bool) -> None:
    """A lock whose file was removed or replaced protects nothing: the check says so before the next effect."""
    lock = UserLock.acquire(state, ACCOUNT, USER)
    lock.path.unlink()
    if replace:
        lock.path.touch(0o600)
    with pytest.raises(LockHeld, match="removed or replaced"):
        lock.check()
    lock.close()


OWNERS = {
    "nothing": b"",
    "no JSON": b"pid 12",
    "another shape": b'{"pid": "x"}',
    "a list": b"[1, 2]",
    "not even text": b"\xff\xfe",
}


@pytest.mark.parametrize("case", OWNERS)
def test_an_unsigned_lock_is_a_lock(state: Path, case: str) -> None:
    """Whatever stands in the file, a held lock is held."""
    path = lock_path(state, ACCOUNT, USER)
    path.parent.mkdir(0o700)
    path.touch(0o600)
    path.write_bytes(OWNERS[case])
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LockHeld, match="has not signed yet"):
            UserLock.acquire(state, ACCOUNT, USER)


def test_a_pid_that_was_used_again_is_not_the_owner() -> None:
    """The start time tells a process from a later one with its number; a foreign host is not looked up."""
    mine = Owner(os.getpid(), 1, socket.gethostname(), "rotator", "2026-01-01T00:00:00+00:00")
    assert mine.condition().startswith("gone")
    assert Owner(os.getpid(), 1, "elsewhere", "rotator", "").condition() == "state not visible from here"


def test_the_owner_text_has_the_time_it_was_told(state: Path) -> None:
    """`since` is the wall clock at the moment of locking, in UTC."""
    lock = UserLock.acquire(state, ACCOUNT, USER, wall_clock=lambda: 1_700_000_000.9)
    assert json.loads(lock.path.read_text())["since"] == "2023-11-14T22:13:20+00:00"
    lock.close()


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_the_lock_file_is_born_private(state: Path, umask: int) -> None:
    """Whatever the umask, the lock file is 0600 in a directory of 0700."""
    before = os.umask(umask)
    try:
        lock = UserLock.acquire(state, ACCOUNT, USER)
    finally:
        os.umask(before)
    assert (lock.path.stat().st_mode & 0o7777, lock.path.parent.stat().st_mode & 0o7777) == (0o600, 0o700)
    lock.close()


@pytest.mark.parametrize("attack", ["symlink", "hard link", "open to all"])
def test_an_unsafe_lock_file_is_refused(state: Path, attack: str) -> None:
    """A lock file that leads elsewhere or that others reach is refused and nothing is written through it."""
    path, victim = lock_path(state, ACCOUNT, USER), state / "victim"
    path.parent.mkdir(0o700)
    victim.touch(0o600)
    victim.write_text("precious")
    if attack == "symlink":
        path.symlink_to(victim)
    else:
        os.link(victim, path)
    if attack == "open to all":
        victim.unlink()
        path.chmod(0o666)
    with pytest.raises(JournalError, match="symbolic link|hard links|mode 0666"):
        UserLock.acquire(state, ACCOUNT, USER)
    assert not victim.exists() or victim.read_text() == "precious"


NAMES = {
    "a path": (ACCOUNT, "../../etc/passwd"),
    "a slash": (ACCOUNT, "a/b"),
    "no user": (ACCOUNT, ""),
    "a line break": (ACCOUNT, "a\n"),
    "no account": ("", USER),
    "an account with letters": ("12345678901a", USER),
    "digits that are not ASCII": ("\u0661\u0662", USER),
}


@pytest.mark.parametrize("case", NAMES)
def test_only_names_of_iam_become_paths(state: Path, case: str) -> None:
    """What cannot be an account id and an IAM user name never becomes a file name."""
    with pytest.raises(JournalError, match="not an AWS account id"):
        UserLock.acquire(state, *NAMES[case])
    assert list(state.iterdir()) == []


def test_a_look_at_the_lock_takes_nothing(state: Path, owner: subprocess.Popen[str]) -> None:
    """Whoever only looks is told who is at work, and leaves a free lock free and unsigned."""
    with pytest.raises(LockHeld, match=f"pid {owner.pid}"):
        refuse_if_held(state, ACCOUNT, USER)
    refuse_if_held(state, ACCOUNT, "another-user")
    assert not lock_path(state, ACCOUNT, "another-user").exists()
    owner.kill()
    owner.wait()
    refuse_if_held(state, ACCOUNT, USER)
    UserLock.acquire(state, ACCOUNT, USER).close()
