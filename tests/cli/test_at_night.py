"""What somebody who knows nothing reads while a run is open: who is cut off, where places stand, what to type."""

from __future__ import annotations

from pathlib import Path

import pytest

from rotator.core.access_keys import mask
from rotator.core.errors import Exit
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.cli.conftest import Run, with_laptop

DAY_S = 86400
HAND_OVER = "rotator handover jada-ses-smtp laptop --reveal, paste, then: rotator confirm jada-ses-smtp laptop"


@pytest.fixture
def by_hand(adopted: World) -> World:
    """The adopted world, with a place beside the relay that a person feeds."""
    with_laptop(adopted)
    return adopted


def _held(world: World) -> list[str]:
    return [one.id for one in world.keys.now_held(world.scenario.user)]


def test_each_place_stands_beside_the_key_that_it_has(by_hand: World, run: Run) -> None:
    """While a run is open the places that have the new key stand in its row, the others in the old key's."""
    run("rotate")
    old, new = run("status").out.splitlines()[1:3]
    assert ("laptop" in old, "relay" in old) == (True, False)
    assert ("laptop" in new, "relay" in new) == (False, True)


def test_what_waits_for_a_person_ends_with_the_persons_command(by_hand: World, run: Run) -> None:
    """`rotator rotate` would change nothing; the last line of status is what does."""
    run("rotate")
    assert run("status").out.splitlines()[-1] == f"Next: {HAND_OVER}"


def test_an_old_key_that_is_off_is_not_overdue(adopted: World, run: Run) -> None:
    """A rotation of an overdue key calms the monitor at the deactivation, not only after the days of watch."""
    Sandbox(adopted.admin_url).advance(10 * DAY_S)
    assert run("status", "--check").code == Exit.FAILED
    run("rotate")
    assert "nothing to do by hand" in run("status").out.splitlines()[-1]
    for _ in range(2):
        Sandbox(adopted.admin_url).advance(4 * DAY_S)
        run("rotate")
    done = run("status", "--check")
    assert "inactive" in done.out
    assert (done.code, "overdue" in done.out) == (0, False)


def test_who_is_cut_off_by_a_revocation_is_named(by_hand: World, run: Run, tmp_path: Path) -> None:
    """That mail still flows on the new key is no comfort to a place that only has the revoked one."""
    (old,) = _held(by_hand)
    done = run("rotate", "--revoke-first", "--key", old, "--reason", "abused")
    said = f"{mask(old)} is off: mail through laptop is refused until the new key is there"
    assert (done.code, said in done.err) == (Exit.HELP_NEEDED, True)
    new = next(one for one in _held(by_hand) if one != old)
    assert f"As far as keys go, mail flows through relay on {mask(new)}; NOT through laptop." in done.err
    assert "As far as keys go, mail flows: " not in done.err
    assert said in run("status").err
    assert "the old key is off: its mail is refused" in run("handover", "laptop", "--out", str(tmp_path / "given")).out
    run("confirm", "laptop")
    assert said not in run("status").err


def test_a_masked_key_is_no_strangers_key(adopted: World, run: Run) -> None:
    """Pasted from status it is refused before anything is begun, with the whole ids to choose from."""
    (held,) = _held(adopted)
    done = run("rotate", "--revoke-first", "--key", mask(held), "--reason", "abused")
    assert (done.code, held in done.err, "update-access-key" in done.err) == (Exit.USAGE, True, False)


def test_pasted_again_without_a_run_is_proven_by_a_mail(by_hand: World, run: Run) -> None:
    """No rotation is open, so a person's word counts for nothing: `confirm` says what does."""
    done = run("confirm", "laptop")
    assert (done.code, "look whether it bounces" in done.err) == (Exit.FAILED, True)


def test_checks_that_could_not_know_clear_nothing(adopted: World, run: Run) -> None:
    """After an explanation's checks, what only a mail can show is named with the command that sends it."""
    last = run("explain", "smtp.send", "--and-doctor").out.splitlines()[-1]
    assert last == "None of these checks failed, but not everything is known.  Next: rotator doctor --send smtp.send"
    assert run("explain", "iam.keys", "--and-doctor").out.splitlines()[-1] == "None of these checks failed."


def test_a_mistyped_path_is_told_to_be_corrected(adopted: World, run: Run) -> None:
    """A directory that is not there is no question of who owns it."""
    config = adopted.place.config
    config.write_text(config.read_text("utf-8").replace("/postfix/", "/postfxi/"), "utf-8")
    done = run("doctor", "consumer.place")
    assert (done.code, "correct the path in the file, or make the directory" in done.out) == (Exit.FAILED, True)
