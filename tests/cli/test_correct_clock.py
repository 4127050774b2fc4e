"""A journal that is ahead of the clock, as a person meets it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rotator.config.loader import load
from rotator.core import events as ev
from rotator.core.access_keys import Instant
from rotator.core.errors import Exit
from rotator.sandbox.world import World
from rotator.wiring.rotating import rotation
from tests.cli.conftest import Run
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
    assert done.code == Exit.FAILED
    assert f"rotator correct-clock --user {USER} --reason" in done.err
    assert "runbooks/restore.md" in done.err


def test_a_person_says_what_time_it_is_and_the_rotation_goes_on(ahead: World, run: Run) -> None:
    """Both times are shown, the answer is typed, and the next `rotate` does what it should."""
    seen = at_terminal(COMMAND, os.environ, {"is a mistake? [y/N]": "y"})
    assert seen.code == 0, seen.screen
    assert f"Next: rotator rotate --user {USER}" in seen.screen
    assert run("rotate").code == 0
    assert ahead.keys.creations == 3  # the administrator's, the user's, and the rotation's


def test_no_is_the_default(ahead: World, run: Run) -> None:
    """Without a yes the journal stays as it is."""
    seen = at_terminal(COMMAND, os.environ, {"is a mistake? [y/N]": ""})
    assert (seen.code, "Nothing was changed." in seen.screen) == (0, True)
    assert run("rotate").code == Exit.FAILED


def test_a_script_does_not_set_the_time(ahead: World, run: Run) -> None:
    """Off a terminal the command ends before anything is recorded."""
    done = run(*COMMAND, "--json")
    assert (done.code, done.document["id"]) == (Exit.FAILED, "clock-needs-person")
    assert run("rotate").code == Exit.FAILED


def test_a_right_journal_needs_no_correction(adopted: World, run: Run) -> None:
    """It says so, and what time AWS has."""
    done = run(*COMMAND)
    assert done.code == Exit.FAILED
    assert "nothing to correct" in done.err
