"""What is wrong is said in words that help, with the exit code of its class; nothing is tried."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import FILE, Run, write


@dataclass(frozen=True, slots=True)
class Bad:
    """A command line, the code it ends with, and words that must be in the answer."""

    line: str
    words: str
    code: Exit = Exit.USAGE
    stdin: str = ""


WITHOUT_A_FILE = {
    "a command that is not there": Bad("rotat", "No such command 'rotat'. Did you mean 'rotate'?"),
    "an option that is not there": Bad("rotate --forc", "No such option: --forc"),
    "an option cut short": Bad("rotate --us x", "No such option: --us"),
    "an option without its value": Bad("rotate --user", "--user"),
    "a colour that is none": Bad("status --color mauve", "--color"),
    "a file that is not there": Bad("status -c /nowhere/config.yaml", "/nowhere"),
    "--all and --user": Bad("rotate --all --user x", "--all is for scheduled runs"),
    "--all and an incident": Bad("rotate --all --emergency --key AKIAX --reason r", "--all is for scheduled runs"),
    "a key without an incident": Bad("rotate --key AKIAX", "--emergency or --revoke-first"),
    "a detailed code without a dry run": Bad("rotate --detailed-exitcode", "only for --dry-run"),
    "two regions or none": Bad("derive", "--all-regions"),
    "an availability zone for a region": Bad("derive --region us-east-1a", "availability zone"),
    "no secret to derive from": Bad("derive --region us-east-1", "no secret was given"),
    "an SMTP password to derive from": Bad(
        "derive --region us-east-1", "already an SES SMTP password (version 4)", stdin="B" + "A" * 43
    ),
    "a password of version 2": Bad("derive --region us-east-1", "version 2", stdin="Ag" + "A" * 42),
    "a temporary key id": Bad(
        "derive --region us-east-1", "temporary key, which SES refuses", stdin="ASIAIOSFODNN7EXAMPLE"
    ),
    "a key id and its secret": Bad(
        "derive --region us-east-1", "begins with an access key id", stdin="AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI"
    ),
    "a pipe that is not a secret": Bad("derive --region us-east-1", "more than 4096", stdin="x" * 5000),
    "two questions at once": Bad("explain 535 --bounce -", "one thing at a time"),
    "a fault that nothing implements": Bad("sandbox up --fault no_such", "unknown fault 'no_such'"),
    "a fault counted in words": Bad("sandbox up --fault smtp_454:three", "whole number"),
    "a sandbox that nobody named": Bad("sandbox advance 72h", "no sandbox is named"),
    "a sandbox that is none": Bad("sandbox advance 72h --sandbox-admin http://example.com", "not a sandbox"),
    "time that is none": Bad("sandbox advance 72", "is not a duration"),
}
WITH_A_FILE = {
    "an unknown user": Bad("rotate --user jada-ses-smpt", "did you mean 'jada-ses-smtp'"),
    "a duration without a unit": Bad("rotate --grace 72", "is not a duration"),
    "no journal": Bad("rotate --no-input", "first use: rotator adopt"),
    "an incident without a key": Bad("rotate --emergency --reason r", "names the key it is about"),
    "an incident without a reason": Bad("rotate --emergency --key AKIAIOSFODNN7EXAMPLE", "--reason is missing"),
    "an abort without a reason": Bad("abort", "--reason is missing"),
    "a discard of no key": Bad("discard --reason r", "--key is missing"),
    "a hand-over to nowhere": Bad("handover laptop", "--reveal, or --out FILE"),
    "a hand-over to both": Bad("handover laptop --reveal --out x", "--reveal, or --out FILE"),
    "a reveal into a pipe": Bad("handover laptop --reveal", "--out FILE"),
    "three names": Bad("confirm a b c", "one consumer"),
    "two users": Bad("confirm a b --user c", "one consumer"),
    "a schedule for nobody": Bad("schedule cron --as-user 0;reboot", "is not a user of this machine"),
}


def _answers(run: Run, bad: Bad) -> None:
    done = run(*bad.line.split(), stdin=bad.stdin)
    assert (done.code, done.out) == (bad.code, "")
    assert re.search(bad.words, done.err) or bad.words in done.err
    assert done.err.rstrip().endswith(f"(exit {int(bad.code)})")
    assert not bad.stdin.strip() or bad.stdin not in done.err


@pytest.mark.parametrize("bad", WITHOUT_A_FILE.values(), ids=WITHOUT_A_FILE.keys())
def test_a_wrong_command_line_is_explained(run: Run, bad: Bad) -> None:
    """A slip is answered with what was seen and what to type instead, and never with a traceback."""
    _answers(run, bad)


@pytest.mark.parametrize("bad", WITH_A_FILE.values(), ids=WITH_A_FILE.keys())
def test_a_wrong_value_is_explained(run: Run, place: Path, bad: Bad) -> None:
    """The same for what is only wrong together with the configuration or the state."""
    _answers(run, bad)


def test_every_fault_of_a_file_is_told_at_once_and_no_value_is_shown(run: Run, place: Path) -> None:
    """The file's mistakes come with line and column; what stands there may be a secret pasted by mistake."""
    path = write(place, FILE.format(state=place) + "    max_ag: pasted-by-mistake\nnotfy: {}\n")
    done = run("config", "check")
    assert done.code == Exit.USAGE
    assert f"{path}:" in done.err
    assert "did you mean 'max_age'" in done.err
    assert "did you mean 'notify'" in done.err
    assert "pasted-by-mistake" not in done.err


