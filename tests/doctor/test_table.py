"""The table of checks, and the page that is made from it."""

from __future__ import annotations

from rotator.doctor.registry import CHECKS, LAYERS
from tests.doctor.page import PAGE, page
from tests.gates.source_tree import ROOT
from tests.gates.test_documents import is_there


def test_the_page_is_the_table() -> None:
    """Whoever adds a check writes the page anew: python -m tests.doctor.page --write."""
    assert PAGE.read_text("utf-8") == page()


def test_every_check_has_a_page_with_its_heading() -> None:
    """The page that a failed check names is there, down to the section."""
    assert [one.id for one in CHECKS.values() if not is_there(f"runbooks/{one.page}", ROOT)] == []


def test_a_check_stands_on_checks_before_it_or_beside_it() -> None:
    """No check stands on one that does not exist, or on itself in a circle."""
    known = set(CHECKS)
    assert [one.id for one in CHECKS.values() if not set(one.needs) <= known] == []
    done: set[str] = set()
    while len(done) < len(CHECKS):
        ready = {one.id for one in CHECKS.values() if one.id not in done and set(one.needs) <= done}
        assert ready, f"a circle among {sorted(known - done)}"
        done |= ready


def test_every_layer_has_a_check() -> None:
    """Headings without lines would only puzzle."""
    assert {one.layer for one in CHECKS.values()} == set(LAYERS)
