"""The pages that errors name are there wherever the program is, whole or by part."""

from __future__ import annotations

import re

import pytest

from rotator.cli.pages import page, part_of
from rotator.core.errors import ConfigurationError
from tests.cli.conftest import Run
from tests.gates.source_tree import MODULES, ROOT

SOURCES = [path.read_text("utf-8") for path in MODULES.values()]
NAMED = sorted({name for text in SOURCES for name in re.findall(r"runbooks/[a-z0-9-]+\.md(?:#[a-z0-9-]+)?", text)})


@pytest.mark.parametrize("name", NAMED)
def test_every_page_that_the_program_names_is_found(name: str) -> None:
    """The source names no page and no part of one that does not exist."""
    assert page(name).startswith("#")


def test_a_page_is_found_by_any_of_its_names() -> None:
    """With or without folder and ending it is the same text."""
    whole = (ROOT / "runbooks" / "two-keys.md").read_text("utf-8")
    assert page("two-keys") == page("two-keys.md") == page("runbooks/two-keys.md") == whole


def test_a_part_ends_where_the_next_begins() -> None:
    """A part has its heading and what stands under it, and nothing of the next one."""
    found = page("consumer-push#still-on-the-old-key")
    assert found.startswith("### Still on the old key\n")
    assert found.count("\n##") == 0
    assert found.rstrip().endswith("(#waiting-for-a-person).")


def test_a_comment_in_a_shell_block_is_no_heading() -> None:
    """A part is not cut off at a `#` in a block of commands."""
    text = "# Page\n## First\n```sh\n# a comment\n```\nend\n## Second\n"
    assert part_of(text, "first") == "## First\n```sh\n# a comment\n```\nend\n"


@pytest.mark.parametrize(
    ("name", "known"), [("nonsense", "two-keys"), ("../README", "two-keys"), ("two-keys#nonsense", "one of: ")]
)
def test_what_does_not_exist_is_answered_with_what_does(name: str, known: str) -> None:
    """A slip of the finger is told the names there are; no path leads out of the pages."""
    with pytest.raises(ConfigurationError) as caught:
        page(name)
    assert known in caught.value.fix


@pytest.mark.parametrize("name", ["runbooks/gmail.md", "runbooks/gmail.md#alias-pending"])
def test_explain_shows_the_page_that_an_error_names(run: Run, name: str) -> None:
    """What stands after `see` can be typed after `rotator explain`, in a checkout and without one."""
    shown, document = run("explain", name), run("explain", name, "--json").document
    assert (shown.code, shown.out) == (0, page(name))
    assert (document["kind"], document["page"], document["text"]) == ("page", name, page(name))


def test_explain_of_a_page_that_is_not_there_says_which_are(run: Run) -> None:
    """The exit code is that of a slip, and the message lists the pages."""
    done = run("explain", "runbooks/nonsense.md")
    assert (done.code, "two-keys" in done.err) == (2, True)
