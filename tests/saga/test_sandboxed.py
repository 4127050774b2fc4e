"""The services of `schedule systemd` leave the program every system call that a whole rotation makes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.schedule.systemd import SANDBOX
from tests.saga.launching import Zygote
from tests.saga.stage import Stage, prepare
from tests.saga.tracing import counted, needs_strace

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: apt-get install systemd"
)


def calls_in(group: str) -> set[str]:
    """The system calls of one of systemd's groups, groups inside it opened."""
    done = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True)
    names = [line.strip() for line in done.stdout.splitlines()[1:] if line.strip() and "#" not in line]
    return {call for one in names for call in (calls_in(one) if one.startswith("@") else {one})}


def allowed() -> set[str]:
    """What the lines of the unit leave, applied one after the other."""
    left: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", SANDBOX, re.MULTILINE):
        groups = line.removeprefix("~").split()
        calls = {call for one in groups for call in calls_in(one)}
        left = left - calls if line.startswith("~") else left | calls
    return left


@needs_systemd
@needs_strace
def test_a_rotation_makes_no_call_that_the_unit_forbids(
    build_stage: Callable[..., Stage], adopted: Path, zygote: Zygote
) -> None:
    """A whole turn: create, verify, push into a file and into Gmail, canaries."""
    stage = build_stage(calm=True, launcher=zygote, template=adopted)
    prepare(stage)
    used = set(counted(stage, "rotate", "--all", "--no-input", calls=("all",)))
    assert {"connect", "fsync", "renameat"} <= used
    assert used - allowed() == set()
