"""The sessions on the pages are real: each is played on a calm sandbox and compared, line by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, Command, Note, script
from tests.docs.stage import staged
from tests.gates.source_tree import ROOT

EXIT = re.compile(r"\(exit (\d+)\)$")
# What differs from run to run; on a page one stands for any.
ANY = (r"AKIA…\w{4}", r"\d+\.\d s", r"\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d UTC", r"\d{8}-\d{6}-")
SESSIONS = [page for page in PAGES if any(isinstance(one, Command) for one in script(page))]


def pattern(printed: Sequence[str]) -> re.Pattern[str]:
    """What the page says as a pattern: `...` is anything in a line, alone on a line any lines."""
    parts = []
    for line in printed:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            pieces = re.split(f"({'|'.join(ANY)})", line.rstrip())
            parts.append("".join(_piece(piece) for piece in pieces) + "\n")
    return re.compile("".join(parts))


def _piece(text: str) -> str:
    any_of_its_kind = next((form for form in ANY if re.fullmatch(form, text)), None)
    return any_of_its_kind or re.escape(text).replace(r"\.\.\.", r"[^\n]*")


def promised_code(printed: Sequence[str]) -> int:
    """The exit code at the end of a session's last line; without it the command goes well."""
    shown = EXIT.search(printed[-1].strip()) if printed else None
    return int(shown[1]) if shown else 0


def difference(command: Command, code: int, lines: Sequence[str]) -> str:
    """Empty if the command did what the page says; else where, what it was, and a diff."""
    text = "".join(f"{line}\n" for line in lines)
    if pattern(command.printed).fullmatch(text) and code == promised_code(command.printed):
        return ""
    where = f"{command.page.relative_to(ROOT)}:{command.line}"
    diff = difflib.unified_diff(list(command.printed), list(lines), "on the page", "in the sandbox", lineterm="", n=9)
    return "\n".join([f"{where}: $ {command.text}   (exit {code})", *diff])


@pytest.mark.parametrize("page", SESSIONS, ids=[page.name for page in SESSIONS])
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    """Each command on the page prints what the page says, and ends as it says."""
    with staged(tmp_path) as stage:
        for one in script(page):
            if isinstance(one, Note):
                stage.happen(one.text)
            else:
                found = difference(one, *stage.shell(one.text))
                assert not found, found


LIES = {
    "another word": (["all is well"], 0, ["all is lost"]),
    "a line is missing": (["one", "two"], 0, ["one"]),
    "a line too many": (["one"], 0, ["one", "two"]),
    "another exit code": (["one"], 3, ["one"]),
    "an exit code that did not happen": (["...", "(exit 3)"], 0, ["(exit 3)"]),
    "two lines for a wildcard inside one": (["a ... b"], 0, ["a", "b"]),
}


@pytest.mark.parametrize(("printed", "code", "lines"), LIES.values(), ids=LIES.keys())
def test_a_page_that_lies_is_found_out(printed: list[str], code: int, lines: list[str]) -> None:
    """What differs from the page is told with file, line and diff."""
    told = difference(Command(ROOT / "runbooks/x.md", 7, "rotator status", tuple(printed)), code, lines)
    assert told.startswith("runbooks/x.md:7: $ rotator status")
