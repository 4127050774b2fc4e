"""Notices of the real program: a change is told once, a kill makes it twice, and a silent channel changes nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import yaml

from rotator.core.errors import Exit
from rotator.sandbox.scenario import InitialKey, Scenario
from tests.cli.test_around import dating_wrongly
from tests.saga.launching import Zygote
from tests.saga.stage import AT_ONCE, BY_HAND, HELD_S, USER, Stage
from tests.secrets.needles import search

Build = Callable[..., Stage]
DUE = Scenario(keys=(InitialKey(age_days=81),))  # due, not past its limit
RECIPIENT = "jada@example.com"


@pytest.fixture
def told(build_stage: Build, zygote: Zygote) -> Stage:
    """An adopted user whose key is due, and somebody who wants to hear of it by mail and by a topic.

    Its relay's file is read back and nothing is sent through it: whatever is mailed is a notice.
    """
    stage = build_stage(calm=True, launcher=zygote, scenario=DUE)
    stage.keep_consumers("relay")
    relay = yaml.safe_load(Path(stage.environment["ROTATOR_CONFIG"]).read_text())["users"][0]["consumers"][0]
    sender, _ = relay.pop("canary_from"), relay.pop("canary_to", None)
    topic_arn = stage.world.moto.create_topic("us-east-1", "keys")
    people = {"mail_to": RECIPIENT, "mail_from": sender, "sns_topic": topic_arn}
    stage.configure(defaults=AT_ONCE, audit={}, notify=people, user={"consumers": [relay]})
    stage.adopt()
    return stage


def mails(stage: Stage) -> list[EmailMessage]:
    """What arrived."""
    return stage.world.mailboxes.messages(RECIPIENT)


def ids(stage: Stage) -> list[str]:
    """Of the notices by mail, without the times that they hold: kind and what follows the user or run."""
    return [str(mail["X-Rotator-Notice"]) for mail in mails(stage)]


def kinds(stage: Stage) -> list[str]:
    """What was told by mail."""
    return [one.split("/", maxsplit=1)[0] for one in ids(stage)]


def topic(stage: Stage) -> list[str]:
    """What was published."""
    found = stage.world.moto.published("us-east-1", f"arn:aws:sns:us-east-1:{stage.world.scenario.account}:keys")
    return [one.attributes["kind"] for one in found]


def test_a_rotation_is_told_when_it_is_done_and_once(told: Stage) -> None:
    """On both channels, with the journal's head, and without a secret."""
    told.rotator("rotate", "--yes")
    for days in (1, 1, 1):
        told.advance(days=days)
        told.rotator("rotate", "--all", "--if-due")
    assert kinds(told) == topic(told) == ["done"]
    text = mails(told)[0].get_content()
    assert "Rotated: the old key is gone" in text
    assert "is Active." in text
    assert search({"mail": text.encode()}, told.secrets()) == []


def test_the_head_in_a_notice_is_one_that_the_journal_had(told: Stage) -> None:
    """A copy elsewhere of which a journal that was cut off knows nothing."""
    told.rotator("rotate", "--yes")
    head = next(line for line in mails(told)[0].get_content().splitlines() if line.startswith("Journal: "))
    before, said = told.rotator("history", "--json").json, head.split()
    since = 4  # what was recorded since: about to log in, logged in, sent by mail, sent by SNS
    assert int(said[1]) == before["events"] - since


def test_a_mail_goes_with_the_users_own_password(told: Stage) -> None:
    """The new key's, once the run is over; no right of the program is needed for it."""
    told.rotator("rotate", "--yes")
    (key,) = told.active()
    (mail,) = [one for one in told.world.record.entries() if one.name == "DATA"]
    assert (mail.detail, kinds(told)) == (key, ["done"])
    assert "sesv2:SendEmail" not in told.calls()
    assert "own rights" not in mails(told)[0].get_content()


def test_while_a_run_is_open_a_mail_never_goes_with_the_old_key(build_stage: Build, zygote: Zygote) -> None:
    """Its last use is being watched: the new one is used, which SES has accepted by then."""
    stage = build_stage(calm=True, launcher=zygote, scenario=DUE)
    stage.keep_consumers(BY_HAND)
    stage.configure(audit={}, notify={"mail_to": RECIPIENT})
    old = stage.adopt()
    stage.rotator("rotate", "--yes", code=None)
    (mail,) = [one for one in stage.world.record.entries() if one.name == "DATA"]
    assert (kinds(stage), stage.active() - {old}) == (["waiting"], {mail.detail})


def test_a_password_that_ses_refuses_does_not_keep_people_in_the_dark(build_stage: Build, zygote: Zygote) -> None:
    """The other way is rotator's own rights, and the notice says why it came so."""
    stage = build_stage(calm=True, launcher=zygote, scenario=Scenario(keys=(InitialKey(age_days=67),)))
    stage.keep_consumers("relay")
    stage.configure(audit={}, notify={"mail_to": RECIPIENT})
    stage.adopt()
    stage.world.faults.arm("smtp_535", 1)
    stage.rotator("rotate", "--all", "--if-due")
    assert (kinds(stage), stage.calls().count("sesv2:SendEmail")) == (["due-soon"], 1)
    assert "not with the user's password: auth: 535 Authentication Credentials Invalid" in mails(stage)[0].get_content()


