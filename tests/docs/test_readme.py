"""README's table of exit codes and its steps against the program, and the outside calls, counted on the sandbox."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from rotator.core.errors import Exit
from tests.docs.counting import PROCESSES, STEPS, happy_rotation
from tests.gates.source_tree import ROOT

README = (ROOT / "README.md").read_text("utf-8")
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text("utf-8")


def rows(page: str, first: str) -> list[list[str]]:
    """The cells of a page's table whose rows begin with what `first` fits."""
    lines = [line for line in page.splitlines() if re.match(rf"\| {first} \|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_exit_code_is_explained_and_no_other() -> None:
    """README's table holds exactly the codes that the program ends with."""
    told = {int(code) for cells in rows(README, r"\d+(?:, \d+)?") if len(cells) == 3 for code in cells[0].split(", ")}
    assert told == {int(code) for code in Exit}


def test_the_eleven_steps_stand_in_order() -> None:
    """The numbered steps of the page, and those that README names, are the protocol's."""
    (sentence,) = re.findall(r"^The eleven steps, (.+?)\n\n", README, re.MULTILINE | re.DOTALL)
    assert tuple(re.findall(r"\*\*(\w+)\*\*", sentence)) == STEPS
    table = [cells for cells in rows(PROTOCOL, r"\d+") if len(cells) == 2 + len(PROCESSES)]
    assert [(int(cells[0]), _name(cells)) for cells in table] == list(enumerate(STEPS, start=1))


def test_the_counted_calls_are_what_a_rotation_costs(tmp_path: Path) -> None:
    """Each number in the table is what the sandbox's record shows for a calm rotation."""
    counted = happy_rotation(tmp_path / "world")
    table = {int(cells[0]): cells[2:] for cells in rows(PROTOCOL, r"\d+") if len(cells) == 2 + len(PROCESSES)}
    told = {
        process: Counter({number: int(cells[at]) for number, cells in table.items() if cells[at]})
        for at, process in enumerate(PROCESSES)
    }
    assert told == counted


PROMISES = ["make demo", "make test", "[limitations](#limitations)", "switches the old key off only after"]


@pytest.mark.parametrize("promise", PROMISES)
def test_the_first_screens_say_what_a_newcomer_looks_for(promise: str) -> None:
    """What it never does, the two commands and the way to the limitations stand before the short path."""
    assert promise in " ".join(README.partition("## The short path")[0].split())


def _name(cells: list[str]) -> str:
    found = re.search(r"\*\*(\w+)\*\*", cells[1])
    return found[1] if found else ""
