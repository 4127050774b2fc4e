"""`rotator status`: what a person sees first, and what a monitor acts on."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rotator.config.loader import load
from rotator.core.access_keys import Instant, mask
from rotator.core.errors import Exit
from rotator.core.history import events as ev
from rotator.core.history.noted import AuditSettled
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import PERSONAL, World
from rotator.wiring.rotating import rotation
from tests.cli.conftest import Run, add_user, change, change_consumer, with_laptop

DAY_S = 86400


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_a_key_has_age_due_date_use_and_holders(adopted: World, run: Run) -> None:
    """One row a key, under the headers that people know."""
    done = run("status")
    header, row, *_ = done.out.splitlines()
    assert _cells(header) == ["USER", "KEY", "AGE", "DUE", "LAST USED", "CONSUMERS", "STATE"]
    held = adopted.keys.now_held(adopted.scenario.user)[0].id
    masked = f"{held[:4]}…{held[-4:]}"
    assert _cells(row) == ["jada-ses-smtp", masked, "81 d", "24 h ago", "0 min ago", "relay", "due"]


def test_a_key_that_is_past_its_limit_is_shouted(adopted: World, run: Run) -> None:
    """Overdue stands in the table, in the last line with the command that ends it, and in the code of --check."""
    assert run("status", "--check").code == 0
    Sandbox(adopted.admin_url).advance(10 * DAY_S)
    done = run("status", "--check")
    assert done.code == Exit.FAILED
    assert "OVERDUE (limit 90 d)" in done.out
    assert done.out.splitlines()[-1] == "1 overdue.  Next: rotator rotate --user jada-ses-smtp"
    assert run("status").code == 0  # looking is no alarm


def test_an_open_run_shows_every_consumers_rung(adopted: World, run: Run) -> None:
    """Where each consumer stands on the ladder, and what the run waits for."""
    assert run("rotate").code == 0
    done = run("status")
    assert "being replaced" in done.out
    assert "new, being handed out" in done.out
    assert [line.split() for line in done.out.splitlines() if line.startswith("  relay")] == [
        ["relay", "acknowledged", "read_back"]
    ]
    assert "  now: grace until " in done.out


@pytest.mark.parametrize(("fault", "code"), [("iam_500", Exit.RETRY), ("access_denied", Exit.ACCESS)])
def test_what_the_journal_knows_is_shown_without_aws(adopted: World, run: Run, fault: str, code: Exit) -> None:
    """A look-up that fails is said to have failed: nothing is guessed, and a monitor is told by --check."""
    adopted.faults.arm(fault, 20)
    done = run("status", "--check")
    assert (done.code, "the journal's part only" in done.err) == (code, True)
    assert "unknown: IAM could not be asked" in done.out
    assert run("status").code == 0


def test_a_strangers_key_is_called_that(adopted: World, run: Run) -> None:
    """A second key that nobody adopted stands in the table as what it is."""
    adopted.keys.create(adopted.scenario.user)
    assert [_cells(line)[-1] for line in run("status").out.splitlines()[1:3]] == ["due", "not ours"]


def test_a_user_that_was_never_adopted_has_a_row(adopted: World, run: Run) -> None:
    """Beside others it is one line with the next command; alone it is the error that says how to begin."""
    add_user(adopted.place.config, "newcomer")
    done = run("status")
    assert "not adopted: rotator adopt" in done.out
    assert done.out.splitlines()[-1] == "Next: rotator adopt --user newcomer"
    assert run("status", "--user", "newcomer").code == Exit.USAGE


def test_after_the_deactivation_the_watch_is_shown(adopted: World, run: Run) -> None:
    """The old key is inactive, with the day on which it may be deleted."""
    assert run("rotate", "--grace", "0s").code == 0
    Sandbox(adopted.admin_url).advance(2 * DAY_S)
    assert run("rotate", "--grace", "0s").code == 0
    rows = [_cells(line) for line in run("status").out.splitlines()]
    assert any("inactive" in row and row[-1].startswith("watch until ") for row in rows)


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
    with_laptop(adopted)
    (held,) = adopted.keys.now_held(adopted.scenario.user)
    run("rotate", "--emergency", "--key", held.id, "--reason", "laptop lost")
    now = f'End it now: rotator rotate --user jada-ses-smtp --revoke-first --key {held.id} --reason "it is abused now"'
    assert now in run("status").err.splitlines()
    run("rotate", "--revoke-first", "--key", held.id, "--reason", "abused")
    assert "End it now" not in run("status").err
    run("handover", "laptop", "--out", str(tmp_path / "given"))
    assert "while both are Active" not in run("confirm", "laptop").err


@pytest.mark.parametrize("fault", ["throttled", "iam_500"])
def test_an_iam_that_does_not_answer_in_an_incident_is_no_try_again_later(
    adopted: World, run: Run, fault: str
) -> None:
    """The leaked key is on: exit 3 with the plain line, now and from the timer, and a monitor that looks is told."""
    (held,) = adopted.keys.now_held(adopted.scenario.user)
    plain = f"aws iam update-access-key --user-name jada-ses-smtp --access-key-id {held.id} --status Inactive"
    adopted.faults.arm(fault, 1000)
    for order in (("--revoke-first", "--key", held.id, "--reason", "abused"), ("--if-due",)):
        done = run("rotate", *order)
        assert (done.code, plain in done.err, "STILL ACTIVE" in done.err) == (Exit.HELP_NEEDED, True, True), done.err
        assert "no keys" not in done.out + done.err
    adopted.faults.arm(fault, 0)
    seen = run("status", "--check")
    assert (seen.code, f"{mask(held.id)} leaked and is STILL ACTIVE" in seen.err) == (Exit.FAILED, True), seen.err
    assert "End it now: rotator rotate" in seen.err
    assert "1 incident" in seen.out
    run("rotate")
    assert "STILL ACTIVE" not in run("status").err


def test_a_dead_token_is_seen_while_a_person_is_waited_for(mailboxes: World, run: Run) -> None:
    """Whoever pastes tomorrow learns today that the test mail after it cannot be sent."""
    gmail = mailboxes.gmail
    assert gmail is not None
    change_consumer(mailboxes, "admin-alias", credentials={"authorized_user": str(gmail.add_refresh_token(PERSONAL))})
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
    assert (
        "fix   rotator doctor ses first (a paused account sends nothing); then rotator status --user jada-ses-smtp "
        in done.err
    )
    assert "   (tried from " in done.err
    assert "! news-alias: the newest test mail, " in run("status").err
    assert "Sending paused for this account" in run("status").err


FRUIT = {
    True: "of an unclear create of ours, held by nobody: the next run deletes it",
    False: "perhaps of an unclear create of ours: nobody's?  rotator discard --user jada-ses-smtp --key AKIA…",
}


@pytest.mark.parametrize("sole", [True, False], ids=["sole creator", "others may create"])
def test_the_fruit_of_an_unclear_create_is_called_that(adopted: World, run: Run, sole: bool) -> None:
    """It is no stranger's key; what becomes of it stands beside it."""
    change(adopted, sole_creator=False)
    adopted.faults.arm("create_reply_lost", 1)
    assert "rotator discard" in run("rotate").err
    change(adopted, sole_creator=sole)
    rows = run("status").out.splitlines()[1:3]
    assert [FRUIT[sole] in row for row in rows] == [False, True]
    assert "not ours" not in "".join(rows)


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