def test_somebody_who_has_to_paste_is_told_how_and_reminded(build_stage: Build, zygote: Zygote) -> None:
    """One notice at the push, one after three days, and none once they said that it is done."""
    stage = build_stage(calm=True, launcher=zygote, scenario=DUE)
    stage.keep_consumers(BY_HAND)
    stage.configure(audit={}, notify={"mail_to": RECIPIENT})
    stage.adopt()
    stage.rotator("rotate", "--yes", code=None)
    for _ in range(4):
        stage.advance(days=1)
        stage.rotator("rotate", "--all", "--if-due")
    assert [(kind, one[-2:]) for kind, one in zip(kinds(stage), ids(stage), strict=True)] == [
        ("waiting", "/0"), ("waiting", "/1"),
    ]  # fmt: skip
    assert f"rotator handover {USER} {BY_HAND} --reveal, paste, then: rotator confirm {USER} {BY_HAND}" in (
        mails(stage)[0].get_content()
    )


def test_a_rotation_that_comes_is_told_once_beforehand(build_stage: Build, zygote: Zygote) -> None:
    """By the daily run that finds nothing due, two weeks before its day."""
    stage = build_stage(calm=True, launcher=zygote, scenario=Scenario(keys=(InitialKey(age_days=65),)))
    stage.keep_consumers("relay")
    stage.configure(audit={}, notify={"mail_to": RECIPIENT})
    stage.adopt()
    told = []
    for _ in range(4):
        stage.rotator("rotate", "--all", "--if-due")
        told.append(kinds(stage))
        stage.advance(days=1)
    assert told == [[], ["due-soon"], ["due-soon"], ["due-soon"]]
    assert "begins by itself on" in mails(stage)[0].get_content()


def test_a_failure_and_its_end_are_told(told: Stage) -> None:
    """Once for as long as it lasts, whatever the number of runs."""
    told.world.faults.arm("create_refused", 2)
    for _ in range(2):
        told.rotator("rotate", "--all", "--if-due", code=Exit.HELP_NEEDED)
    assert kinds(told) == ["failed"]
    told.rotator("rotate", "--all", "--if-due")
    assert kinds(told)[1:] == ["recovered", "done"] or kinds(told)[1:] == ["done", "recovered"]


def test_an_order_that_does_not_fit_is_no_failure_of_the_rotation(told: Stage) -> None:
    """Who gave it was told; nobody is woken for it."""
    told.rotator("abort", "--reason", "no", code=Exit.FAILED)
    assert mails(told) == []


def test_a_kill_between_sending_and_recording_sends_again(told: Stage) -> None:
    """At least once: the same id, so that the receiver can drop it; then never again."""
    told.world.record.hold("DATA", "after")
    process = told.start("rotate", "--yes")
    assert told.world.record.wait_until_held(HELD_S) is not None
    process.send_signal(signal.SIGKILL)
    process.wait(HELD_S)
    told.world.record.release()
    assert kinds(told) == ["done"]
    for _ in range(2):
        told.advance(days=1)
        told.rotator("rotate", "--all", "--if-due")
    assert kinds(told) == ["done", "done"]
    assert len(set(ids(told))) == 1
    assert topic(told) == ["done"]


def test_a_kill_before_sending_sends_later(told: Stage) -> None:
    """The run was finished and journalled; what had to be said of it is said by the next process."""
    told.world.record.hold("DATA", "before")
    process = told.start("rotate", "--yes")
    assert told.world.record.wait_until_held(HELD_S) is not None
    process.send_signal(signal.SIGKILL)
    process.wait(HELD_S)
    told.world.record.release()
    assert kinds(told) == []
    told.rotator("rotate", "--all", "--if-due")
    assert kinds(told) == topic(told) == ["done"]


def test_a_channel_that_fails_changes_neither_state_nor_exit_code(told: Stage) -> None:
    """It is a warning of the next `status`, until it works again."""
    told.world.faults.arm("ses_send_500", 2)
    told.world.ses.sending_enabled = False
    told.rotator("rotate", "--yes")
    told.world.ses.sending_enabled = True
    assert (kinds(told), topic(told)) == ([], ["done"])
    shown = told.rotator("status", "--check")
    assert "notices by mail fail since" in shown.err
    assert "InternalServiceErrorException" in shown.err
    (user,) = told.rotator("status", "--json").json["users"]
    assert [one["channel"] for one in user["notices_failing"]] == ["mail"]
    told.rotator("rotate", "--all", "--if-due")
    told.rotator("rotate", "--all", "--if-due")
    assert (kinds(told), topic(told)) == (["done"], ["done"])
    assert "notices by mail" not in told.rotator("status").err


def test_a_date_that_no_second_reply_confirms_stands_beside_no_login(build_stage: Build, zygote: Zygote) -> None:
    """The daily run asks for the keys alone: told by that Date, ten days ahead, a login would stop every later run."""
    stage = build_stage(calm=True, launcher=zygote, scenario=Scenario(keys=(InitialKey(age_days=60),)))
    stage.keep_consumers("relay")
    stage.configure(audit={}, notify={"mail_to": RECIPIENT})
    stage.adopt()
    right = stage.environment["AWS_ENDPOINT_URL"]
    with dating_wrongly(stage.world, 1, timedelta(days=10)) as proxy:
        stage.environment["AWS_ENDPOINT_URL"] = proxy
        stage.rotator("rotate", "--all", "--if-due")
    stage.environment["AWS_ENDPOINT_URL"] = right
    assert mails(stage) == []
    stage.rotator("rotate", "--all", "--if-due")
    assert mails(stage) == []
    stage.advance(days=10)
    stage.rotator("rotate", "--all", "--if-due")
    assert kinds(stage) == ["due-soon"]
