"""What a wheel claims of the files that it was built from."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.build_hook import unlike_the_commit

FILES = ("rotator/there.py", "runbooks/page.md", "README.md", "pyproject.toml", "tests/test_there.py")

# a file that is written after the commit, and whether the wheel says so
CASES = {
    "nothing": ("", False),
    "a module was edited": ("rotator/there.py", True),
    "a new module": ("rotator/new.py", True),
    "a new page in a new folder": ("runbooks/more/new.md", True),
    "how it is built was edited": ("scripts/build_hook.py", True),
    "a test, which no wheel holds": ("tests/test_new.py", False),
    "what git ignores, and the wheel with it": ("rotator/there.pyc", False),
}


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(("written", "changed"), CASES.values(), ids=CASES.keys())
def test_a_wheel_is_of_its_commit_only_if_every_file_is(tmp_path: Path, written: str, *, changed: bool) -> None:
    """A file that nobody committed lands in the wheel as well as one that was edited."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("committed\n")
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "All of it"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)
    if written:
        (tmp_path / written).parent.mkdir(exist_ok=True)
        (tmp_path / written).write_text("not committed\n")
    assert unlike_the_commit(str(tmp_path)) is changed


def test_without_a_repository_nothing_is_claimed(tmp_path: Path) -> None:
    """A source archive is no checkout."""
    assert unlike_the_commit(str(tmp_path)) is False
