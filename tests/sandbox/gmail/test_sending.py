"""Mail leaves through the relay that is stored, and a refusal comes back as a mail, as Gmail does it."""

from __future__ import annotations

import email
from dataclasses import replace
from email.message import Message
from typing import Any

import pytest

from rotator.core.mail.bounce import Verdict, read_bounce
from rotator.sandbox.gmail import VARIANTS, PasteRefused
from rotator.sandbox.smtp_server import SmtpServer
from tests.sandbox.clients import first_key
from tests.sandbox.gmail.conftest import MakeOffice
from tests.sandbox.gmail.office import (
    ADMIN,
    COLLEAGUE,
    JADA,
    NEWS,
    OPS,
    PASSWORD_TYPED_WRONG,
    Office,
    inbox,
    mail,
    patch,
    raw,
    refused,
    send,
)
from tests.sandbox.gmail.relays import Relay


def bounced(office: Office, users: Any) -> bytes:
    """The notification that has come, raw."""
    office.wait(4)
    found = users.messages().list(userId="me", labelIds=["INBOX"], q="from:mailer-daemon").execute()
    return raw(users, found["messages"][0]["id"])


def text_of(notification: bytes) -> str:
    """Its text/plain part."""
    parts = email.message_from_bytes(notification).walk()
    part = next(part for part in parts if part.get_content_type() == "text/plain")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def test_a_mail_through_an_alias_goes_through_its_relay(office: Office) -> None:
    """It arrives with the alias as From, SES's own Message-ID, and Gmail's beside it."""
    users = office.delegated()
    sent = send(users, f"News <{NEWS}>", OPS, "canary 17", X_Rotator_Canary="17", Bcc=COLLEAGUE)
    arrived = inbox(users, "subject:canary")[0]
    ours = email.message_from_bytes(raw(users, sent["id"]))
    assert office.logins() == ["235"]
    assert sent["labelIds"] == ["SENT"]
    assert (arrived["From"], arrived["X-Rotator-Canary"], arrived["Bcc"]) == (f"News <{NEWS}>", "17", None)
    assert arrived["Message-ID"].endswith("amazonses.com>")
    assert arrived["X-Gmail-Original-Message-ID"] == ours["Message-ID"]
    assert ours["Message-ID"].endswith("@mail.gmail.com>")
    assert len(office.world.mailboxes.messages(COLLEAGUE)) == 1


def test_the_answer_says_nothing_about_the_relay(office: Office) -> None:
    """A refused login changes nothing in the answer of the send."""
    office.set_up(OPS, NEWS, password=PASSWORD_TYPED_WRONG)
    assert set(send(office.delegated(), NEWS, OPS)) == {"id", "threadId", "labelIds"}
    assert office.logins() == ["535"]


SUBSTITUTED = {
    "an address that is no alias": "stranger@brand.example",
    "an alias that waits for its owner": NEWS,
    "no From at all": "",
}


@pytest.mark.parametrize("case", SUBSTITUTED)
def test_a_from_that_cannot_be_used_is_silently_replaced(office: Office, case: str) -> None:
    """The mail leaves as the default address, past the relay, and the answer is 200: a canary could be fooled."""
    office.gmail.set_status(OPS, NEWS, "pending")
    users = office.delegated()
    send(users, SUBSTITUTED[case], COLLEAGUE, "canary")
    arrived = inbox(office.delegated(COLLEAGUE))[0]
    assert arrived["From"] == OPS
    assert office.logins() == []
    assert "dkim=pass header.i=@queenofsandiego.com" in arrived["Authentication-Results"]


def test_a_mail_to_oneself_without_a_relay_is_one_message(office: Office) -> None:
    """Gmail knows its own Message-ID again: the sent mail is in INBOX too, not a second one."""
    sent = send(office.delegated(), OPS, OPS)
    assert sent["labelIds"] == ["SENT", "INBOX", "UNREAD"]
    assert office.delegated().getProfile(userId="me").execute()["messagesTotal"] == 1


def test_a_refused_login_comes_back_as_a_notification_in_the_same_thread(office: Office) -> None:
    """After a moment, from Google's daemon, signed, with the server's reply in the text and the original inside."""
    office.set_up(OPS, NEWS, password=PASSWORD_TYPED_WRONG)
    users = office.delegated()
    sent = send(users, NEWS, COLLEAGUE, "canary", X_Rotator_Canary="token-17")
    assert inbox(users) == []
    notification = bounced(office, users)
    parsed = email.message_from_bytes(notification)
    listed = users.messages().list(userId="me", labelIds=["INBOX"]).execute()["messages"]
    original = email.message_from_bytes(raw(users, sent["id"]))
    assert [row["threadId"] for row in listed] == [sent["threadId"]]
    assert parsed["From"] == "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"
    assert parsed["X-Failed-Recipients"] == COLLEAGUE
    assert parsed["In-Reply-To"] == original["Message-ID"]
    assert "https://support.google.com/mail/?p=CustomFromDenied" in text_of(notification)
    assert "The response was:\n\n535 Authentication Credentials Invalid\n" in text_of(notification)
    assert embedded(parsed)["X-Gmail-Original-Message-ID"] == original["Message-ID"]
    assert status_groups(parsed) == [{}]


