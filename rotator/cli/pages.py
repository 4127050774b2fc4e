"""The runbooks, whose pages and parts errors name: shipped in the package, read from the checkout else."""

from __future__ import annotations

import re
from pathlib import Path

from rotator.core.errors import ConfigurationError

PACKAGE = Path(__file__).parents[1]
HEADING = re.compile(r"^(#+) +(.*)$")
FENCE = "```"


def page(name: str) -> str:
    """The text of a page, or with `#part` of that part of it: `two-keys`, `runbooks/canary.md`, `gmail.md#refused`.

    Raises ConfigurationError naming the pages, or the parts, that there are.
    """
    wanted, _, part = name.removeprefix("runbooks/").partition("#")
    known = {one.stem: one for one in _directory().glob("*.md")}
    found = known.get(wanted.removesuffix(".md"))
    if found is None:
        raise ConfigurationError(
            f"there is no page {wanted!r}", fix=f"one of: {', '.join(sorted(known))}", id="unknown-page"
        )
    text = found.read_text("utf-8")
    return part_of(text, part) if part else text


def _directory() -> Path:
    shipped = PACKAGE / "runbooks"
    return shipped if shipped.is_dir() else PACKAGE.parent / "runbooks"


def anchor(heading: str) -> str:
    """What a link to the heading is called: `Gmail's "no"` -> `gmails-no`."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def part_of(text: str, wanted: str) -> str:
    """From the heading of that name to the next one that is as high.  Raises ConfigurationError."""
    headings = _headings(text)
    lines = text.splitlines(keepends=True)
    for at, (line, level, title) in enumerate(headings):
        if anchor(title) == wanted:
            end = next((below for below, other, _ in headings[at + 1 :] if other <= level), len(lines))
            return "".join(lines[line:end]).rstrip("\n") + "\n"
    parts = ", ".join(anchor(title) for _, _, title in headings)
    raise ConfigurationError(f"the page has no part {wanted!r}", fix=f"one of: {parts}", id="unknown-page")


def _headings(text: str) -> list[tuple[int, int, str]]:
    """(line, level, title) of every heading; a comment in a shell block is none."""
    found, inside = [], False
    for number, line in enumerate(text.splitlines()):
        inside ^= line.lstrip().startswith(FENCE)
        heading = HEADING.match(line)
        if heading and not inside:
            found.append((number, len(heading[1]), heading[2]))
    return found
