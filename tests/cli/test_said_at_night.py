"""More of what is read at night: what a key is, why a code is not 0, what still waits, whose place it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rotator.core.errors import Exit
from rotator.sandbox.client import Sandbox
from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.world import PERSONAL, World
from tests.cli.conftest import Run, add_user
from tests.worlds import lived_in

DAY_S = 86400
LAPTOP = {"type": "human", "name": "laptop", "instructions": "Thunderbird"}


def _change(world: World, **changes: Any) -> None:
    """Other settings for the one user of the file."""
    file = yaml.safe_load(world.place.config.read_text("utf-8"))
    file["users"][0] |= changes
    world.place.config.write_text(yaml.safe_dump(file), "utf-8")


def _consumers(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(world.place.config.read_text("utf-8"))["users"][0]["consumers"]
    return found


def _with_laptop(world: World) -> None:
    _change(world, consumers=[*_consumers(world), LAPTOP])


def _set(world: World, name: str, **changes: Any) -> None:
    """Other settings for one consumer."""
    _change(world, consumers=[one | changes if one["name"] == name else one for one in _consumers(world)])


@pytest.fixture
def mailboxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[World]:
    """A calm world with Gmail in it, adopted."""
    with lived_in(tmp_path, monkeypatch, Scenario(keys=(InitialKey(age_days=81),))) as world:
        secret = world.keys.now_held(world.scenario.user)[0].secret
        assert run("adopt", "--secret-stdin", stdin=secret).code == 0
        yield world


def test_a_login_that_has_to_be_waited_for_is_said_once(adopted: World, run: Run) -> None:
    """SES says 454: what it says and how long that is tried stands there before the wait, not minutes after it."""
    adopted.faults.arm("smtp_454", 3)
    said = "  us-east-1: 454 Temporary authentication failure; tried again, for up to 10 min"
    lines = run("rotate").err.splitlines()
    assert lines.count(said) == 1
    assert lines.index(said) < next(n for n, line in enumerate(lines) if line.startswith("✓ verify"))


def test_an_overdue_key_in_its_grace_says_what_the_code_means(adopted: World, run: Run) -> None:
    """Nothing is to be done by hand, and the code is not 0: both stand there, with the day's end of it."""
    Sandbox(adopted.admin_url).advance(10 * DAY_S)
    done = run("rotate")
    *_, waits, means = done.out.splitlines()
    assert (done.code, "nothing to do by hand" in waits) == (Exit.HELP_NEEDED, True)
    assert means.startswith("Exit 3 only means: overdue, until AKIA…")
    last = run("status", "--check").out.splitlines()[-1]
    assert "nothing to do by hand, the open run goes on by its timer" in last
    assert re.search(r"; --check is 1 meanwhile: overdue, until AKIA…\w{4} is off$", last)


def test_a_leaked_key_that_is_still_active_has_its_end_in_status(adopted: World, run: Run, tmp_path: Path) -> None:
    """Whoever looks at status in an incident sees the command that ends it; once it is off, what is waited for."""
    _with_laptop(adopted)
    (held,) = adopted.keys.now_held(adopted.scenario.user)
    run("rotate", "--emergency", "--key", held.id, "--reason", "laptop lost")
    now = f"End it now: rotator rotate --user jada-ses-smtp --revoke-first --key {held.id} --reason …"
    assert now in run("status").err.splitlines()
    run("rotate", "--revoke-first", "--key", held.id, "--reason", "abused")
    assert "End it now" not in run("status").err
    run("handover", "laptop", "--out", str(tmp_path / "given"))
    assert "while both are Active" not in run("confirm", "laptop").err


def test_a_key_in_its_grace_that_is_not_late_says_nothing_of_a_code(adopted: World, run: Run) -> None:
    """Waiting as planned is exit 0."""
    done = run("rotate")
    assert (done.code, "only means" in done.out) == (0, False)


def test_a_mistyped_path_is_to_be_corrected_before_anything_is_forgotten(adopted: World, run: Run) -> None:
    """The file points elsewhere in an open run: the advice begins with the file, and correcting it is enough."""
    assert run("rotate").code == 0
    right = adopted.place.config.read_text("utf-8")
    (adopted.place.sasl_passwd.parent.parent / "postfxi").mkdir(mode=0o700)
    adopted.place.config.write_text(right.replace("/postfix/", "/postfxi/"), "utf-8")
    done = run("rotate")
    assert "(where relay pointed before) may hold the credential" in done.err
    fix = next(line for line in done.err.splitlines() if line.startswith("    fix"))
    assert fix.index("mistyped its name, path or alias?  Correct that in the file") < fix.index("rotator forget")
    adopted.place.config.write_text(right, "utf-8")
    done = run("rotate")
    assert "✓ push        relay" in done.err
    (typo,) = [word for word in done.err.split() if word.startswith("relay@")][:1]
    assert run("forget", typo, "--reason", "mistyped").code == 0
    assert run("rotate").code == 0


def test_a_mistyped_name_is_healed_by_correcting_it(adopted: World, run: Run) -> None:
    """The same place under another name: it is told as the new one, and nothing is to be forgotten."""
    assert run("rotate").code == 0
    _change(adopted, consumers=[one | {"name": "relya"} for one in _consumers(adopted)])
    done = run("rotate")
    assert (done.code, "✓ push        relya acknowledged" in done.err) == (0, True), done.err


