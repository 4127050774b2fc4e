"""What becomes of a mail at the end of DATA: each refusal in SES's words, each delivery rewritten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World
from tests.sandbox.clients import USER, Dialogue, first_key, logged_in
from tests.sandbox.conftest import MakeWorld

NEWS, READER = "news@queenofsandiego.com", "reader@example.org"
DENIED = (
    f"554 Access denied: User `arn:aws:iam::123456789012:user/{USER}' is not authorized to perform "
    "`ses:SendRawEmail' on resource `arn:aws:ses:us-east-1:123456789012:identity/queenofsandiego.com'"
)
NOT_VERIFIED = "554 Message rejected: Email address is not verified. "
NOT_VERIFIED += "The following identities failed the check in region US-EAST-1: "


def _pause(world: World) -> None:
    world.ses.enforcement = "SHUTDOWN"


def _require_mx(world: World) -> None:
    identity = world.ses.identities["queenofsandiego.com"]
    identity.mail_from, identity.mail_from_status, identity.reject_without_mx = "bounce.example.org", "FAILED", True


def _spend(world: World) -> None:
    world.ses.sent = int(world.ses.quota_per_day)


def _nothing(world: World) -> None:
    """The scenario is enough."""


REFUSALS: dict[str, tuple[Scenario, Callable[[World], None], str]] = {
    "paused": (Scenario(gmail=False), _pause, "554 Message rejected: Sending paused for this account. For more"),
    "no permission": (Scenario(gmail=False, may_send=False), _nothing, DENIED),
    "not verified": (Scenario(gmail=False, verified=False), _nothing, NOT_VERIFIED + NEWS),
    "in SES's sandbox": (Scenario(gmail=False, production=False), _nothing, NOT_VERIFIED + READER),
    "MAIL FROM": (Scenario(gmail=False), _require_mx, "554 MAIL FROM domain not verified: DNS setup for MAIL FROM"),
    "quota": (Scenario(gmail=False), _spend, "454 Throttling failure: Daily message quota exceeded."),
}


@pytest.mark.parametrize(("scenario", "change", "reply"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_mail_is_refused(
    make_world: MakeWorld, scenario: Scenario, change: Callable[[World], None], reply: str
) -> None:
    """AUTH proves the key only: the reason to refuse comes at the end of DATA, and nothing is delivered."""
    world = make_world(scenario, calm=True)
    change(world)
    with logged_in(world) as dialogue:
        assert dialogue.send(NEWS, READER).startswith(reply)
    assert world.mailboxes.count() == 0
    assert world.record.entries()[-1].outcome == reply[:3]


def test_a_mail_is_delivered_with_sess_own_headers(world: World) -> None:
    """Message-ID and Date are replaced, a Received line and a Return-Path added, the rest is byte for byte."""
    world.clock.advance(timedelta(days=3))
    content = (
        "Subject: token 42\r\nDate: Mon, 1 Jan 2001 00:00:00 +0000\r\nMessage-ID: <mine@x>\r\n folded\r\n\r\n..dot"
    )
    with logged_in(world) as dialogue:
        reply = dialogue.send(NEWS, READER, content)
    message_id = reply.removeprefix("250 Ok ")
    (message,) = world.mailboxes.messages(READER)
    assert message["Message-ID"] == f"<{message_id}@email.amazonses.com>"
    assert abs(parsedate_to_datetime(message["Date"]) - world.clock.now()) < timedelta(seconds=5)
    assert message.get_all("Message-ID") == [message["Message-ID"]]
    assert message["Subject"] == "token 42"
    assert message["Return-Path"] == f"<{message_id}@{world.scenario.mail_from}>"
    assert "from a8-31.smtp-out.amazonses.com" in message["Received"]
    assert message.get_content() == ".dot\r\n"


def test_the_record_says_which_key_sent_a_mail(world: World) -> None:
    """A test can tell through which key a mail went, which its recipient cannot."""
    with logged_in(world) as dialogue:
        dialogue.send(NEWS, READER)
    entry = world.record.entries()[-1]
    assert (entry.kind, entry.name, entry.detail, entry.outcome) == ("smtp", "DATA", first_key(world).id, "250")


def test_a_suppressed_recipient_is_accepted_and_gets_nothing(world: World) -> None:
    """SMTP gives no hint of suppression; the daily quota counts it."""
    world.ses.suppress(READER.upper(), "BOUNCE", world.clock.now())
    with logged_in(world) as dialogue:
        assert dialogue.send(NEWS, READER).startswith("250 Ok ")
    assert (world.mailboxes.count(), world.ses.sent) == (0, 1)


def test_who_registered_for_an_address_is_told(world: World) -> None:
    """A mail server gets its users' mail as it arrives, whatever the case of the address."""
    heard: list[bytes] = []
    world.mailboxes.register("Reader@Example.org", heard.append)
    with logged_in(world) as dialogue:
        dialogue.send(NEWS, READER)
    assert len(heard) == 1
    assert heard[0].startswith(b"Return-Path: <")


