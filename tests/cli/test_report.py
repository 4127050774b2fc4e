"""`rotator report` on the sandbox: the page is written whole, and the JSON says the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

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


def rate(document: dict[str, Any], name: str) -> dict[str, Any]:
    """One of the two rates."""
    (found,) = (one for one in document["rates"] if one["name"] == name)
    return dict(found)


def test_the_rates_stand_against_aws_s_lines(adopted: World, run: Run, tmp_path: Path) -> None:
    """A year of them, with the lines; one that is over turns the verdict, in the page and in the JSON."""
    today = adopted.clock.now().date()
    for ago in range(400):
        adopted.ses.reputation.count(today - timedelta(days=ago), 1000, bounced=20 if ago else 3000)
    page = tmp_path / "report.html"
    document = run("report", "-o", str(page), "--json").document
    bounces, complaints = rate(document, "bounce"), rate(document, "complaint")
    assert len(bounces["points"]) == 367
    assert bounces["points"][0] == [f"{today - timedelta(days=366)}T00:00:00Z", 0.02]
    assert (bounces["review"], bounces["pause"], bounces["over"]) == (0.05, 0.1, "pause")
    assert (complaints["latest"], complaints["over"], complaints["missing"]) == (0.0, None, "")
    assert not document["ok"]
    assert "1 over AWS's line for bounces or complaints" in document["verdict"]
    assert "over the line for a pause" in page.read_text()


def test_rates_that_nobody_may_read_change_no_verdict(
    adopted: World, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the right the report is written all the same, and says what is missing and why."""
    everything_else = {"Effect": "Allow", "NotAction": "cloudwatch:*", "Resource": "*"}
    key = adopted.add_caller("narrow", {"Version": "2012-10-17", "Statement": [everything_else]})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    page = tmp_path / "report.html"
    told = run("report", "-o", str(page), "--json")
    assert (told.code, told.document["ok"]) == (0, True)
    assert rate(told.document, "bounce")["points"] == []
    assert "cloudwatch:GetMetricData" in rate(told.document, "complaint")["missing"]
    assert sum("rate in us-east-1" in one for one in told.document["missing"]) == 2
    assert "Complaint rate in us-east-1" in page.read_text()


def test_an_account_that_never_sent_has_no_rates(world: World, run: Run, tmp_path: Path) -> None:
    """Nothing sent and nobody adopted: both are said, and the report is of today."""
    document = run("report", "-o", str(tmp_path / "report.html"), "--json").document
    assert "from the first mail on" in rate(document, "bounce")["missing"]
    assert document["at"][:4] == f"{world.clock.now().year}"


def test_the_list_s_growth_is_shown_as_far_as_it_was_read(adopted: World, run: Run, tmp_path: Path) -> None:
    """Not known before anybody looked, and no file is made to find that out; then day by day, up to the last look."""
    page, store = tmp_path / "report.html", adopted.place.state / "suppression.db"
    (growth,) = run("report", "-o", str(page), "--json").document["suppressed"]
    assert (growth["days"], growth["seen"], store.exists()) == ([], None, False)
    assert "never read here" in growth["missing"]
    now = adopted.clock.now()
    for name, reason, ago in (("a", "BOUNCE", 9), ("b", "BOUNCE", 9), ("c", "COMPLAINT", 2)):
        adopted.ses.suppress(f"{name}@example.org", reason, now - timedelta(days=ago))  # type: ignore[arg-type]  # one of two
    assert run("suppression", "export", "--rate", "1000").code == 0
    (growth,) = run("report", "-o", str(page), "--json").document["suppressed"]
    assert len(growth["days"]) == 10
    assert growth["days"][0] == [f"{(now - timedelta(days=9)).date()}T00:00:00Z", 2, 0]
    assert growth["days"][7][1:] == [0, 1]
    assert growth["days"][9][0][:10] == growth["seen"][:10]
    assert "2 bounces and 1 complaint added" in page.read_text()


def test_a_store_that_cannot_be_read_is_said(adopted: World, run: Run, tmp_path: Path) -> None:
    """The report does not fail over it."""
    store = adopted.place.state / "suppression.db"
    store.write_bytes(b"not a database" * 100)
    store.chmod(0o600)
    told = run("report", "-o", str(tmp_path / "report.html"), "--json")
    assert told.code == 0
    assert "suppression list in us-east-1" in " ".join(told.document["missing"])
