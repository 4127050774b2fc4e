"""Every `rotator …` that a page or a message of the program names exists, with those options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from rotator.cli.main import app
from tests.docs.pages import FENCE, PAGES, blocks
from tests.gates.source_tree import PRODUCT, ROOT, nodes

IN_PROSE = re.compile(r"`rotator ([^`]+)`")
IN_MESSAGE = re.compile(r"rotator ((?:[a-z]+ )*[a-z]+(?: --?[a-z-]+(?: [A-Za-z{}0-9…:._/-]+)?)*)")
OPTION = re.compile(r"(?<!\S)--?[a-z][a-z-]*")
OTHER_PAGES = [ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def on_pages() -> Iterator[tuple[str, str]]:
    """(page, what follows `rotator`) of every command in a block or between backticks."""
    for page in [*PAGES, *OTHER_PAGES]:
        for block in blocks(page, "sh", "console"):
            lines = [line.removeprefix("$ ") for line in block.text.splitlines()]
            yield from ((page.name, line.removeprefix("rotator ")) for line in lines if line.startswith("rotator "))
        prose = FENCE.sub("", page.read_text("utf-8"))
        yield from ((page.name, " ".join(found.split())) for found in IN_PROSE.findall(prose))


def in_messages() -> Iterator[tuple[str, str]]:
    """The same for the program's own texts: what a person is told to type."""
    for path in PRODUCT:
        for node in nodes(path):
            if isinstance(node, ast.keyword) and node.arg in {"fix", "next"} and isinstance(node.value, ast.Constant):
                yield from ((path.name, found) for found in IN_MESSAGE.findall(str(node.value.value)))


def wrong_with(typed: str) -> str:
    """What the program would not understand; empty if it would."""
    command: Any = get_command(app)
    root = {option for parameter in command.params for option in (*parameter.opts, "--help")}
    words = re.split(r"\s+[>|]\s", typed)[0].split()
    while words and hasattr(command, "list_commands"):
        name = words.pop(0)
        if name.startswith("-"):
            return "" if name in root else f"no option {name}"
        command = command.get_command(None, name)
        if command is None:
            return f"no command {name}"
    known = {option for parameter in command.params for option in (*parameter.opts, "--help")}
    unknown = sorted(set(OPTION.findall(" ".join(words))) - known)
    return f"no option {', '.join(unknown)}" if unknown else ""


NAMED = sorted({*on_pages(), *in_messages()})


@pytest.mark.parametrize(("where", "typed"), NAMED, ids=[f"{where}: {typed[:70]}" for where, typed in NAMED])
def test_what_people_are_told_to_type_exists(where: str, typed: str) -> None:
    """Command and options are there; a reader never meets `no such option`."""
    assert wrong_with(typed) == ""


def test_enough_commands_are_found_to_mean_something() -> None:
    """The search finds blocks, prose and messages."""
    assert {"rotate --dry-run", "config check", "derive --region us-east-1"} <= {typed for _, typed in NAMED}
    assert any(where.endswith(".py") for where, _ in NAMED)


WRONG = {"another command": "rotat", "another subcommand": "config edit", "another option": "rotate --force"}


@pytest.mark.parametrize("typed", WRONG.values(), ids=WRONG.keys())
def test_a_made_up_command_would_be_found(typed: str) -> None:
    """A command that was renamed, or never existed, does not stay on a page."""
    assert wrong_with(typed) != ""
