"""Questions, hidden prompts and reveals, for a person at a terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import FILE, Run
from tests.cli.terminal import at_terminal


def test_a_rotation_is_shown_and_asked_for(adopted: World) -> None:
    """At a terminal the plan comes first, and without a yes nothing is changed."""
    seen = at_terminal(["rotate"], os.environ, {"Go on? [y/N]": ""})
    assert seen.code == 0
    assert "Would rotate jada-ses-smtp" in seen.screen
    assert "Nothing was changed." in seen.screen
    assert adopted.keys.creations == 2  # the administrator's and the user's: no new one


def test_yes_goes_on_to_the_grace(adopted: World) -> None:
    """After a yes the run goes as far as it can, in colour."""
    seen = at_terminal(["rotate"], {**os.environ, "TERM": "xterm"}, {"Go on? [y/N]": "y"})
    assert seen.code == 0, seen.screen
    assert "\x1b[32m✓\x1b[0m create" in seen.screen
    assert "grace" in seen.screen.splitlines()[-1]


def test_an_open_run_is_not_asked_for_again(adopted: World, run: Run) -> None:
    """Whoever agreed to the run agreed to its next steps."""
    assert run("rotate").code == 0
    seen = at_terminal(["rotate"], os.environ)
    assert (seen.code, "[y/N]" in seen.screen) == (0, False)


def test_no_input_asks_nothing(adopted: World) -> None:
    """A timer on a console is not kept waiting."""
    assert "[y/N]" not in at_terminal(["rotate", "--no-input"], os.environ).screen


def test_a_secret_is_typed_without_echo(world: World) -> None:
    """The prompt says which key it is about; what is typed never stands on the screen."""
    key = world.keys.now_held(world.scenario.user)[0]
    seen = at_terminal(["adopt"], os.environ, {f"password of {key.id}": key.secret})
    assert (seen.code, key.secret in seen.screen) == (0, False), seen.screen
    assert "an IAM secret access key" in seen.screen
    assert "proven and sealed" in seen.screen


def test_an_empty_answer_goes_without_the_secret(world: World) -> None:
    """Nobody has to know the old secret; what will not be possible is said."""
    seen = at_terminal(["adopt"], os.environ, {"hidden; empty": ""})
    assert (seen.code, "Without its password" in seen.screen) == (0, True)


def test_derive_asks_without_echo() -> None:
    """The same prompt gives the published password of AWS's example secret."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # AWS documentation's own example
    seen = at_terminal(["derive", "--region", "us-east-1"], os.environ, {"(hidden)": secret})
    assert (seen.code, secret in seen.screen) == (0, False)
    assert len(seen.screen.splitlines()[-1]) == 44


@pytest.fixture
def by_hand(world: World, run: Run) -> World:
    """An open run that waits for a person."""
    config = world.place.config
    relay = config.read_text("utf-8").index("  - type: credential_file")
    human = "  - {type: gmail_send_as, name: laptop, mailbox: m@gmail.com, alias: admin@queenofsandiego.com}\n"
    config.write_text(config.read_text("utf-8")[:relay] + human, "utf-8")
    assert run("adopt").code == 0
    assert run("rotate").code == 0
    return world


def test_a_reveal_shows_what_to_type_where(by_hand: World) -> None:
    """Server, user and password stand on the terminal, the id to compare with, and the next command."""
    seen = at_terminal(["handover", "laptop", "--reveal"], os.environ)
    new = by_hand.keys.now_held(by_hand.scenario.user)[-1]
    assert seen.code == 0
    assert f"user      {new.id}" in seen.screen
    assert f"password  {by_hand.password_of(new)}" in seen.screen
    assert seen.screen.splitlines()[-1].startswith("Next: rotator confirm jada-ses-smtp laptop")


def test_a_written_hand_over_is_private_and_never_over_another(by_hand: World, run: Run, tmp_path: Path) -> None:
    """The file is for its owner alone; a second one needs a second name; each reveal is in the journal."""
    out = tmp_path / "given"
    done = run("handover", "laptop", "--out", str(out))
    new = by_hand.keys.now_held(by_hand.scenario.user)[-1]
    assert (done.code, out.stat().st_mode & 0o777) == (0, 0o600)
    assert by_hand.password_of(new) in out.read_text("utf-8")
    assert by_hand.password_of(new) not in done.out + done.err
    assert run("handover", "laptop", "--out", str(out)).code == Exit.USAGE
    run_id = run("history", "--json").document["runs"][0]["run"]
    told = run("history", run_id, "--json").document["timeline"]
    assert [one["kind"] for one in told].count("revealed") == 1


def test_a_confirmation_has_a_name_and_goes_on(by_hand: World, run: Run, tmp_path: Path) -> None:
    """A person's word is kept with who and when, what it cannot prove is said, and the run goes on."""
    early = run("confirm", "laptop")
    assert (early.code, "rotator handover jada-ses-smtp laptop --reveal" in early.err) == (Exit.FAILED, True)
    assert run("handover", "laptop", "--out", str(tmp_path / "given")).code == 0
    done = run("confirm", "laptop")
    assert (done.code, "cannot tell the two keys apart" in done.err) == (0, True)
    assert "attested by " in done.err
    assert run("status", "--json").document["users"][0]["open_run"]["step"] == "grace"


def test_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    """`config init` asks what it was not told, and writes the short file for its owner alone."""
    config, state = tmp_path / "etc" / "config.yaml", tmp_path / "var"
    answers = {"IAM user": "jada-ses-smtp", "Gmail mailbox": "m@example.org", "alias in it": "a@example.org"}
    line = ["config", "init", "-c", str(config), "--state", str(state), "--account", "123456789012"]
    seen = at_terminal(line, os.environ, answers)
    assert seen.code == 0, seen.screen
    assert (config.stat().st_mode & 0o777, (state / "seal.key").stat().st_mode & 0o777) == (0o600, 0o600)
    assert "alias: a@example.org" in config.read_text("utf-8")
    assert f"Next: rotator config policy -c {config}" in seen.screen
    assert f"then: rotator adopt -c {config}" in seen.screen


def test_what_nobody_can_be_asked_is_named(run: Run, tmp_path: Path) -> None:
    """Without a terminal the missing option is named, and nothing is written."""
    done = run("config", "init", "-c", str(tmp_path / "config.yaml"), "--user", "u", "--account", "123456789012")
    assert (done.code, "--mailbox is missing" in done.err) == (Exit.USAGE, True)
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_is_never_overwritten(run: Run, place: Path) -> None:
    """The second `config init` leaves the first file as it is."""
    line = "config init --user u --mailbox m@example.org --alias a@example.org --account 123456789012"
    done = run(*line.split(), "--state", str(place / "state"))
    assert (done.code, "never overwritten" in done.err) == (Exit.USAGE, True)
    assert (place / "config.yaml").read_text("utf-8") == FILE.format(state=place / "state")


def test_the_first_adoption_makes_a_missing_seal_key(run: Run, world: World) -> None:
    """A file that was written by hand needs no `config init`; beside a journal a missing key is lost, not new."""
    (world.place.state / "seal.key").unlink(missing_ok=True)
    assert run("adopt").code == 0
    (world.place.state / "seal.key").unlink()
    assert run("adopt").code == Exit.FAILED
    assert not (world.place.state / "seal.key").exists()
