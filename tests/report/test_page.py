"""The page as a file: what it may hold, what it may load, and what the JSON says beside it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from rotator.core.times import iso
from rotator.report.content import report
from rotator.report.page import document, html, style_hash
from rotator.report.snapshot import Snapshot
from tests.report.snapshots import CALM, HOSTILE, NEW, NOW, OFF, OLD, STRANGE, YEAR

PAGES = {"a year": YEAR, "a calm day": CALM}


class Tags(HTMLParser):
    """Collects tags and attributes, and complains about tags that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Tags:
    """The page's tags."""
    tags = Tags()
    tags.feed(page)
    return tags


@pytest.mark.parametrize("snapshot", PAGES.values(), ids=PAGES.keys())
def test_the_page_is_whole_and_loads_nothing(snapshot: Snapshot) -> None:
    """Every tag closes; no script, no inline style or handler, no address but the empty icon."""
    page = html(report(snapshot))
    tags = parsed(page)
    assert tags.open == []
    assert "<script" not in page
    assert [one for one in tags.attributes if one[1] in {"src", "style"} or one[1].startswith("on")] == []
    assert [value for _, name, value in tags.attributes if name == "href"] == ["data:,"]


def test_the_policy_names_the_style_by_its_hash() -> None:
    """The Content-Security-Policy allows this very style and nothing else."""
    page = html(report(CALM))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert f"default-src 'none'; style-src '{style_hash(style[1])}'" in page.replace("&#39;", "'")


def test_what_is_not_known_is_said_in_its_place() -> None:
    """A rate that could not be read is no empty drawing: its lines, and why it is missing."""
    page = html(report(YEAR))
    assert 'Complaint rate in us-east-1: <span class="warn">not known</span>' in page
    assert "CloudWatch: access denied. AWS may review the account from 0.1 % and pause it from 0.5 %." in page
    assert 'eu-west-1: <span class="warn">not known</span>' in page


def test_the_json_has_the_rates_and_the_growth() -> None:
    """The same data as the page, with times as JSON has them."""
    told = document(report(YEAR))
    bounces, complaints = told["rates"]
    assert (bounces["points"][-1], bounces["latest"], bounces["over"]) == ([iso(NOW), 0.01], 0.01, None)
    assert (complaints["points"], complaints["latest"]) == ([], None)
    assert complaints["missing"] == "CloudWatch: access denied"
    growth, unknown = told["suppressed"]
    assert (growth["days"][-1], growth["seen"]) == ([iso(NOW), 0, 0], iso(NOW))
    assert (unknown["days"], unknown["seen"]) == ([], None)


def test_foreign_text_stays_text() -> None:
    """A reason that looks like a script is shown as it was typed."""
    page = html(report(YEAR))
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(" in page


def test_key_ids_are_masked() -> None:
    """A report is passed around: no whole key id is in it, nor in its JSON."""
    told = report(YEAR)
    for key in (OLD, NEW, STRANGE):
        assert key not in html(told) + repr(document(told))


def test_title_and_json_have_the_same_verdict() -> None:
    """Whoever reads the tab, the page or the JSON reads the same."""
    told = report(YEAR)
    assert f"<title>NOT OK: {told.verdict}" in html(told)
    assert (document(told)["ok"], document(told)["verdict"]) == (False, told.verdict)
    assert document(told)["runs"][0]["consumers"][0] == {
        "consumer": "admin-alias",
        "rung": "survived",
        "since": iso(OFF + 209),
    }
