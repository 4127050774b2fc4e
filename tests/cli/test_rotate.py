"""`rotator rotate` as a person, a timer and an incident meet it; the eleven steps themselves are told elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rotator.cli.rotate import most_urgent
from rotator.core.errors import Exit
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.cli.conftest import Run, add_user, change, consumers

DAY_S = 86400


def _held(world: World) -> str:
    return world.keys.now_held(world.scenario.user)[0].id


def _status(world: World, key_id: str) -> str:
    return next(key.status for key in world.keys.now_held(world.scenario.user) if key.id == key_id)


def test_a_timer_with_nothing_due_hears_one_line(adopted: World, run: Run) -> None:
    """Off a terminal success is one line on stdout, with the day of the next rotation."""
    config = adopted.place.config
    config.write_text(config.read_text("utf-8") + "  rotate_at: 85d\n", "utf-8")
    done = run("rotate", "--if-due")
    assert done.code == 0
    (line,) = done.out.splitlines()
    assert line.startswith("jada-ses-smtp: nothing due: AKIA…")
    assert "is due " in line
    assert done.err.splitlines() == [one for one in done.err.splitlines() if "NOT THE REAL AWS" in one]


def test_a_timer_that_fails_hears_everything(adopted: World, run: Run) -> None:
    """What was kept back is told as soon as something goes wrong."""
    adopted.faults.arm("create_refused", 1)
    done = run("rotate", "--if-due")
    assert done.code == Exit.HELP_NEEDED
    assert "✓ lock " in done.err
    assert "✓ preflight " in done.err


def test_the_due_rotation_goes_up_to_the_grace(adopted: World, run: Run) -> None:
    """One turn does all that can be done now and says when the next one is due and who must run it."""
    done = run("rotate", "--explain-decision")
    assert done.code == 0, done.err
    for name in ("lock", "survey", "preflight", "create", "verify", "push", "grace"):
        assert f" {name:<11}" in done.err
    assert "something must run `rotator rotate --all --if-due` daily (rotator schedule cron)" in done.out
    assert "decided by wait_out_the_grace" in done.err
    assert not any(key.secret in done.out + done.err for key in adopted.keys.now_held(adopted.scenario.user))


def test_the_most_urgent_code_of_all_users_wins() -> None:
    """With --all a timer acts on the worst: a bug, help needed, a failure, access, a retry, a lock."""
    assert [most_urgent(codes) for codes in ([0, 5, 6], [6, 4], [4, 1], [1, 3], [3, 70], [0, 0], [], [2, 0])] == [
        6, 4, 1, 3, 70, 0, 0, 2
    ]  # fmt: skip


def test_all_goes_on_after_one_users_failure(adopted: World, run: Run) -> None:
    """A user that was never adopted does not keep the others from their rotation."""
    add_user(adopted.place.config, "never-adopted", first=True)
    done = run("rotate", "--all", "--json")
    first, second = done.document["users"]
    assert (done.code, first["outcome"], second["outcome"]) == (Exit.USAGE, "no-journal", "waiting")


def test_an_incident_without_a_key_is_told_which_there_are(adopted: World, run: Run) -> None:
    """Whoever holds a pager gets the whole ids, to type one."""
    done = run("rotate", "--emergency", "--reason", "leak")
    assert (done.code, f"{_held(adopted)} (Active)" in done.err) == (Exit.USAGE, True)


def test_revoking_a_strangers_key_is_left_to_its_owner(adopted: World, run: Run) -> None:
    """No mode touches a key that was neither adopted nor made here; the line that does it by hand is printed."""
    stranger = adopted.keys.create(adopted.scenario.user).id
    done = run("rotate", "--revoke-first", "--key", stranger, "--reason", "leak")
    line = f"aws iam update-access-key --user-name jada-ses-smtp --access-key-id {stranger} --status Inactive"
    assert (done.code, line in done.err) == (Exit.FAILED, True)


def test_revoke_first_without_a_journal_prints_the_plain_line(world: World, run: Run) -> None:
    """If nothing can be written down, the person is told how to do it without this program, and 3 calls for help."""
    done = run("rotate", "--revoke-first", "--key", _held(world), "--reason", "leak", "--json")
    line = f"aws iam update-access-key --user-name jada-ses-smtp --access-key-id {_held(world)} --status Inactive"
    assert (done.code, done.document["id"]) == (Exit.HELP_NEEDED, "revoke-by-hand")
    assert line in done.document["fix"]
    assert line in done.err


def test_a_held_lock_names_its_owner(adopted: World, run: Run) -> None:
    """The second run of a user leaves at once, with a code that a timer may ignore."""
    holder = (
        "import sys, os; from rotator.wiring import rotating; from rotator.config.loader import load\n"
        "with rotating.rotation(load(os.environ['ROTATOR_CONFIG'], os.environ), None):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ), text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        done = run("rotate", "--no-input")
        other.communicate("")
    assert (done.code, f"pid {other.pid} on " in done.err) == (Exit.LOCKED, True)


def test_a_failure_says_on_which_key_mail_flows(adopted: World, run: Run) -> None:
    """The question of everybody who is woken up is answered before the next command."""
    adopted.faults.arm("create_refused", 1)
    done = run("rotate", "--no-input")
    told = [line.strip().split(" ")[0] for line in done.err.splitlines()]
    assert done.code == Exit.HELP_NEEDED
    assert told[-7:] == ["✗", "why", "fix", "see", "As", "Next:", "(exit"]
    assert "As far as keys go, mail flows: AKIA…" in done.err


def test_an_abort_discards_the_key_that_nobody_was_given(adopted: World, run: Run) -> None:
    """Before the first push a run can be dropped; afterwards the answer is that it only goes forward."""
    assert run("abort", "--reason", "r").code == Exit.FAILED  # nothing is open
    adopted.faults.arm("smtp_535", 1000)
    config = adopted.place.config
    config.write_text(config.read_text("utf-8") + "  verify: {deadline: 10s, successes: 1}\n", "utf-8")
    assert run("rotate").code == Exit.HELP_NEEDED
    done = run("abort", "--reason", "wrong day")
    assert (done.code, done.out.splitlines()[-1].startswith("jada-ses-smtp: aborted")) == (0, True), done.err
    assert len(adopted.keys.now_held(adopted.scenario.user)) == 1


def test_after_the_first_push_there_is_no_way_back(adopted: World, run: Run) -> None:
    """A roll-back repairs nothing that pushing again does not."""
    assert run("rotate").code == 0
    done = run("abort", "--reason", "r")
    assert (done.code, "can no longer be aborted" in done.err) == (Exit.FAILED, True)


@pytest.mark.parametrize("line", ["forget relay", "forget nobody"])
def test_only_a_consumer_that_is_gone_from_the_file_is_forgotten(adopted: World, run: Run, line: str) -> None:
    """A name that is still configured, or that nobody knows, is a slip."""
    assert run(*line.split(), "--reason", "r").code == Exit.USAGE


def test_only_a_key_of_the_run_is_switched_on_again(adopted: World, run: Run) -> None:
    """Reactivating is for the old key of an open run; anything else is refused."""
    done = run("reactivate", "--key", _held(adopted), "--reason", "r")
    assert (done.code, "is not a key of the open run" in done.err) == (Exit.FAILED, True)


def test_a_deactivated_key_is_switched_on_again(adopted: World, run: Run) -> None:
    """Whoever misses the old key gets it back, and the run stays open."""
    old = _held(adopted)
    assert run("rotate", "--grace", "0s").code == 0
    Sandbox(adopted.admin_url).advance(2 * DAY_S)
    assert run("rotate", "--grace", "0s").code == 0
    assert _status(adopted, old) == "Inactive"
    done = run("reactivate", "--key", old, "--reason", "the fax needs it")
    assert done.code == 0, done.err
    assert _status(adopted, old) == "Active"


def test_a_login_that_has_to_be_waited_for_is_said_once(adopted: World, run: Run) -> None:
    """SES says 454: what it says and how long that is tried stands there before the wait, not minutes after it."""
    adopted.faults.arm("smtp_454", 3)
    said = "  us-east-1: 454 Temporary authentication failure; tried again, for up to 10 min"
    lines = run("rotate").err.splitlines()
    assert lines.count(said) == 1
    assert lines.index(said) < next(n for n, line in enumerate(lines) if line.startswith("✓ verify"))


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
    """The same place under another name may be another person's: the first name bars the end until it is put back."""
    assert run("rotate").code == 0
    right = adopted.place.config.read_text("utf-8")
    change(adopted, consumers=[one | {"name": "relya"} for one in consumers(adopted)])
    done = run("rotate")
    assert (done.code, "✗ relay may hold the credential" in done.err) == (Exit.FAILED, True)
    assert "mistyped its name, path or alias?  Correct that in the file, then: rotator rotate" in done.err
    adopted.place.config.write_text(right, "utf-8")
    done = run("rotate")
    assert (done.code, "forget" in done.err) == (0, False)
