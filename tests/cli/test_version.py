"""`rotator --version`: what runs here, also where no repository and no network is."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

import rotator
from rotator.cli.commit import Commit, commit
from rotator.cli.version import LIBRARIES
from rotator.core.errors import Exit
from tests.cli.conftest import Run
from tests.gates.source_tree import ROOT
from tests.test_packaging import PROJECT

ID, OTHER = "1" * 40, "2" * 40
OURS = 'x = 1\nname = "rotator"\n'
Files = dict[str, str]


def test_it_says_what_runs_here(run: Run) -> None:
    """Version, Python's SQLite and the libraries that decide how AWS and Google behave; the same as JSON."""
    told = run("--version")
    assert told.out.startswith(f"rotator {rotator.__version__}\n  commit ")
    assert f"boto3                     {metadata.version('boto3')}\n" in told.out
    document = run("--version", "--json").document
    assert document["schema"] == "rotator/version/1"
    assert (document["version"], document["sqlite"]) == (rotator.__version__, sqlite3.sqlite_version)
    assert document["libraries"]["cryptography"] == metadata.version("cryptography")
    assert all(document["libraries"].values())


def test_json_alone_belongs_to_a_command(run: Run) -> None:
    """Before the command it would be lost, so it is refused there."""
    told = run("--json", "status")
    assert told.code == Exit.USAGE
    assert "rotator status --json" in told.document["message"]


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="needs a git checkout")
def test_this_checkout_s_commit_is_the_one_that_git_names() -> None:
    """Read from the files that git keeps, in a worktree too."""
    named = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert commit(ROOT / "rotator") == Commit(named.stdout.strip(), "checkout")


CASES: dict[str, tuple[Files, Commit]] = {
    "a wheel": ({"rotator/commit.txt": f"{ID}\n"}, Commit(ID, "build")),
    "a wheel of files that were not as committed": (
        {"rotator/commit.txt": f"{ID} changed\n"}, Commit(ID, "build", changed=True)),
    "a wheel that was unpacked into a checkout": (
        {"rotator/commit.txt": ID, "pyproject.toml": OURS, ".git/HEAD": OTHER}, Commit(ID, "build")),
    "a checkout of a commit": ({"pyproject.toml": OURS, ".git/HEAD": f"{ID}\n"}, Commit(ID, "checkout")),
    "a checkout of a branch": (
        {"pyproject.toml": OURS, ".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": f"{ID}\n"},
        Commit(ID, "checkout")),
    "a branch among the packed ones": (
        {"pyproject.toml": OURS, ".git/HEAD": "ref: refs/heads/main\n",
         ".git/packed-refs": f"# pack-refs\n{OTHER} refs/heads/maintained\n{ID} refs/heads/main\n^{OTHER}\n"},
        Commit(ID, "checkout")),
    "a worktree": (
        {"pyproject.toml": OURS, ".git": "gitdir: main/.git/worktrees/w\n",
         "main/.git/worktrees/w/HEAD": "ref: refs/heads/w\n", "main/.git/worktrees/w/commondir": "../..\n",
         "main/.git/refs/heads/w": ID}, Commit(ID, "checkout")),
    "a repository of 64-digit ids": ({"pyproject.toml": OURS, ".git/HEAD": "a" * 64}, Commit("a" * 64, "checkout")),
    "files without a repository": ({"pyproject.toml": OURS}, Commit()),
    "somebody else's repository around a copy": (
        {"pyproject.toml": 'name = "theirs"\n', ".git/HEAD": ID}, Commit()),
    "a branch without a commit": ({"pyproject.toml": OURS, ".git/HEAD": "ref: refs/heads/main\n"}, Commit()),
    "a file that is no commit": ({"rotator/commit.txt": "soon\n"}, Commit()),
    "an empty file": ({"rotator/commit.txt": ""}, Commit()),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES.keys())
def test_the_commit_is_known_or_not_claimed(files: Files, expected: Commit, tmp_path: Path) -> None:
    """Whatever lies there, the answer is the commit, or that it is unknown."""
    (tmp_path / "rotator").mkdir()
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert commit(tmp_path / "rotator") == expected


SAID: dict[str, tuple[Commit, str]] = {
    "a build": (Commit(ID, "build"), f"{ID} (of the build)"),
    "a changed one": (Commit(ID, "build", changed=True), f"{ID} (of the build, with changes)"),
    "a checkout": (Commit(ID, "checkout"), f"{ID} (of this checkout, which may have changed since)"),
    "nothing": (Commit(), "unknown (not built from a git repository)"),
}


@pytest.mark.parametrize(("found", "text"), SAID.values(), ids=SAID.keys())
def test_where_the_commit_comes_from_is_said(found: Commit, text: str) -> None:
    """A checkout may have changed since, a build may have been of changed files."""
    assert found.text == text


def test_every_library_that_is_named_is_one_of_ours() -> None:
    """What the product no longer needs is not named as missing; botocore comes with boto3."""
    asked = {re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0] for need in PROJECT["dependencies"]}
    assert set(LIBRARIES) - asked == {"botocore"}