def test_an_incident_that_only_takes_time_says_when(world: World, run: Run, tmp_path: Path) -> None:
    """It is called what it is, not stuck, with the time before which it cannot be through."""
    with_laptop(world)
    assert run("adopt", "--no-input").code == 0  # without the old password: SES is given an hour to notice
    (held,) = world.keys.now_held(world.scenario.user)
    run("rotate", "--revoke-first", "--key", held.id, "--reason", "abused")
    run("handover", "laptop", "--out", str(tmp_path / "given"))
    run("confirm", "laptop")
    done = run("status", "--check")
    said = r"1 incident, not through before .* UTC; nothing to do by hand, the open run goes on by its timer .*"
    assert re.fullmatch(said, done.out.splitlines()[-1])
    assert done.code == Exit.FAILED


# how the newest audit went wrong -> (its key, seconds after the newest proof, whether status shows it)
AUDITS: dict[str, tuple[str, int, bool]] = {
    "with the key in force, later than the proof": ("in force", 60, True),
    "with a key that nobody noted, later": ("", 60, True),
    "with another key": ("AKIA" + "7" * 16, 60, False),
    "before the proof": ("in force", -60, False),
}


@pytest.mark.parametrize(("key", "later", "shown"), AUDITS.values(), ids=AUDITS)
def test_an_audit_of_another_time_is_not_shown_beside_the_proof(
    adopted: World, run: Run, key: str, later: int, *, shown: bool
) -> None:
    """A mail that went missing with the key that leaked says nothing of the one in force, nor what a proof outdates."""
    user = adopted.scenario.user
    with rotation(load(adopted.place.config, os.environ), user) as work:
        key = work.facts.current if key == "in force" else key
        proven = max(work.facts.latest, int(adopted.clock.now().timestamp()) - 300)
        work.record(ev.Attested(Instant(proven), "relay", work.facts.current, "jada"))
        work.record(AuditSettled(Instant(proven + 90), "relay", "missing", key, proven + later))
    assert ("audit MISSING" in run("status").out) is shown