def test_a_dead_token_is_seen_while_a_person_is_waited_for(mailboxes: World, run: Run) -> None:
    """Whoever pastes tomorrow learns today that the test mail after it cannot be sent."""
    gmail = mailboxes.gmail
    assert gmail is not None
    _set(mailboxes, "admin-alias", credentials={"authorized_user": str(gmail.add_refresh_token(PERSONAL))})
    run("rotate")
    assert "admin-alias:" not in run("status").err
    gmail.revoke(PERSONAL)
    done = run("status", "--json")
    (warning,) = done.document["users"][0]["open_run"]["warnings"]
    assert warning.startswith("admin-alias: ")
    assert f"rotator gmail login --mailbox {PERSONAL}" in warning
    assert "invalid_grant" in run("status").err


def test_why_a_test_mail_was_not_seen_stands_in_status(mailboxes: World, run: Run, tmp_path: Path) -> None:
    """The run says when it is tried again and where to look; there stands what became of the newest one."""
    mailboxes.ses.enforcement = "SHUTDOWN"  # each mail bounces, and not for the login
    run("rotate")
    run("handover", "admin-alias", "--out", str(tmp_path / "given"))
    done = run("confirm", "admin-alias")
    assert "✗ no canary through news-alias has arrived yet" in done.err
    assert "fix   rotator status --user jada-ses-smtp says what became of it; mend that, then:" in done.err
    assert "   (tried from " in done.err
    assert "! news-alias: the newest test mail, " in run("status").err
    assert "Sending paused for this account" in run("status").err


def test_a_person_s_word_ends_the_wait_for_a_person(adopted: World, run: Run, tmp_path: Path) -> None:
    """After `confirm` the place is acknowledged and attested, and the run says what it waits for now."""
    _with_laptop(adopted)
    run("rotate")
    assert "  laptop               waiting for a person   none" in run("status").out
    run("handover", "laptop", "--out", str(tmp_path / "given"))
    run("confirm", "laptop")
    done = run("status")
    assert "  laptop               acknowledged           attested" in done.out
    assert "waiting for a person" not in done.out
    assert "  now: grace until " in done.out


SAID = {
    True: "of an unclear create of ours, held by nobody: the next run deletes it",
    False: "perhaps of an unclear create of ours: nobody's?  rotator discard --user jada-ses-smtp --key AKIA…",
}


@pytest.mark.parametrize("sole", [True, False], ids=["sole creator", "others may create"])
def test_the_fruit_of_an_unclear_create_is_called_that(adopted: World, run: Run, sole: bool) -> None:
    """It is no stranger's key; what becomes of it stands beside it."""
    _change(adopted, sole_creator=False)
    adopted.faults.arm("create_reply_lost", 1)
    assert "rotator discard" in run("rotate").err
    _change(adopted, sole_creator=sole)
    rows = run("status").out.splitlines()[1:3]
    assert [SAID[sole] in row for row in rows] == [False, True]
    assert "not ours" not in "".join(rows)


def test_a_signal_ends_the_wait_for_a_test_mail(mailboxes: World, run: Run) -> None:
    """A test mail to a mailbox that nobody can read is awaited for a minute: a signal does not wait for it."""
    _set(mailboxes, "news-alias", canary_to="friend@example.org")
    command = [sys.executable, "-m", "rotator", "rotate", "--no-input"]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE, text=True) as program:
        end = time.monotonic() + 40
        while not any(one["name"] == "messages.send" for one in Sandbox(mailboxes.admin_url).record()):
            assert time.monotonic() < end
            time.sleep(0.05)
        began = time.monotonic()
        program.send_signal(signal.SIGTERM)
        told = program.communicate(timeout=50)[1]
    assert (program.returncode, "a test mail was awaited" in told) == (Exit.TERMINATED, True), told
    assert time.monotonic() - began < 15  # the wait itself takes 60 s
    done = run("status")
    assert "  news-alias           acknowledged           acknowledged" in done.out
    assert "confirm comes next: rotator rotate --user jada-ses-smtp" in done.out


def test_the_only_user_with_that_place_is_meant(adopted: World, run: Run, tmp_path: Path) -> None:
    """With two users in the file a place that only one of them has needs no user beside it."""
    _with_laptop(adopted)
    run("rotate")
    add_user(adopted.place.config, "another-user")
    file = yaml.safe_load(adopted.place.config.read_text("utf-8"))
    file["users"][1]["consumers"] = [one for one in file["users"][1]["consumers"] if one["name"] != "laptop"]
    adopted.place.config.write_text(yaml.safe_dump(file), "utf-8")
    assert run("handover", "laptop", "--out", str(tmp_path / "given")).code == 0
    assert run("confirm", "laptop").code == 0
    done = run("handover", "relay", "--out", str(tmp_path / "other"))
    assert (done.code, "--user NAME" in done.err) == (Exit.USAGE, True)


def test_without_the_seal_key_all_that_needs_no_secret_is_shown(adopted: World, run: Run) -> None:
    """Keys, places and the open run stand there as the journal has them, said to be unproven, and the code is 1."""
    run("rotate")
    whole = run("status").out
    adopted.place.seal_key.rename(adopted.place.seal_key.with_name("kept"))
    done = run("status")
    assert (done.code, done.out) == (Exit.FAILED, whole)
    assert "shown as it stands there, unproven; passwords need the seal key" in done.err
    assert done.err.splitlines()[-1] == "(exit 1)"
    assert "seal.key cannot be opened" in run("status", "--json").document["users"][0]["unproven"]
    refused = run("rotate")
    assert (refused.code, "seal.key cannot be opened" in refused.err) == (Exit.FAILED, True)
