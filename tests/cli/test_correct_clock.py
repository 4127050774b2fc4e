"""A journal that is ahead of the clock, as a person meets it."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from rotator.config.loader import load
from rotator.core.access_keys import Instant
from rotator.core.errors import Exit
from rotator.core.history import events as ev
from rotator.sandbox.world import World
from rotator.wiring.rotating import rotation
from tests.cli.conftest import Run, with_laptop
from tests.cli.terminal import at_terminal

USER = "jada-ses-smtp"
YEAR_S = 365 * 24 * 3600
COMMAND = ("correct-clock", "--reason", "the proxy was a year ahead")


@pytest.fixture
def ahead(adopted: World) -> World:
    """An adopted user whose journal heard of a day that is a year away."""
    with rotation(load(Path(os.environ["ROTATOR_CONFIG"]), os.environ), USER) as work:
        key = work.facts.current
        work.record(ev.Sealed(Instant(work.time.now() + YEAR_S), key))
    return adopted


def test_the_refusal_names_the_command_that_helps(ahead: World, run: Run) -> None:
    """Both causes stand there, the command with its user."""
    done = run("rotate")
    assert done.code == Exit.HELP_NEEDED
    assert "another account's or a sandbox's journal: name the right file.   A reply once had a wrong Date" in done.err
    assert "see   runbooks/restore.md#the-journal-is-ahead-of-the-clock" in done.err
    assert f"Next: rotator correct-clock --user {USER}     (at a terminal)" in done.err
    assert "It ends with exit code 3:" in run("explain", "clock-behind-journal").out


def test_both_times_are_said_as_people_have_them(ahead: World, run: Run) -> None:
    """Not as seconds since 1970: the dates show at a glance which of the two is wrong."""
    today, wrong = ahead.clock.now(), ahead.clock.now() + timedelta(seconds=YEAR_S)
    said = next(line for line in run("rotate").err.splitlines() if line.startswith("✗"))
    assert re.match(rf"✗ AWS says {today.day} {today:%b %Y} .* UTC, the journal's newest entry {wrong.day} ", said)
    last = run("status", "--check").out.splitlines()[-1]
    assert last.endswith(f"rotator correct-clock --user {USER}     (at a terminal)")


def test_the_doctor_says_how_far_it_is_ahead(ahead: World, run: Run) -> None:
    """The journal's check fails for it, and names the command that helps."""
    done = run("doctor", "journal.read", "--json")
    row = {one["id"]: one for one in done.document["checks"]}["journal.read"]
    assert (done.code, row["status"], "ahead of AWS's clock by 36" in row["summary"]) == (1, "failed", True)
    assert f"rotator correct-clock --user {USER} " in row["hint"]


def test_a_place_fed_by_hand_is_still_handed_over(ahead: World, run: Run, tmp_path: Path) -> None:
    """While the wrong entry stands there too; the reveal is journalled with AWS's time, not the entry's."""
    with_laptop(ahead)
    before = ahead.clock.now().timestamp()
    assert run("handover", "laptop", "--out", str(tmp_path / "given")).code == 0
    with rotation(load(ahead.place.config, os.environ), USER) as work:
        (revealed,) = (one for one in work.parts.journal.events() if isinstance(one, ev.Revealed))
    assert before - 60 <= revealed.at <= ahead.clock.now().timestamp() + 60


def test_a_person_says_what_time_it_is_and_the_rotation_goes_on(ahead: World, run: Run) -> None:
    """Both times are shown, the answer is typed, and the next `rotate` does what it should."""
    seen = at_terminal(COMMAND, os.environ, {"is a mistake? [y/N]": "y"})
    assert seen.code == 0, seen.screen
    assert "Open waits begin anew; no key is touched." in seen.screen.split("is a mistake?")[0]
    assert f"Next: rotator rotate --user {USER}" in seen.screen
    assert run("rotate").code == 0
    assert ahead.keys.creations == 3  # the administrator's, the user's, and the rotation's


def test_no_is_the_default(ahead: World, run: Run) -> None:
    """Without a yes the journal stays as it is."""
    seen = at_terminal(COMMAND, os.environ, {"is a mistake? [y/N]": ""})
    assert (seen.code, "Nothing was changed." in seen.screen) == (0, True)
    assert run("rotate").code == Exit.HELP_NEEDED


def test_a_script_does_not_set_the_time(ahead: World, run: Run) -> None:
    """Off a terminal the command ends before anything is recorded."""
    done = run(*COMMAND, "--json")
    assert (done.code, done.document["id"]) == (Exit.FAILED, "clock-needs-person")
    assert run("correct-clock", "--json").document["id"] == "clock-needs-person"  # not that a reason is missing
    assert run("rotate").code == Exit.HELP_NEEDED


def test_a_right_journal_needs_no_correction(adopted: World, run: Run) -> None:
    """It says so, and what time AWS has."""
    done = run(*COMMAND)
    assert done.code == Exit.FAILED
    assert "nothing to correct" in done.err


def test_a_person_is_given_the_password_while_iam_is_out_of_reach(adopted: World, run: Run, tmp_path: Path) -> None:
    """Mail waits for it; that the reveal's time is only the newest entry's is said."""
    with_laptop(adopted)
    adopted.faults.arm("iam_500", 99)
    done = run("handover", "laptop", "--out", str(tmp_path / "given"))
    assert done.code == 0, done.err
    assert "! AWS could not be asked what time it is: the reveal is journalled with the time of the newest" in done.err
