"""Pages for people: links that lead somewhere, commands that exist, no page that nobody finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rotator.core.protocol import PROTOCOL
from tests.gates.source_tree import PRODUCT, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("runbooks/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED_PAGE = re.compile(r"runbooks/[a-z0-9-]+\.md(?:#[a-z0-9-]+)?")


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def is_there(target: str, folder: Path) -> bool:
    """Whether a relative link leads to a file, and to a heading in it if it names one."""
    name, _, anchor = target.partition("#")
    page = (folder / name).resolve()
    return page.exists() and (not anchor or anchor in _anchors(page))


def _links(page: Path) -> list[str]:
    found = LINK.findall(FENCE.sub("", page.read_text("utf-8")))
    return [target if not target.startswith("#") else page.name + target for target in found if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_no_link_is_dead(page: Path) -> None:
    """A reader in a hurry lands where the link says, down to the heading."""
    assert [target for target in _links(page) if not is_there(target, page.parent)] == []


def test_the_program_names_pages_that_exist() -> None:
    """The page that an error names is there, and has the heading."""
    named = {(path.name, page) for path in PRODUCT for page in NAMED_PAGE.findall(path.read_text("utf-8"))}
    assert sorted((source, page) for source, page in named if not is_there(page, ROOT)) == []


def test_no_page_is_an_orphan() -> None:
    """Every page below the first folder is linked from another one, or named by an error."""
    linked = {(page.parent / target.partition("#")[0]).resolve() for page in PAGES for target in _links(page)}
    named = {
        (ROOT / name.partition("#")[0]).resolve()
        for path in PRODUCT
        for name in NAMED_PAGE.findall(path.read_text("utf-8"))
    }
    hidden = {page for page in PAGES if page.parent != ROOT and page.name != "README.md"} - linked - named
    assert sorted(str(page.relative_to(ROOT)) for page in hidden) == []


def test_every_folder_is_in_a_table_of_contributing() -> None:
    """A newcomer finds every folder of tests and every package, and none that is gone; a new one gets its line."""
    named = set(re.findall(r"`((?:tests|rotator)/\w+)/`", (ROOT / "CONTRIBUTING.md").read_text("utf-8")))
    there = {str(one.parent.relative_to(ROOT)) for top in ("tests", "rotator") for one in (ROOT / top).glob("*/*.py")}
    assert named == there


def test_the_drawings_show_what_there_is() -> None:
    """The steps stand in their order in the one, every package in the other."""
    drawn = (ROOT / "docs" / "protocol.svg").read_text("utf-8")
    steps = re.findall(r'class="small" x="[\d.]+" y="47"[^>]*>(\w+)<', drawn)
    assert steps == list(PROTOCOL.values())
    words = set(re.findall(r"\w+", (ROOT / "docs" / "layers.svg").read_text("utf-8")))
    assert {one.parent.name for one in (ROOT / "rotator").glob("*/__init__.py")} - words == set()


def test_every_make_target_that_a_page_names_exists() -> None:
    """What a page tells a newcomer to type works."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    typed = re.compile(r"(?:`|^\$ |^)make ([a-z]+)", re.MULTILINE)
    named = {name for page in PAGES for name in typed.findall(page.read_text("utf-8"))}
    assert {"demo", "test", "install", "check"} <= targets
    assert named <= targets
