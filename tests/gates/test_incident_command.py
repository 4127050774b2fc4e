"""`make rotate`: what a person types in an incident reaches the program as typed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = '#!/bin/sh\nfor argument in "$@"; do printf "%s\\0" "$argument"; done\n'

REASONS = {
    "plain words": "key on a public paste",
    "both quotes": """Jada's "old" laptop""",
    "shell substitution": "$(touch escaped) `touch escaped`",
    "shell separators": "a; touch escaped & touch escaped | b > escaped",
    "make's own functions": "$(shell touch escaped) $(info x) ${PATH} $$ $@",
    "a comment sign and a backslash": "see #12 \\ done",
    "an option": "--yes",
    "two lines": "first\nsecond",
    "nothing": "",
}


def _make_rotate(folder: Path, *arguments: str, **environment: str) -> list[str]:
    """The arguments that `make rotate` gives its program; fails if anything escaped."""
    program = folder / "a program"
    program.write_text(PROGRAM)
    program.chmod(0o700)
    make = ["make", "--silent", "--directory", str(folder), "--file", str(ROOT / "Makefile")]
    command = [*make, "rotate", f"ROTATOR={program}", *arguments]
    result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["a program"]
    return result.stdout.split("\0")[:-1]


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS.keys())
def test_a_reason_arrives_literally(tmp_path: Path, reason: str) -> None:
    """A reason is text from a worried person: no character of it is read by make or by the shell."""
    expected = ["rotate", "--emergency", "--key", "AKIAIOSFODNN7EXAMPLE", "--reason", reason]
    if "\n" not in reason:  # make's command line is one line
        assert _make_rotate(tmp_path, f"REASON={reason}", "KEY=AKIAIOSFODNN7EXAMPLE") == expected
    assert _make_rotate(tmp_path, REASON=reason, KEY="AKIAIOSFODNN7EXAMPLE") == expected


def test_user_and_key_arrive_literally_too(tmp_path: Path) -> None:
    """What is pasted as a user or a key is no shell text either: the program is the one to refuse it."""
    assert _make_rotate(tmp_path, "REASON=r", "IAM_USER=a b;touch escaped", "KEY=$(shell touch escaped)") == [
        "rotate", "--emergency", "--user", "a b;touch escaped", "--key", "$(shell touch escaped)", "--reason", "r"
    ]  # fmt: skip


def test_what_was_not_said_is_not_passed(tmp_path: Path) -> None:
    """Without a user or a key the options are left out, and the program says what it needs."""
    assert _make_rotate(tmp_path, "REASON=r") == ["rotate", "--emergency", "--reason", "r"]
