"""The mail by which Gmail says that a mail through an alias was refused.

All samples here are synthetic: no delivery status notification from a relay at email-smtp.*.amazonaws.com is public.
Their build (part tree, headers, link, wording) follows public ones from other relays.
"""

from __future__ import annotations

import base64
import quopri
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Literal, get_args

from rotator.sandbox.gmail import mime

Variant = Literal["empty", "filled", "inline", "older", "localised", "sibling", "ordinary", "delay"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

LINK = "https://support.google.com/mail/?p=CustomFromDenied"
OTHER_LINK = "https://support.google.com/mail/?p=NoSuchUser"
ALIAS = "You're sending this from a different address or alias using the 'Send mail as' feature."
OLDER = "You're sending this from a different address using the 'Send mail as' feature."
SIBLING = "You're sending this from another Google account using the 'Send mail as' feature."
SETTINGS = "The settings for your 'Send mail as' account are misconfigured or out of date."
RESEND = "Check those settings and try resending."
DUTCH = (
    "** Bericht niet bezorgd **\n\nJe verzendt dit bericht vanaf een ander adres of een alias met de functie 'Mail "
    "sturen als'. De instellingen voor je account zijn onjuist of verouderd. Controleer deze instellingen en probeer "
    f"het opnieuw.\n\nMeer informatie: {LINK}\nDit is het antwoord (bevat één code):\n\n{{reply}}\n"
)
NOT_DELIVERED = "** Message not delivered **\n\n"
TEXTS: dict[Variant, str] = {
    "empty": f"{NOT_DELIVERED}{ALIAS} {SETTINGS} {RESEND}\n\nLearn more here: {LINK}\nThe response was:\n\n{{reply}}\n",
    "filled": f"{NOT_DELIVERED}{ALIAS} {SETTINGS} {RESEND}\n\nLearn more here: {LINK}\n"
    "The response from the remote server was:\n\n{reply}\n",
    "inline": f"{NOT_DELIVERED}{ALIAS} {SETTINGS} The response from the remote server was: {{reply}}\n\n"
    f"Learn more here: {LINK}\n",
    "older": f"{NOT_DELIVERED}{OLDER} {SETTINGS} {RESEND}\n\nLearn more here: {LINK}\nThe response was:\n\n{{reply}}\n",
    "localised": DUTCH,
    "sibling": f"{NOT_DELIVERED}{SIBLING} {SETTINGS} {RESEND}\n\nLearn more here: {LINK}\nThe response was:\n\n"
    "534-5.7.14 Please log in with your web browser and then try again.\n534 5.7.14 x1sm123 - gsmtp\n",
    "ordinary": "** Address not found **\n\nYour message wasn't delivered because the address couldn't be found, or is "
    f"unable to receive mail.\n\nLearn more here: {OTHER_LINK}\nThe response from the remote server was:\n\n"
    "550 5.1.1 The email account that you tried to reach does not exist.\n",
    "delay": "** Delivery incomplete **\n\nThere was a temporary problem delivering your message. Gmail will retry for "
    "47 more hours. You'll be notified if the delivery fails permanently.\nThe response was:\n\n{reply}\n",
}
ENCODINGS: dict[Variant, str] = {"filled": "quoted-printable", "localised": "base64"}
ICON = (
    "Content-Type: image/png; name=icon.png\nContent-Transfer-Encoding: base64\nContent-ID: <icon.png>\n\n"
    + base64.encodebytes(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
)


@dataclass(frozen=True, slots=True)
class Bounced:
    """A mail that could not be sent: to whom, what the relay said, and the mail itself."""

    mailbox: str
    recipients: list[str]
    reply: str
    relay_host: str
    original: bytes
    at: datetime


def build(bounced: Bounced, variant: Variant, serial: str) -> bytes:
    """The notification, as it lies in INBOX: with Google's own Authentication-Results."""
    outer, related, alternative = (f"0000000000{serial}{n}" for n in range(3))
    text = TEXTS[variant].format(reply=bounced.reply) if "{reply}" in TEXTS[variant] else TEXTS[variant]
    bodies = [_text("plain", text, variant), _text("html", _html(text), variant)]
    readable = _multipart("alternative", alternative, bodies)
    parts = [
        _multipart("related", related, [readable, ICON]),
        f"Content-Type: message/delivery-status\n\n{_status(bounced, variant)}",
        f"Content-Type: message/rfc822\n\n{_cut(bounced.original)}",
    ]
    report = _multipart('report; report-type="delivery-status"', outer, parts)
    return f"{_headers(bounced, variant, serial)}{report}".replace("\n", "\r\n").encode()


def _headers(bounced: Bounced, variant: Variant, serial: str) -> str:
    original_id = mime.parse(bounced.original).value("Message-ID")
    authority = "mx.google.com; dkim=pass header.i=@googlemail.com header.s=20251104; spf=pass smtp.helo=mail-sandbox"
    date = format_datetime(bounced.at.replace(microsecond=0))
    return (
        f"Delivered-To: {bounced.mailbox}\n"
        f"Return-Path: <>\n"
        f"Authentication-Results: {authority}.google.com; dmarc=pass (p=QUARANTINE) header.from=googlemail.com\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=googlemail.com; s=20251104; bh=c2FuZA==; b=c2FuZA==\n"
        f"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n"
        f"To: {bounced.mailbox}\n"
        f"Auto-Submitted: auto-replied\n"
        f"Subject: Delivery Status Notification ({'Delay' if variant == 'delay' else 'Failure'})\n"
        f"References: {original_id}\n"
        f"In-Reply-To: {original_id}\n"
        f"X-Failed-Recipients: {', '.join(bounced.recipients)}\n"
        f"Message-ID: <{serial}.sandbox@mx.google.com>\n"
        f"Date: {date}\n"
        f"MIME-Version: 1.0\n"
    )


def _status(bounced: Bounced, variant: Variant) -> str:
    if variant not in ("filled", "ordinary", "delay"):
        return ""
    reply = bounced.reply.replace("\n", "\n ")
    code = "5.7.8" if bounced.reply.startswith("535") else f"{bounced.reply[:1]}.0.0"
    reply, code = ("550 5.1.1 No such user", "5.1.1") if variant == "ordinary" else (reply, code)
    return (
        "Reporting-MTA: dns; googlemail.com\n"
        f"Arrival-Date: {format_datetime(bounced.at)}\n"
        f"X-Original-Message-ID: {mime.parse(bounced.original).value('Message-ID')}\n\n"
        f"Final-Recipient: rfc822; {bounced.recipients[0]}\n"
        f"Action: {'delayed' if variant == 'delay' else 'failed'}\n"
        f"Status: {code}\n"
        f"Remote-MTA: dns; {bounced.relay_host}. (192.0.2.1, the server for the domain.)\n"
        f"Diagnostic-Code: smtp; {reply}\n"
    )


def _cut(original: bytes) -> str:
    mail = mime.parse(original)
    mail.body = b"----- Message truncated -----\r\n"
    return mail.render().decode("utf-8", "replace").replace("\r\n", "\n")


def _html(text: str) -> str:
    linked = escape(text, quote=False)
    for link in (LINK, OTHER_LINK):
        linked = linked.replace(link, f'<a href="{link}">{link}</a>')
    return "<html><body><p>" + linked.replace("\n\n", "</p><p>").replace("\n", "<br/>\n") + "</p></body></html>\n"


def _text(subtype: str, text: str, variant: Variant) -> str:
    encoding = ENCODINGS.get(variant, "8bit")
    head = f'Content-Type: text/{subtype}; charset="UTF-8"\nContent-Transfer-Encoding: {encoding}\n\n'
    if encoding == "base64":
        return head + base64.encodebytes(text.encode()).decode()
    return head + (quopri.encodestring(text.encode()).decode() if encoding == "quoted-printable" else text)


def _multipart(kind: str, boundary: str, parts: list[str]) -> str:
    inside = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inside}--{boundary}--\n'
