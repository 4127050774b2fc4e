"""SES's mailbox simulator: what comes back from bounce@, complaint@, ooto@ and suppressionlist@.

success@ (and any other name) takes the mail and says nothing.  A label after `+` is ignored, as SES does.
"""

from __future__ import annotations

from datetime import datetime
from email import message_from_string, policy
from email.message import EmailMessage
from email.utils import format_datetime

SIMULATOR_DOMAIN = "simulator.amazonses.com"
REPORT = (
    "Reporting-MTA: dns; amazonses.com\r\n\r\n"
    "Final-Recipient: rfc822; {0}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; {1}\r\n"
)
DIAGNOSTICS = {
    "bounce": "550 5.1.1 user unknown",
    "suppressionlist": "Amazon SES has suppressed sending to this address because it has a recent history of bouncing "
    "as an invalid address.",
}


def diagnostic_of(recipient: str) -> str:
    """Why a simulated recipient's server refused; empty for one that took the mail, and for every real address."""
    local, _, domain = recipient.lower().partition("@")
    return DIAGNOSTICS.get(local.partition("+")[0], "") if domain == SIMULATOR_DOMAIN else ""


def answer_of(recipient: str, sender: str, raw: bytes, now: datetime) -> bytes | None:
    """The mail that the simulated recipient, or SES in its name, sends back; None for none."""
    name = recipient.partition("@")[0].partition("+")[0].lower()
    if name in DIAGNOSTICS:
        message = _bounce(recipient, raw, DIAGNOSTICS[name])
    elif name == "complaint":
        message = _plain(
            "complaints@amazonses.com", "Complaint", "This is an email abuse report for a simulated complaint."
        )
    elif name == "ooto":
        message = _plain(recipient, "Out of office", "I am out of the office.")
        message["Auto-Submitted"] = "auto-replied"
    else:
        return None
    message["To"] = sender
    message["Date"] = format_datetime(now.replace(microsecond=0))
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _bounce(recipient: str, raw: bytes, diagnostic: str) -> EmailMessage:
    """A multipart/report; its parts are put together by hand, since `email` has no builder for it (RFC 3462)."""
    message = EmailMessage()
    message["From"], message["Subject"] = "MAILER-DAEMON@amazonses.com", "Delivery Status Notification (Failure)"
    message["Content-Type"] = 'multipart/report; report-type="delivery-status"'
    text = f"An error occurred while trying to deliver the mail to the following recipients:\r\n{recipient}\r\n"
    head = raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    parts = {"text/plain": text, "message/delivery-status": REPORT.format(recipient, diagnostic)}
    for kind, content in (parts | {"text/rfc822-headers": head}).items():
        part = message_from_string(f"Content-Type: {kind}\n\n{content}", policy=policy.SMTP)
        message.attach(part)
    return message


def _plain(sender: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, subject
    message.set_content(text)
    return message
