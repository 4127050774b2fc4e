"""A place that refused the new credential: the run, the monitor and the report say the same of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def refusing(adopted: World, run: Run) -> Path:
    """A run is open, and a second relay came into the file whose directory others may write; returns that."""
    assert run("rotate").code == 0
    config = adopted.place.config
    file = yaml.safe_load(config.read_text("utf-8"))
    directory = adopted.place.state / "second"
    directory.mkdir()
    directory.chmod(0o777)  # whatever the umask
    (relay,) = (one for one in file["users"][0]["consumers"] if one["name"] == "relay")
    second = relay | {"name": "second", "path": str(directory / "sasl_passwd")}
    file["users"][0]["consumers"].append(second)
    config.write_text(yaml.safe_dump(file), "utf-8")
    return directory


def test_what_the_place_said_is_to_be_done_is_the_fix(refusing: Path, run: Run) -> None:
    """Not a bare "mend it": the place's own words, its section of the page, and no second copy in the step's line."""
    done = run("rotate", "--json")
    assert (done.code, done.document["outcome"]) == (Exit.HELP_NEEDED, "help needed")
    again = "then: rotator rotate --user jada-ses-smtp"
    assert done.document["fix"] == f"make the file one that only the service user can change, {again}"
    assert str(refusing) in done.err
    page, _, section = done.document["runbook"].partition("#")
    assert (section, "### Refused\n" in (ROOT / page).read_text("utf-8")) == ("refused", True)
    assert "-- fix:" not in done.err


def test_a_monitor_hears_of_it(refusing: Path, run: Run) -> None:
    """`status --check` is not 0 while `rotate` exits 3; the place, its reason and what mends it stand there."""
    run("rotate")
    done = run("status", "--check")
    assert done.code == Exit.FAILED
    assert done.out.splitlines()[-1] == "1 refused: second.  Next: rotator rotate --user jada-ses-smtp"
    assert f"! second refused: {refusing}" in done.err
    assert "    fix   " in done.err
    document = run("status", "--json").document
    (user,) = document["users"]
    why = {one["name"]: one["why"] for one in user["consumers"]}
    assert (document["ok"], user["stuck"], why["relay"], str(refusing) in why["second"]) == (False, True, None, True)
    refusing.chmod(0o700)
    assert run("rotate").code == 0
    assert run("status", "--check").code == 0


def test_the_report_names_it_first(refusing: Path, run: Run, tmp_path: Path) -> None:
    """Its title is not OK, and the reason stands among what waits for somebody."""
    run("rotate")
    document = run("report", "-o", str(tmp_path / "report.html"), "--json").document
    assert (document["ok"], document["verdict"].split(",")[0]) == (False, "second could not be told")
    assert "second could not be told (refused): " in str(document["questions"])
