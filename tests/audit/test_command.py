"""`rotator audit` on the sandbox: what it finds, what it keeps, how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
import yaml

from rotator.core.errors import Exit
from rotator.sandbox.certificates import write_private
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.audit.conftest import DOMAIN, NEWS, OPS, configure, spoil
from tests.cli.conftest import Ran, Run

DAY_S = 86400
HUMAN = {"type": "human", "name": "laptop", "instructions": "Thunderbird"}
CHECKS = ["mail.arrival", "mail.from", "mail.return_path", "mail.spf", "mail.dkim", "mail.dmarc"]


def found(done: Ran, status: str) -> list[tuple[str, dict[str, str]]]:
    """(id, evidence) of the findings with that status."""
    return [(one["id"], one["evidence"]) for one in done.document["findings"] if one["status"] == status]


def proven(run: Run) -> dict[str, Any]:
    """What `status` says of each place."""
    return {one["consumer"]: one for one in run("status", "--json").document["users"][0]["proven"]}


def test_every_place_that_can_send_is_proven(world: World, run: Run) -> None:
    """A mail through each, its headers read at the far end; the one that nobody can send through is not called good."""
    done = run("audit", "--json")
    assert done.code == 0, done.err
    assert {(one["consumer"], one["outcome"]) for one in done.document["consumers"]} == {
        ("news-alias", "arrived"), ("relay", "arrived"),
    }  # fmt: skip
    for name in ("news-alias", "relay"):
        assert [id_ for id_, evidence in found(done, "ok") if evidence.get("consumer") == name] == CHECKS
    assert [evidence["consumer"] for _, evidence in found(done, "not known")] == ["admin-alias"]
    arrived = world.mailboxes.messages(f"bounce-test@{DOMAIN}")
    assert [str(mail["From"]) for mail in arrived] == [NEWS, NEWS]


def test_a_password_changed_by_hand_is_found_and_status_knew_the_last_proof(world: World, run: Run) -> None:
    """Before the audit `status` says when the place was last proven; the audit says that it is no more."""
    assert run("audit").code == 0
    Sandbox(world.admin_url).advance(6 * DAY_S)
    spoil(world)
    assert "news-alias 6 d ago (audit mail)" in run("status").out
    before = proven(run)["news-alias"]
    done = run("audit", "--json")
    assert done.code == Exit.FAILED
    assert found(done, "failed") == [("mail.arrival", {"user": "jada-ses-smtp", "consumer": "news-alias"})]
    after = proven(run)["news-alias"]
    assert (after["last_proven"], after["last_audit"]["outcome"]) == (before["last_proven"], "refused")
    assert "audit REFUSED" in run("status").out


def test_the_journal_gets_outcomes_and_no_address(world: World, run: Run) -> None:
    """What is kept of an audit: place, outcome, key, time."""
    assert run("audit").code == 0
    raw = b"".join(path.read_bytes() for path in world.place.state.glob("journal.db*"))
    assert b"AuditSettled" in raw
    assert b"bounce-test" not in raw
    assert NEWS.encode() not in raw


def test_one_place_alone(world: World, run: Run) -> None:
    """--consumer sends one mail and looks at nothing else."""
    done = run("audit", "--consumer", "relay", "--json")
    assert done.code == 0
    assert {evidence["consumer"] for _, evidence in found(done, "ok")} == {"relay"}
    assert run("audit", "--consumer", "nobody").code == Exit.USAGE


def test_a_mail_that_never_comes_is_missing(world: World, run: Run) -> None:
    """The recipient is suppressed: SES says yes and sends nothing."""
    world.ses.suppress(f"bounce-test@{DOMAIN}", "BOUNCE", world.clock.now())
    done = run("audit", "--timeout", "1s", "--consumer", "relay", "--json")
    assert (done.code, done.document["consumers"][0]["outcome"]) == (Exit.FAILED, "missing")


def test_an_alias_that_gmail_no_longer_accepts_is_found(world: World, run: Run) -> None:
    """Gmail would take the default address without a word: nothing is sent, and that is told."""
    assert world.gmail is not None
    world.gmail.set_status(OPS, NEWS, "pending")
    done = run("audit", "--consumer", "news-alias", "--json")
    assert (done.code, done.document["consumers"][0]["outcome"]) == (Exit.FAILED, "unknown")


def test_a_key_that_nobody_knows_is_found(world: World, run: Run) -> None:
    """A stranger's key in our user."""
    stranger = world.keys.create(world.scenario.user)
    done = run("audit", "--json")
    assert done.code == Exit.FAILED
    assert [(id_, evidence["key"][-4:]) for id_, evidence in found(done, "failed")] == [
        ("keys.unknown", stranger.id[-4:])
    ]


