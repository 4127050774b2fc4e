"""The program under strace: killed, stopped or failed at its n-th system call of a kind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.saga.launching import Process, Started
from tests.saga.stage import Stage

# What changes the disk; `write` is left to those who ask for it, because sockets and the terminal get it too.
DISK = ("pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "renameat", "link", "linkat", "unlink", "unlinkat")
CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)
LOOK_S = 0.01
LOOKS = 5
PATIENCE = 6000  # looks

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def under(log: Path, *inject: str, calls: tuple[str, ...] = DISK) -> Started:
    """The program under strace; `inject` are strace's own expressions, such as `fsync:signal=KILL:when=3`."""
    injected = [part for one in inject for part in ("-e", f"inject={one}")]
    return Started(("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(calls)}", *injected))


def counted(stage: Stage, *arguments: str, stdin: str = "", calls: tuple[str, ...] = DISK) -> Counter[str]:
    """How often a run makes each of the calls; the run is a whole one."""
    log = stage.home / "calls.trace"
    with launched(stage, under(log, calls=calls)):
        stage.rotator(*arguments, stdin=stdin, code=None)
    found = Counter(CALL.findall(log.read_text()))
    log.unlink()
    return found


def struck(stage: Stage, inject: str, *arguments: str, stdin: str = "") -> int:
    """Run the program while strace does `inject`; its exit code, negative if a signal ended it."""
    log = stage.home / "struck.trace"
    name = inject.partition(":")[0]
    with launched(stage, under(log, inject, calls=(name,))):
        done = stage.rotator(*arguments, stdin=stdin, code=None)
    return done.code


@contextmanager
def launched(stage: Stage, launcher: Started) -> Iterator[None]:
    """The stage starts the program in another way for a while."""
    before, stage.launcher = stage.launcher, launcher
    try:
        yield
    finally:
        stage.launcher = before


def traced(strace: Process) -> int:
    """The pid of the program that a strace process runs."""
    children = Path(f"/proc/{strace.pid}/task/{strace.pid}/children")
    for _ in range(PATIENCE):
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(LOOK_S)
    raise AssertionError("strace started nothing")


def state(pid: int) -> str:
    """The state letter of a process; "" if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def stands_still(pid: int) -> bool:
    """Whether a process is stopped for good: one that strace looks at is so for moments only."""
    for _ in range(LOOKS):
        if state(pid) not in "Tt":
            return False
        time.sleep(LOOK_S)
    return True


def resume(process: Process, pid: int) -> int:
    """SIGCONT, as often as it is stopped again; the exit code."""
    for _ in range(PATIENCE):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        if (code := process.poll()) is not None:
            return code
        time.sleep(LOOK_S)
    raise AssertionError("it does not end")
