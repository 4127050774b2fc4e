"""A person at a terminal: the program on a pseudo-terminal, answers typed when a question is seen."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The exit code, and everything that stood on the screen."""

    code: int
    screen: str


def at_terminal(arguments: Sequence[str], environ: Mapping[str, str], answers: Mapping[str, str] | None = None) -> Seen:
    """Run `rotator ARGUMENTS…` and type each answer once its question (part of a line) is on the screen."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rotator", *arguments]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=dict(environ), start_new_session=True
    ) as program:
        os.close(theirs)
        try:
            screen = _converse(ours, dict(answers or {}))
        finally:
            program.kill()
            os.close(ours)
    return Seen(program.returncode, screen.replace("\r\n", "\n"))


def _converse(terminal: int, answers: dict[str, str]) -> str:
    """Read until the program hangs up; fails the test if it waits for an answer that nobody has."""
    screen, end = "", time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            screen += os.read(terminal, 4096).decode("utf-8", "replace")
        except OSError:  # EIO: the other side is closed
            return screen
        for question in [one for one in answers if one in screen]:
            os.write(terminal, answers.pop(question).encode() + b"\n")
    raise AssertionError(f"the program still waits:\n{screen}")