def test_a_user_that_the_file_does_not_name_is_found(world: World, run: Run) -> None:
    """IAM is asked for everybody below aws.user_path; without the right to ask it is told that nobody knows."""
    configure(world, "users:\n", "aws: {user_path: /ses/}\nusers:\n")
    world.moto.create_user("ghost", "/ses/", world.clock.now())
    world.moto.create_user("elsewhere", "/other/", world.clock.now())
    done = run("audit", "--json")
    assert [evidence for id_, evidence in found(done, "failed") if id_ == "users.unnamed"] == [{"user": "ghost"}]


def test_while_a_run_is_open_no_mail_goes_out_with_the_old_key(world: World, run: Run) -> None:
    """Before the deactivation only a place that shows the new key is sent through."""
    assert run("rotate", "--yes").code == 0
    old = world.keys.now_held(world.scenario.user)[0]
    uses = len(old.uses)
    done = run("audit", "--json")
    assert [one["consumer"] for one in done.document["consumers"]] == ["relay"]
    assert {evidence["consumer"] for _, evidence in found(done, "skipped")} == {"news-alias"}
    assert len(world.keys.now_held(world.scenario.user)[0].uses) == uses


def test_without_an_address_nothing_is_sent_and_the_rest_is_looked_at(world: World, run: Run) -> None:
    """Keys and the open run need no mail."""
    text = world.place.config.read_text("utf-8")
    start, end = text.index("audit:"), text.index("users:\n")
    world.place.config.write_text(text[:start] + text[end:], "utf-8")
    done = run("audit", "--json")
    assert (done.code, done.document["consumers"]) == (0, [])
    assert [id_ for id_, _ in found(done, "skipped")] == ["mail.arrival"]
    assert world.mailboxes.count() == 0


@pytest.mark.parametrize(("fault", "code"), [("iam_500", Exit.RETRY), ("access_denied", Exit.ACCESS)])
def test_what_cannot_be_asked_ends_with_its_own_class(world: World, run: Run, fault: str, code: Exit) -> None:
    """IAM away or shut: nothing was learnt, nothing was sent."""
    world.faults.arm(fault, 20)
    assert run("audit", "--json").code == code
    assert world.mailboxes.count() == 0


def test_a_user_that_was_never_adopted_does_not_stop_the_others(world: World, run: Run) -> None:
    """Beside others it is one finding; alone it is the error that says how to begin."""
    document = yaml.safe_load(world.place.config.read_text("utf-8"))
    newcomer = {**document["users"][0], "name": "newcomer", "consumers": [HUMAN]}
    write_private(world.place.config, json.dumps({**document, "users": [*document["users"], newcomer]}).encode())
    done = run("audit", "--json")
    assert "findings" in done.document, done.err
    assert (done.code, found(done, "failed")) == (Exit.FAILED, [("users.adopted", {"user": "newcomer"})])
    assert len(done.document["consumers"]) == 2
    assert run("audit", "--user", "newcomer").code == Exit.USAGE


def test_a_rotation_at_work_is_not_disturbed(world: World, run: Run) -> None:
    """The audit takes the user's lock, as everything does that mails."""
    from rotator.config.loader import load
    from rotator.wiring import rotating

    with rotating.rotation(load(world.place.config, dict(world.environment())), None):
        assert run("audit").code == Exit.LOCKED


def test_a_signal_ends_it_at_once_and_keeps_what_is_known(world: World) -> None:
    """An incident does not wait for an audit: it lets go of the lock, though a mail is still awaited."""
    world.ses.suppress(f"bounce-test@{DOMAIN}", "BOUNCE", world.clock.now())
    command = [sys.executable, "-m", "rotator", "audit", "--consumer", "relay", "--timeout", "10m"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(one.name == "DATA" for one in world.record.entries(0)) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)
    assert process.returncode == Exit.TERMINATED, told
    assert "stopped by SIGTERM" in told
