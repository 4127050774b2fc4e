"""The runbooks as a set: the decision first, a page for whatever the program names, each id on the page it leads to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from rotator.cli.pages import anchor, part_of
from rotator.core import errors
from rotator.core.error_ids import error_id, known_ids
from rotator.core.refusals import TOLD
from rotator.doctor.registry import CHECKS
from rotator.services.gmail_errors import GmailKind
from tests.docs.pages import FENCE, RUNBOOKS
from tests.gates.source_tree import MODULES, PRODUCT, ROOT, calls, layer, nodes

INDEX = ROOT / "runbooks" / "README.md"
GMAIL = ROOT / "runbooks" / "gmail.md"
NAMED = re.compile(r"runbooks/[a-z0-9-]+\.md")
LINKED = re.compile(r"\]\(([a-z0-9-]+\.md)[#)]")
PAGES_OF_ONE_SHAPE = [page for page in RUNBOOKS if page != INDEX]
PAGE_NAME = re.compile(r"(?:runbooks/)?[a-z0-9-]+\.md")


def every_error() -> Iterator[type[errors.RotatorError]]:
    """Our errors, also those that stand beside what raises them."""
    for module in MODULES:
        if layer(module) not in {"sandbox", "__main__"}:
            import_module(module)
    below = [errors.RotatorError]
    while below:
        error = below.pop()
        below += error.__subclasses__()
        yield error


def raised(path: Path) -> Iterator[tuple[str, str]]:
    """(id, page) of every error of ours that is made in a file; the page is its own, or that of its class."""
    for name, call in calls(path):
        words = {one.arg: one.value.value for one in call.keywords if isinstance(one.value, ast.Constant)}
        error = getattr(errors, name, None)
        if error is not None and "id" in words:
            yield str(words["id"]), str(words.get("runbook", error.runbook))


def _parts(page: Path) -> dict[str, str]:
    """The page's text by its headings of the second level, as `rotator explain PAGE#part` cuts it."""
    headings = re.findall(r"^## +(.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {heading: part_of(page.read_text("utf-8"), anchor(heading)) for heading in headings}


@pytest.mark.parametrize("page", PAGES_OF_ONE_SHAPE, ids=[page.name for page in PAGES_OF_ONE_SHAPE])
def test_every_page_has_the_same_shape(page: Path) -> None:
    """Whoever opens a page at night reads what is seen, what has to be decided, what to do and how it shows."""
    title, symptom, decision = [line for line in page.read_text("utf-8").splitlines() if line.strip()][:3]
    assert title.startswith("# ")
    assert symptom.startswith("**Symptom:** ")
    assert decision.startswith("**Decide: ")
    assert [*_parts(page)] in (["Do", "Check"], ["Decide", "Do", "Check"])


@pytest.mark.parametrize("page", PAGES_OF_ONE_SHAPE, ids=[page.name for page in PAGES_OF_ONE_SHAPE])
def test_every_page_ends_with_a_command_that_shows_that_it_worked(page: Path) -> None:
    """What `Check` shows is executed with the page, at its end, so it is no hope."""
    check = _parts(page)["Check"]
    assert "```console\n$ rotator " in check.replace("   ", "")
    assert page.read_text("utf-8").endswith(check)


def test_the_index_begins_with_the_decision_to_take() -> None:
    """It leads by what is seen."""
    title, decision = [line for line in INDEX.read_text("utf-8").splitlines() if line.strip()][:2]
    assert (title, decision.startswith("**Decide: ")) == ("# Runbooks", True)


def test_every_page_that_the_program_can_name_is_there() -> None:
    """Also the pages whose names are put together at run time."""
    strings = {
        (path.name, name)
        for path in PRODUCT
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in PAGE_NAME.findall(node.value)
        if PAGE_NAME.fullmatch(node.value) or name.startswith("runbooks/")
    }
    assert {name for _, name in strings} >= {"canary.md", "smtp-535.md", "runbooks/restore.md"}
    missing = [(path, name) for path, name in strings if not (ROOT / "runbooks" / Path(name).name).is_file()]
    assert missing == []


def test_every_page_stands_in_the_index() -> None:
    """The index leads to every other page."""
    text = INDEX.read_text("utf-8")
    assert [page.name for page in RUNBOOKS if page != INDEX and f"]({page.name})" not in text] == []


def test_every_page_is_reached_from_what_the_program_says() -> None:
    """From the pages that errors, findings and explanations name, links lead to all others, without the index."""
    reached: set[Path] = set()
    todo = {ROOT / name for path in PRODUCT for name in NAMED.findall(path.read_text("utf-8"))}
    todo |= {ROOT / "runbooks" / check.page.partition("#")[0] for check in CHECKS.values()}
    while todo:
        page = todo.pop()
        reached.add(page)
        todo |= {page.parent / link for link in LINKED.findall(page.read_text("utf-8"))} - reached - {INDEX}
    assert sorted(page.name for page in set(RUNBOOKS) - reached - {INDEX}) == []


def test_an_error_s_page_speaks_of_it() -> None:
    """The id that a person sees stands on the page that the error leads to: searching for it finds it."""
    named = [(error.id, error.runbook) for error in every_error() if error.runbook]
    named += [(id_, entry.runbook) for id_, entry in TOLD.items()]
    named += [found for path in PRODUCT for found in raised(path)]
    named += [(id_, found.runbook) for id_ in known_ids() if (found := error_id(id_)) is not None]
    silent = {(id_, page) for id_, page in named if f"`{id_}`" not in _with_index(ROOT / page.partition("#")[0])}
    assert sorted(silent) == []


def test_everything_that_gmail_says_is_on_its_page() -> None:
    """Each class of Gmail's refusals has its lines."""
    text = GMAIL.read_text("utf-8")
    assert [kind for kind in GmailKind if f"`{kind}`" not in text] == []


def _with_index(page: Path) -> str:
    """The page, and the line of the index that leads to it."""
    lines = [line for line in INDEX.read_text("utf-8").splitlines() if f"]({page.name}" in line]
    return page.read_text("utf-8") + "\n".join(lines)
