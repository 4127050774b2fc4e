"""SES's mailbox simulator: what comes back from bounce@, complaint@, ooto@ and suppressionlist@.

success@ (and any other name) takes the mail and says nothing.  A label after `+` is ignored, as SES does.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

SIMULATOR_DOMAIN = "simulator.amazonses.com"
REPORT = "Reporting-MTA: dns; amazonses.com\r\n\r\nFinal-Recipient: rfc822; {0}\r\nAction: failed\r\nStatus: {1}\r\nDiagnostic-Code: smtp; {2}\r\n"
UNKNOWN_USER = ("5.1.1", "550 5.1.1 user unknown")
SUPPRESSED = ("5.1.1", "Amazon SES has suppressed sending to this address because it has a recent history of bouncing "
              "as an invalid address.")  # fmt: skip


def answer_of(recipient: str, sender: str, raw: bytes, now: datetime) -> bytes | None:
    """The mail that the simulated recipient, or SES in its name, sends back; None for none."""
    name = recipient.partition("@")[0].partition("+")[0].lower()
    if name in ("bounce", "suppressionlist"):
        message = _bounce(recipient, raw, *(UNKNOWN_USER if name == "bounce" else SUPPRESSED))
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


def _bounce(recipient: str, raw: bytes, status: str, diagnostic: str) -> EmailMessage:
    message = _plain("MAILER-DAEMON@amazonses.com", "Delivery Status Notification (Failure)", "")
    message.set_content(
        f"An error occurred while trying to deliver the mail to the following recipients:\n{recipient}\n"
    )
    message.make_mixed()
    message.set_param("report-type", "delivery-status")
    report = REPORT.format(recipient, status, diagnostic)
    message.add_attachment(report.encode(), maintype="message", subtype="x-delivery-status")
    _last(message).replace_header("Content-Type", "message/delivery-status")
    message.add_attachment(raw.partition(b"\r\n\r\n")[0], maintype="text", subtype="x-headers")
    _last(message).replace_header("Content-Type", "text/rfc822-headers")
    message.replace_header("Content-Type", str(message["Content-Type"]).replace("multipart/mixed", "multipart/report"))
    return message


def _plain(sender: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, subject
    message.set_content(text)
    return message


def _last(message: EmailMessage) -> EmailMessage:
    part = list(message.iter_parts())[-1]
    assert isinstance(part, EmailMessage)
    return part
