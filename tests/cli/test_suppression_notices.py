"""What `suppression alert` finds goes to whoever the file names."""

from __future__ import annotations

import json
import os

import pytest

from rotator.config.loader import load
from rotator.core.errors import Exit
from rotator.sandbox.world import World
from rotator.wiring import rotating
from tests.cli.conftest import Run

RECIPIENT = "jada@example.com"


@pytest.fixture
def told(adopted: World) -> World:
    """Somebody wants to hear by mail and by a topic, and a mail of ours has bounced."""
    topic = adopted.moto.create_topic("us-east-1", "keys")
    notify = {"mail_to": RECIPIENT, "sns_topic": topic}
    config = adopted.place.config
    config.write_text(f"{config.read_text()}notify: {json.dumps(notify)}\n")
    adopted.ses.suppress("somebody@example.org", "BOUNCE", adopted.clock.now())
    return adopted


def mails(world: World) -> list[str]:
    """The subjects that arrived."""
    return [str(mail["Subject"]) for mail in world.mailboxes.messages(RECIPIENT)]


def published(world: World) -> list[str]:
    """The subjects that were published."""
    topic = f"arn:aws:sns:us-east-1:{world.scenario.account}:keys"
    return [one.subject for one in world.moto.published("us-east-1", topic)]


def test_what_is_new_on_the_list_is_told_once(told: World, run: Run) -> None:
    """By mail and by the topic, without the address; the next look finds nothing new."""
    for _ in range(2):
        assert run("suppression", "alert").code == 0
    assert mails(told) == published(told) == ["rotator: 1 permanent bounce in us-east-1"]
    assert "somebody@" not in told.mailboxes.messages(RECIPIENT)[0].get_content()


def test_a_mail_of_no_user_goes_with_the_first_ones_password(told: World, run: Run) -> None:
    """The login is in the journal, at AWS's time, and the lock is free again."""
    (key,) = told.keys.now_held("jada-ses-smtp")
    assert run("suppression", "alert").code == 0
    (mail,) = [one for one in told.record.entries() if one.name == "DATA"]
    assert (mail.detail, len(mails(told))) == (key.id, 1)
    assert "sesv2:SendEmail" not in [one.name for one in told.record.entries()]
    assert run("history", "--verify").code == 0


def test_beside_a_rotation_a_mail_takes_the_other_way(told: World, run: Run) -> None:
    """Nobody waits: neither the rotation nor whoever has to hear of the list."""
    with rotating.rotation(load(told.place.config, dict(os.environ)), None):
        assert run("suppression", "alert").code == 0
    assert len(mails(told)) == 1
    text = told.mailboxes.messages(RECIPIENT)[0].get_content()
    assert "rotator's own rights and not with the user's password: " in text
    assert "locks/" in text


def test_one_channel_that_takes_it_is_enough(told: World, run: Run) -> None:
    """The other one is a warning."""
    told.faults.arm("smtp_535", 1)
    told.faults.arm("ses_send_500", 1)
    done = run("suppression", "alert")
    assert done.code == 0
    assert "could not be sent by mail" in done.err
    assert (mails(told), len(published(told))) == ([], 1)


def test_nobody_took_it_so_it_is_told_again(told: World, run: Run) -> None:
    """Exit 1, and the next look says it under the same id."""
    for fault in ("smtp_535", "ses_send_500", "sns_500"):
        told.faults.arm(fault, 1)
    assert run("suppression", "alert").code == Exit.FAILED
    assert run("suppression", "alert").code == 0
    assert len(mails(told)) == len(published(told)) == 1
