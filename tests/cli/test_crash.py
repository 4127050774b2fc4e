"""A bug in the program: told as one, kept privately, without a secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import rotator
from rotator.cli.crash import keep, redacted
from rotator.core.errors import Exit

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # AWS documentation's own example


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traceback files of this test lie in its own folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def _failure() -> Exception:
    try:
        _fail(SECRET)
    except ValueError as error:
        return error
    raise AssertionError("it did not fail")


def _fail(local: str) -> None:
    raise ValueError(f"unexpected {local}\x1b[2J")


def test_a_traceback_has_code_and_no_values() -> None:
    """What could be a secret is gone from messages, locals are not shown, and escape codes neither."""
    told = redacted(_failure())
    assert "unexpected ***" in told
    assert "in _fail" in told
    assert SECRET not in told
    assert "\x1b" not in told


def test_the_file_is_for_its_owner_alone() -> None:
    """A traceback is kept 0600, under a name of its own."""
    first, second = Path(keep(_failure())), Path(keep(_failure()))
    assert first != second
    assert first.stat().st_mode & 0o777 == 0o600
    assert SECRET not in first.read_text("utf-8")


def test_the_file_says_what_ran() -> None:
    """Version, commit and libraries stand before the traceback: whoever reads a report needs no second question."""
    told = Path(keep(_failure())).read_text("utf-8")
    assert told.startswith(f"rotator {rotator.__version__}\n  commit ")
    assert 0 < told.index("  botocore ") < told.index("Traceback")


def test_where_no_file_can_be_written_there_is_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full or missing folder does not turn one failure into two."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert keep(_failure()) == ""


def test_a_bug_ends_with_seventy_and_names_the_file(tmp_path: Path) -> None:
    """A broken installation is told as a bug, to scripts as well, and its words are kept without the secret."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "yaml.py").write_text(f"raise RuntimeError('half a library {SECRET}')\n", "utf-8")
    config = tmp_path / "config.yaml"
    config.touch(0o600)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(broken), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "rotator", "config", "check", "--json", "-c", str(config)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    assert (done.returncode, document["id"], SECRET in done.stdout + done.stderr) == (Exit.BUG, "bug", False)
    (path,) = tmp_path.glob("rotator-crash-*.txt")
    assert str(path) in document["fix"]
    assert "half a library ***" in path.read_text("utf-8")
