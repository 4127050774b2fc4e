"""`rotator report` on the sandbox: the page is written whole, and the JSON says the same."""

from __future__ import annotations

from pathlib import Path

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run


def test_a_report_is_written(adopted: World, run: Run, tmp_path: Path) -> None:
    """An open rotation stands in the page with the key's age, and the JSON names the same run."""
    assert run("rotate").code == 0
    page = tmp_path / "report.html"
    told = run("report", "-o", str(page), "--json")
    assert told.code == 0, told.err
    document = told.document
    assert document["schema"] == "rotator/report/1"
    assert [one["age_days"] for one in document["keys"]] == [81, 0]
    (row,) = document["runs"]
    assert row["outcome"] == "open"
    assert row["run"] in page.read_text()
    assert [one for one in tmp_path.iterdir() if one.name.startswith(".report")] == []


def test_iam_out_of_reach_is_said(adopted: World, run: Run, tmp_path: Path) -> None:
    """Without IAM the journal's part is still reported, and the verdict is not OK."""
    adopted.faults.arm("iam_500", 99)
    document = run("report", "-o", str(tmp_path / "report.html"), "--json").document
    assert not document["ok"]
    assert "IAM could not be asked" in document["missing"][0]


def test_a_place_that_cannot_be_written(adopted: World, run: Run, tmp_path: Path) -> None:
    """The reason and the way out are told, and the code is that of a wrong argument."""
    told = run("report", "-o", str(tmp_path / "missing" / "report.html"))
    assert told.code == Exit.USAGE
    assert "cannot be written" in told.err
