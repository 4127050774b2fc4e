"""Which commit the program was built from, without asking git or the network.

A wheel carries it in a file that scripts/build_hook.py writes; a checkout has it in `.git`.  The standard library
alone, and no import of ours: the build loads this file by its path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FILE = "commit.txt"  # beside this package's __init__.py in a wheel: the id, and "changed" behind it if files differed
ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
OURS = re.compile(r'^name = "rotator"$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Commit:
    """`id` is whole, or "" if it is not known.  `of`: "build", "checkout" or "" ."""

    id: str = ""
    of: str = ""
    changed: bool = False  # built from files that were not as committed; of a checkout nobody looked

    @property
    def text(self) -> str:
        """For people."""
        about = {
            "build": "of the build, with changes" if self.changed else "of the build",
            "checkout": "of this checkout, which may have changed since",
        }
        return f"{self.id} ({about[self.of]})" if self.id else "unknown (not built from a git repository)"


def commit(package: Path) -> Commit:
    """The commit of the package in this directory."""
    written = _text(package / FILE).split()
    if written and ID.fullmatch(written[0]):
        return Commit(written[0], "build", "changed" in written[1:])
    found = of_checkout(package.parent)
    return Commit(found, "checkout") if found else Commit()


def of_checkout(root: Path) -> str:
    """The commit that a checkout of ours stands on; "" for anything else, and for what cannot be read."""
    if not OURS.search(_text(root / "pyproject.toml")):
        return ""
    git = root / ".git"
    if git.is_file():  # a worktree: the file says where
        git = root / _text(git).partition("gitdir:")[2].strip()
    head = _text(git / "HEAD").strip()
    found = _resolved(git, head.removeprefix("ref: ")) if head.startswith("ref: ") else head
    return found if ID.fullmatch(found) else ""


def _resolved(git: Path, ref: str) -> str:
    """The commit of a branch, which lies in a file of its own or among the packed ones."""
    common = git / (_text(git / "commondir").strip() or ".")
    if loose := _text(common / ref).strip():
        return loose
    packed = (line.partition(" ") for line in _text(common / "packed-refs").splitlines())
    return next((found for found, _, name in packed if name == ref), "")


def _text(path: Path) -> str:
    """The file's text; "" if it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
