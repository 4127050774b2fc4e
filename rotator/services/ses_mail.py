"""Notices by mail through SES's API, with the program's own rights: for when the SMTP credential cannot be used.

Wire facts: botocore 1.44.5 `sesv2` model (SendEmail, Content.Simple with Headers).
"""

from __future__ import annotations

from rotator.core.foreign_text import without_addresses
from rotator.core.notice import Notice
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls


class SesMail:
    """Implements `core.notice.Notifier`: one sender, one recipient, one region."""

    channel = "mail"

    def __init__(self, *, session: AwsSession, region: str, sender: str, recipient: str) -> None:
        """`sender` is an address of a verified identity of this account and region."""
        self._sender, self._recipient = sender, recipient
        self._calls = AwsCalls(session, "sesv2", region)

    def send(self, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """One SendEmail; SES's texts quote addresses, which do not come back."""
        answer = self._calls.write(
            "send_email", deadline,
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [self._recipient]},
            Content={"Simple": {
                "Subject": {"Data": notice.subject, "Charset": "UTF-8"},
                "Body": {"Text": {"Data": notice.text, "Charset": "UTF-8"}},
                "Headers": [  # RFC 3834: so that nobody's holiday reply comes back
                    {"Name": "Auto-Submitted", "Value": "auto-generated"},
                    {"Name": "X-Rotator-Notice", "Value": notice.id},
                ],
            }},
        )  # fmt: skip
        return told(answer)


def told(answer: dict[str, object] | Refused | Unknown) -> Acknowledged | Refused | Unknown:
    """The answer as the journal may keep it."""
    if isinstance(answer, Refused):
        return Refused(without_addresses(answer.detail), answer.fix, answer.id)
    if isinstance(answer, Unknown):
        return Unknown(without_addresses(answer.detail))
    return Acknowledged(str(answer.get("MessageId", "")))