def test_a_file_that_others_can_change_is_not_believed(run: Run, place: Path) -> None:
    """Whoever can write the configuration can send the password elsewhere."""
    (place / "config.yaml").chmod(0o666)
    done = run("config", "check")
    assert (done.code, "chmod go-w" in done.err) == (Exit.USAGE, True)


def test_two_active_keys_stop_the_adoption_and_are_named(run: Run, world: World) -> None:
    """Only a person knows which key the consumers hold, so both ids are shown whole, to be typed."""
    second = world.keys.create(world.scenario.user)
    done = run("adopt")
    assert done.code == Exit.FAILED
    assert all(key.id in done.err for key in world.keys.now_held(world.scenario.user))
    assert run("adopt", "--key", second.id).code == 0


def test_another_account_is_not_acted_on(run: Run, world: World) -> None:
    """The account of the file is compared with AWS's answer before anything is recorded."""
    config = world.place.config
    config.write_text(config.read_text("utf-8").replace("123456789012", "210987654321"), "utf-8")
    done = run("adopt")
    assert (done.code, "account 123456789012" in done.err) == (Exit.ACCESS, True)
    assert not (world.place.state / "journal.db").exists()


@pytest.mark.slow  # half a minute of logins: a key that was just made may need it
def test_a_secret_that_does_not_log_in_is_not_recorded(run: Run, world: World) -> None:
    """A typed secret is proven by a login, or nothing is remembered at all."""
    done = run("adopt", "--secret-stdin", stdin="w" * 40)
    assert (done.code, "w" * 40 in done.err) == (Exit.FAILED, False)
    assert not (world.place.state / "journal.db").exists()


def test_a_day_that_is_none_is_named(run: Run, adopted: World) -> None:
    """A day or a duration, nothing else."""
    done = run("history", "--since", "yesterday")
    assert (done.code, "'yesterday' is not a duration" in done.err) == (Exit.USAGE, True)


def test_a_missing_seal_key_is_named(run: Run, adopted: World) -> None:
    """Without the seal key the journal cannot be believed; the answer is to put it back, never to make a new one."""
    (adopted.place.state / "seal.key").unlink()
    done = run("rotate", "--no-input")
    assert (done.code, "put the original seal key back" in done.err) == (Exit.FAILED, True)
