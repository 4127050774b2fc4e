"""What `suppression alert` finds goes to whoever the file names."""

from __future__ import annotations

import json

import pytest

from rotator.core.errors import Exit
from rotator.sandbox.world import World
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


def test_one_channel_that_takes_it_is_enough(told: World, run: Run) -> None:
    """The other one is a warning."""
    told.faults.arm("ses_send_500", 1)
    done = run("suppression", "alert")
    assert done.code == 0
    assert "could not be sent by mail" in done.err
    assert (mails(told), len(published(told))) == ([], 1)


def test_nobody_took_it_so_it_is_told_again(told: World, run: Run) -> None:
    """Exit 1, and the next look says it under the same id."""
    for fault in ("ses_send_500", "sns_500"):
        told.faults.arm(fault, 1)
    assert run("suppression", "alert").code == Exit.FAILED
    assert run("suppression", "alert").code == 0
    assert len(mails(told)) == len(published(told)) == 1
