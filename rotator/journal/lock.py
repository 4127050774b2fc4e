"""One run per IAM user on this machine: an OS lock that lives exactly as long as its process.

`flock` on `<state directory>/locks/<account>-<user>.lock`.  The kernel drops it when the process dies, however it
dies, so there is no stale lock and nothing to clean up; the text inside only names the owner.  Network file
systems are not supported: there a lock may be lost without a word.

Who takes it for one short effect (a login, a test mail, an entry) signs so.  It is back within seconds, so whoever
comes meanwhile waits for it; for a rotation at work, or an owner that stands still, nobody waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rotator.core.errors import JournalError, LockHeld
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.journal.private_files import make_private_directory, open_private

ATTEMPTS = 5  # the file may be replaced between opening and locking it; each time we look again
LET_IN_S = 5.0  # into a holding of a brief owner that is older, none of its threads is let in any more
OPENING_S = 5.0  # to open the journal and write the intent
BRIEF_S = LET_IN_S + REQUEST_DEADLINE_S + OPENING_S  # so long the last one let in may have the lock
UNSIGNED_S = 0.5  # between locking and signing lie microseconds, and so does a look of `refuse_if_held`
POLL_S = 0.02
OWNER_LIMIT = 4096  # bytes of owner text that are read
IAM_USER_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")  # IAM API reference, CreateUser: UserName
COMMAND_WORD = re.compile(r"[a-z]{1,32}")
FIELDS_AFTER_NAME = 2  # /proc/PID/stat: the command in (...), which may hold anything, is field 2
GONE, STOPPED = "gone", "stopped"
STATE, START_TIME = 3 - FIELDS_AFTER_NAME - 1, 22 - FIELDS_AFTER_NAME - 1  # proc(5), counted from field 3


@dataclass(frozen=True, slots=True)
class Owner:
    """Who wrote the lock file.  `born` is the start time in clock ticks since boot: a pid alone is used again."""

    pid: int
    born: int | None
    host: str
    command: str
    since: str  # UTC, ISO 8601
    brief: bool = False  # for one short effect: it lets go within BRIEF_S

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host} ({self.command}), since {self.since}, {self.condition()}"

    def worth_waiting_for(self) -> float:
        """Seconds that whoever wants the lock waits for this owner."""
        condition = self.condition()
        if condition.startswith(GONE):
            return UNSIGNED_S
        return BRIEF_S if self.brief and condition != STOPPED else 0.0

    def condition(self) -> str:
        """Running, stopped (SIGSTOP, a debugger), gone, or not to be seen from here."""
        if self.host != socket.gethostname() or self.born is None:
            return "state not visible from here"
        found = _process(self.pid)
        if found is None or found[1] != self.born:
            return f"{GONE}; a child of it, or a successor that has not signed yet, holds the lock"
        return STOPPED if found[0] in "Tt" else "running"


class UserLock:
    """The lock, held from construction by `acquire` until `close` or the end of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Use `acquire`."""
        self.path = path
        self._descriptor: int | None = descriptor
        self._pid = os.getpid()

    @classmethod
    def acquire(
        cls,
        state_directory: Path,
        account: str,
        user: str,
        wall_clock: Callable[[], float] = time.time,
        *,
        brief: bool = False,
    ) -> UserLock:
        """Take the lock; `brief`: for one short effect.  Waits for nobody but a brief owner, and that BRIEF_S at most.

        Raises LockHeld naming the owner, JournalError for an unsafe file.
        """
        path = lock_path(state_directory, account, user)
        make_private_directory(path.parent, JournalError)
        for _ in range(ATTEMPTS):
            descriptor = open_private(path, os.O_RDWR | os.O_CREAT, JournalError)
            try:
                _flock(descriptor, path)
                if _same_file(descriptor, path):
                    _sign(descriptor, wall_clock, brief=brief)
                    return cls(path, descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise LockHeld(f"{path} is replaced again and again by another program")

    def check(self) -> None:
        """Raises LockHeld if this process does not own the lock (any more)."""
        if self._descriptor is None:
            raise LockHeld(f"the lock {self.path} was given back")
        if self._pid != os.getpid():
            raise LockHeld(f"the lock {self.path} belongs to the parent process {self._pid}")
        if not _same_file(self._descriptor, self.path):
            raise LockHeld(f"the lock file {self.path} was removed or replaced while this run was at work")

    def close(self) -> None:
        """Give the lock back; again is no error.  In a forked child only the child's descriptor is closed."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        if self._pid == os.getpid():
            with contextlib.suppress(OSError):  # a failing disk: the old text names an owner that is gone
                os.ftruncate(descriptor, 0)
        os.close(descriptor)


def lock_path(state_directory: Path, account: str, user: str) -> Path:
    """Where the lock of a user lies.  Raises JournalError for what is no account id or IAM user name."""
    if not account.isascii() or not account.isdigit() or not IAM_USER_NAME.fullmatch(user):
        raise JournalError(f"not an AWS account id and IAM user name: {account!r}, {user!r}")
    return state_directory / "locks" / f"{account}-{user}.lock"


def refuse_if_held(state_directory: Path, account: str, user: str) -> None:
    """Raises LockHeld naming the owner if somebody is at work; takes and writes nothing."""
    path = lock_path(state_directory, account, user)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as failure:
        raise JournalError(f"{path} cannot be read: {failure.strerror}") from failure
    try:
        _flock(descriptor, path, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, path: Path, kind: int = fcntl.LOCK_EX) -> None:
    began = since = time.monotonic()
    before: Owner | str | None = "nobody was seen yet"
    while not _locked(descriptor, path, kind):
        owner, now = _read_owner(descriptor), time.monotonic()
        if owner != before:  # one brief owner lets go, and the next has taken the lock and not signed yet
            before, since = owner, now
        patience_s = owner.worth_waiting_for() if owner else UNSIGNED_S
        if now - since >= patience_s or now - began >= BRIEF_S:
            raise LockHeld(f"locked by {owner or 'a process that has not signed yet'}: {path}")
        time.sleep(POLL_S)


def _locked(descriptor: int, path: Path, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as failure:
        raise JournalError(f"{path} cannot be locked: {failure.strerror}") from failure
    return True


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        at_path = path.lstat()
    except OSError:
        return False
    return os.path.samestat(os.fstat(descriptor), at_path)


def _sign(descriptor: int, wall_clock: Callable[[], float], *, brief: bool) -> None:
    mine = _process(os.getpid())
    since = datetime.fromtimestamp(int(wall_clock()), UTC).isoformat()
    owner = Owner(os.getpid(), mine[1] if mine else None, socket.gethostname(), _command(), since, brief)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(owner)).encode() + b"\n", 0)
    except OSError as failure:  # the lock is held all the same; a full disk is the journal's to report
        raise JournalError(f"the lock file cannot be written: {failure.strerror}") from failure


def _command() -> str:
    """The program and the first word of its command line, if that is a word: `rotator audit`."""
    program, first = Path(sys.argv[0]).name, sys.argv[1] if len(sys.argv) > 1 else ""
    return f"{program} {first}" if COMMAND_WORD.fullmatch(first) else program


def _read_owner(descriptor: int) -> Owner | None:
    try:
        data = json.loads(os.pread(descriptor, OWNER_LIMIT, 0))
        named = (str(data["host"]), str(data["command"]), str(data["since"]))
        return Owner(int(data["pid"]), data["born"], *named, data.get("brief") is True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _process(pid: int) -> tuple[str, int] | None:
    """(state letter, start time) of a process, or None if there is none or no /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    after_name = text.rpartition(")")[2].split()
    return after_name[STATE], int(after_name[START_TIME])
