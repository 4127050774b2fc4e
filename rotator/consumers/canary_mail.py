"""The canary as a mail: its token in Subject and an own header, because SES replaces Message-ID and Date."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from rotator.core.mail.bounce import CANARY_HEADER
from rotator.core.ports import Canary


def canary_mail(canary: Canary, sender: str, rcpt: str) -> bytes:
    """The whole message, CRLF line ends.  Raises ValueError for an address or a token with line ends."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, rcpt
    mail["Subject"] = canary.subject if canary.token in canary.subject else f"{canary.subject} {canary.token}"
    mail[CANARY_HEADER] = canary.token
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation reply, please
    mail.set_content(canary.body)
    return mail.as_bytes()
