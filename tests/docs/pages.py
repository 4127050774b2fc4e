"""The pages for people, as data: their fenced blocks, and the notes that stand for people and time in the sandbox.

A `console` block is a session: `$ ` begins a command, what follows is what it prints.  A note is an HTML comment
that a reader does not see: `<!-- sandbox: advance 4d -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.gates.source_tree import ROOT

RUNBOOKS = sorted((ROOT / "runbooks").glob("*.md"))
PAGES = [ROOT / "README.md", *RUNBOOKS]
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
NOTE = re.compile(r"^ *<!-- sandbox: (.+) -->$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block without its indentation; `line` is the number of its first line in the file."""

    page: Path
    line: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a session, and the lines that it is said to print."""

    page: Path
    line: int
    text: str
    printed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """What happens in the sandbox between two blocks."""

    line: int
    text: str


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The fenced blocks of a page, of some kinds or all."""
    text = page.read_text("utf-8")
    found = [
        Block(page, _line(text, match.start(3)), match[2], re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE))
        for match in FENCE.finditer(text)
    ]
    return [block for block in found if not kinds or block.kind in kinds]


def script(page: Path) -> list[Command | Note]:
    """What is to be done for one page, in its order: the commands of its `console` blocks, and the notes."""
    text = page.read_text("utf-8")
    notes = [Note(_line(text, match.start()), match[1]) for match in NOTE.finditer(text)]
    commands = [command for block in blocks(page, "console") for command in _commands(block)]
    return sorted([*notes, *commands], key=lambda one: one.line)


def _commands(block: Block) -> Iterator[Command]:
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    assert starts[:1] == [0], f"{block.page}:{block.line}: a session begins with a command"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield Command(block.page, block.line + start, lines[start][2:], tuple(lines[start + 1 : end]))


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