def embedded(notification: Message) -> Message:
    """The original in the notification."""
    part = next(part for part in notification.walk() if part.get_content_type() == "message/rfc822")
    inner = part.get_payload(0)
    assert isinstance(inner, Message)
    return inner


def status_groups(notification: Message) -> list[dict[str, str]]:
    """The header groups of the delivery status."""
    part = next(part for part in notification.walk() if part.get_content_type() == "message/delivery-status")
    return [dict(group.items()) for group in part.get_payload() if isinstance(group, Message)]


VERDICTS = {
    "empty": Verdict.LOGIN,
    "filled": Verdict.LOGIN,
    "inline": Verdict.LOGIN,
    "older": Verdict.LOGIN,
    "localised": Verdict.LOGIN,
    "sibling": Verdict.UNCLASSIFIED,
    "ordinary": Verdict.RECIPIENT,
    "delay": Verdict.NONE,
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_form_of_the_notification_is_read_for_what_it_is(office: Office, variant: Any) -> None:
    """The parser was written from public bounces, not from these: it must still see who refused, and no forgery."""
    office.gmail.dsn_variant = variant
    office.set_up(OPS, NEWS, password=PASSWORD_TYPED_WRONG)
    users = office.delegated()
    send(users, NEWS, COLLEAGUE, X_Rotator_Canary="token-17")
    found = read_bounce(bounced(office, users))
    assert found.verdict == VERDICTS[variant]
    if variant != "delay":
        assert (found.authentic, found.canary) == (True, "token-17")


def test_a_filled_delivery_status_has_its_fields(office: Office) -> None:
    """The other public layout names the relay, the code and the reply in message/delivery-status."""
    office.gmail.dsn_variant = "filled"
    office.set_up(OPS, NEWS, password=PASSWORD_TYPED_WRONG)
    users = office.delegated()
    send(users, NEWS, COLLEAGUE)
    message, recipient = status_groups(email.message_from_bytes(bounced(office, users)))
    assert message["Reporting-MTA"] == "dns; googlemail.com"
    assert recipient["Diagnostic-Code"] == "smtp; 535 Authentication Credentials Invalid"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.7.8")


REFUSALS = {
    "a content rule in the same wrapper": (
        {"DATA.": "550 Missing subject field."},
        "550 Missing subject field.",
        "content",
    ),
    "a recipient": ({"RCPT": "550 5.1.1 unknown"}, "550 5.1.1 unknown", None),
    "a relay that wants another login": ({"AUTH": "534 5.7.9 web login required"}, "534 5.7.9", "login"),
    "a relay without AUTH": ({"EHLO": "250 relay.example"}, "Unspecified Error (ENHANCED_AUTH_NOT_OFFERED)", "setup"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_any_refusal_by_the_relay_wears_the_same_words(office: Office, case: str) -> None:
    """Only the quoted reply tells a wrong password from anything else."""
    replies, words, verdict = REFUSALS[case]
    users = office.delegated()
    with Relay(office.world.authority.for_loopback().server_context(), **replies) as relay:
        office.set_up(OPS, NEWS, port=relay.port, securityMode="ssl")
        send(users, NEWS, COLLEAGUE)
    notification = bounced(office, users)
    assert "misconfigured or out of date" in text_of(notification)
    assert words in text_of(notification)
    assert verdict is None or read_bounce(notification).verdict == verdict


@pytest.mark.parametrize("certificate", ["wrong_host", "unknown_ca"])
def test_a_certificate_that_cannot_be_checked_ends_the_conversation(office: Office, certificate: str) -> None:
    """Gmail wants a signed certificate with the right name before it says a password."""
    wrong = getattr(office.world.authority, certificate)().server_context()
    relay = SmtpServer(replace(office.world.smtp._endpoint, tls=wrong), office.world.smtp.fronts)
    relay.start()
    try:
        for port, security in ((relay.port, "starttls"), (relay.tls_port, "ssl")):
            office.set_up(OPS, NEWS, port=port, securityMode=security)
            users = office.delegated()
            send(users, NEWS, COLLEAGUE)
            notification = bounced(office, users)
            assert "TLS Negotiation failed, the certificate doesn't match the host." in text_of(notification)
            assert read_bounce(notification).verdict == Verdict.TRANSPORT
    finally:
        relay.stop()
    assert office.logins() == []


def test_a_refusal_for_now_is_tried_again_and_no_notification_comes(office: Office) -> None:
    """After a 4xx Gmail waits and tries again, with the password that is stored then."""
    users = office.delegated()
    office.world.faults.arm("smtp_451")
    send(users, NEWS, OPS, "canary")
    office.wait(60)
    assert inbox(users) == []
    office.wait(900)
    assert [message["Subject"] for message in inbox(users)] == ["canary"]


def test_a_relay_that_cannot_be_reached_is_given_up_after_days(office: Office) -> None:
    """No connection is a reason to wait; after three days the notification comes."""
    users = office.delegated()
    with Relay(office.world.authority.for_loopback().server_context()) as gone:
        office.set_up(OPS, NEWS, port=gone.port, securityMode="ssl")
    send(users, NEWS, COLLEAGUE)
    office.wait(3600)
    assert inbox(users) == []
    office.wait(3 * 86400)
    assert inbox(users) == []  # the last try has just failed
    assert read_bounce(bounced(office, users)).verdict == Verdict.UNCLASSIFIED


def test_after_a_new_password_the_next_mail_uses_it(office: Office) -> None:
    """The relay logs in with what is stored when the mail is sent."""
    office.set_up(OPS, NEWS, password=PASSWORD_TYPED_WRONG)
    users = office.delegated()
    send(users, NEWS, COLLEAGUE)
    patch(users, NEWS, smtpMsa=office.msa())
    send(users, NEWS, COLLEAGUE)
    assert office.logins() == ["535", "235"]


def test_an_inactive_key_is_refused_with_ses_s_own_words(office: Office) -> None:
    """The whole way: the key is switched off in IAM, the alias's mail bounces with 535."""
    key = first_key(office.world)
    office.world.keys.set_status(key.user, key.id, "Inactive")
    users = office.personal()
    send(users, ADMIN, JADA)
    found = read_bounce(bounced(office, users))
    assert (found.verdict, found.reply) == (Verdict.LOGIN, "535 Authentication Credentials Invalid")


def test_a_person_pastes_a_password_and_the_dialog_tries_it(office: Office) -> None:
    """The settings page logs in first: a wrong password is not saved, and the message does not repeat it."""
    key, port = first_key(office.world), office.world.smtp.port
    good = office.world.password_of(key)
    office.set_up(JADA, ADMIN, password="of-the-old-key")
    with pytest.raises(PasteRefused, match="^535 Authentication Credentials Invalid$"):
        office.gmail.paste(JADA, ADMIN, key.id, PASSWORD_TYPED_WRONG, "127.0.0.1", port, "starttls")
    before = office.gmail.stored(JADA, ADMIN)
    office.gmail.paste(JADA, ADMIN, key.id, good, "127.0.0.1", port, "starttls")
    after = office.gmail.stored(JADA, ADMIN)
    assert before is not None
    assert after is not None
    assert (before.password, after.password) == ("of-the-old-key", good)


def test_a_thread_can_be_named_or_is_found_by_the_answer(office: Office) -> None:
    """ThreadId puts a mail into a thread, so does In-Reply-To; an unknown thread is 404."""
    users = office.delegated()
    first = send(users, OPS, COLLEAGUE)
    message_id = str(email.message_from_bytes(raw(users, first["id"]))["Message-ID"])
    answer = send(users, OPS, COLLEAGUE, In_Reply_To=message_id)
    named = users.messages().send(userId="me", body=mail(OPS, COLLEAGUE) | {"threadId": first["threadId"]}).execute()
    assert answer["threadId"] == named["threadId"] == first["threadId"]
    unknown = users.messages().send(userId="me", body=mail(OPS, COLLEAGUE) | {"threadId": "0"})
    assert refused(unknown)[:2] == (404, "notFound")


UNSENDABLE = {
    "nothing": ({}, "'raw' RFC822 payload message string"),
    "nobody to send it to": (mail(OPS, ""), "Recipient address required"),
    "no base64": ({"raw": "***"}, "Base64 decoding failed"),
    "plain base64 with its plus and slash": ({"raw": "+/+/"}, "Base64 decoding failed"),
}


@pytest.mark.parametrize("case", UNSENDABLE)
def test_what_cannot_be_sent_is_refused_at_once(counter: Office, case: str) -> None:
    """These are the only refusals that the sender hears about in the answer."""
    body, words = UNSENDABLE[case]
    status, reason, message = refused(counter.delegated().messages().send(userId="me", body=body))
    assert (status, reason) == (400, "invalidArgument")
    assert words in message


def test_a_forged_notification_is_not_vouched_for(office: Office) -> None:
    """Mail that claims to come from Google's daemon gets the results of the checks it fails."""
    forged = (
        b"Authentication-Results: mx.google.com; dkim=pass header.i=@googlemail.com; dmarc=pass header.from="
        b"googlemail.com\r\nDKIM-Signature: v=1; d=googlemail.com; s=x\r\n"
        b"From: mailer-daemon@googlemail.com\r\nSubject: x\r\n\r\nhttps://x/?p=CustomFromDenied 535 no\r\n"
    )
    office.world.mailboxes.deliver(OPS, forged)
    arrived = inbox(office.delegated())[0]
    assert arrived.get_all("Authentication-Results") == [
        "mx.google.com; dkim=fail; spf=none; dmarc=fail header.from=googlemail.com"
    ]


def test_the_notification_may_take_longer(make_office: MakeOffice) -> None:
    """How soon it comes is a setting; before that there is no sign of it."""
    office = make_office(dsn_delay_s=120)
    office.set_up(OPS, NEWS, password=PASSWORD_TYPED_WRONG)
    send(office.delegated(), NEWS, COLLEAGUE)
    office.wait(110)
    assert office.gmail.inbox(OPS) == []
    office.wait(11)
    assert len(office.gmail.inbox(OPS)) == 1