SIMULATOR = {
    "success": None,
    "success+label": None,
    "bounce": "Delivery Status Notification (Failure)",
    "suppressionlist": "Delivery Status Notification (Failure)",
    "complaint": "Complaint",
    "ooto": "Out of office",
}


@pytest.mark.parametrize(("name", "answer"), SIMULATOR.items(), ids=SIMULATOR.keys())
def test_the_simulator_answers_as_named(make_world: MakeWorld, name: str, answer: str | None) -> None:
    """Its addresses work in SES's sandbox, cost no quota, and send back what their name says."""
    world = make_world(Scenario(gmail=False, production=False), calm=True)
    with logged_in(world) as dialogue:
        assert dialogue.send(NEWS, f"{name}@simulator.amazonses.com").startswith("250 Ok ")
    assert [message["Subject"] for message in world.mailboxes.messages(NEWS)] == ([answer] if answer else [])
    assert world.ses.sent == 0


def test_a_simulated_bounce_is_a_delivery_report(world: World) -> None:
    """It has the three parts of RFC 3462 and names the recipient and the reason."""
    with logged_in(world) as dialogue:
        dialogue.send(NEWS, "bounce@simulator.amazonses.com", "Subject: token 42\r\n\r\nhello")
    (report,) = world.mailboxes.messages(NEWS)
    assert report.get_content_type() == "multipart/report"
    kinds = [part.get_content_type() for part in report.iter_parts()]
    assert kinds == ["text/plain", "message/delivery-status", "text/rfc822-headers"]
    text = report.as_string()
    assert "Final-Recipient: rfc822; bounce@simulator.amazonses.com" in text
    assert "550 5.1.1 user unknown" in text
    assert "token 42" in text


def test_a_temporary_failure_sends_nothing(world: World) -> None:
    """451 at the end of DATA leaves the mail with the client, and the next try succeeds."""
    world.faults.arm("smtp_451")
    with logged_in(world) as dialogue:
        assert dialogue.send(NEWS, READER) == "451 Temporary service failure"
        assert world.mailboxes.count() == 0
        assert dialogue.send(NEWS, READER).startswith("250")


def test_a_mail_can_be_accepted_and_the_reply_lost(world: World) -> None:
    """A reset after DATA leaves the client without an answer and the reader with a mail."""
    world.faults.arm("smtp_reset_after_data")
    with logged_in(world) as dialogue:
        assert dialogue.send(NEWS, READER) == "closed"
    assert len(world.mailboxes.messages(READER)) == 1


ENVELOPES = {
    "no address": ("MAIL FROM:<nobody>", "501 Invalid MAIL FROM address provided"),
    "an empty sender": ("MAIL FROM:<>", "501 Invalid MAIL FROM address provided"),
    "parameters": ("MAIL FROM:<a@b.org> SIZE=10 BODY=8BITMIME", "250 Ok"),
    "a blank after the colon": ("mail from: <a@b.org>", "250 Ok"),
    "RCPT before MAIL": ("RCPT TO:<a@b.org>", "503 Error: need MAIL command"),
    "DATA before RCPT": ("DATA", "503 Error: need RCPT command"),
}


@pytest.mark.parametrize(("line", "reply"), ENVELOPES.values(), ids=ENVELOPES.keys())
def test_envelopes_are_checked(world: World, line: str, reply: str) -> None:
    """A wrong address or a wrong order is refused at once."""
    with logged_in(world) as dialogue:
        assert dialogue.say(line) == reply


def test_an_address_of_a_subdomain_counts_under_its_verified_parent(world: World) -> None:
    """A verified domain verifies its subdomains, and nothing beside them."""
    assert world.ses.identity_for("a@deep.sub.queenofsandiego.com") is world.ses.identities["queenofsandiego.com"]
    assert world.ses.identity_for("a@notqueenofsandiego.com") is None


def test_a_dialogue_of_two_mails_is_two_mails(world: World) -> None:
    """One connection carries several mails, and each has its own id."""
    with logged_in(world) as dialogue:
        assert isinstance(dialogue, Dialogue)
        replies = {dialogue.send(NEWS, READER) for _ in range(2)}
    assert len(replies) == 2
    assert len(world.mailboxes.messages(READER)) == 2
