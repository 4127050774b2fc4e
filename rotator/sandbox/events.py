"""What SES publishes of a mail's fate to a topic, in its own JSON: Send, then Delivery or Bounce.

Shapes: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html.  Not modelled:
Complaint, DeliveryDelay, Open, Click; configuration sets (one topic for all mail of the region).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import getaddresses
from typing import Any

SUBJECT = "Amazon SES Email Event Notification"
SUPPRESSED = (
    "Amazon SES did not send the message to this address because it is on the suppression list for your account. For "
    "more information about removing addresses from the suppression list, see the Amazon SES Developer Guide."
)


class Events:
    """One region's events.  `topic`: the ARN that they go to; None publishes nothing."""

    def __init__(self, tell: Callable[[str, str, str], None], now: Callable[[], datetime]) -> None:
        self._tell, self._now = tell, now
        self.topic: str | None = None

    def sent(self, sender: str, recipients: tuple[str, ...], raw: bytes, message_id: str) -> None:
        """SES took the mail."""
        self._publish("Send", _mail(sender, recipients, raw, message_id, self._stamp()), {"send": {}})

    def delivered(self, sender: str, recipient: str, raw: bytes, message_id: str) -> None:
        """The recipient's server took it."""
        host = f"mx.{recipient.rpartition('@')[2]}"
        part = {
            "timestamp": self._stamp(),
            "processingTimeMillis": 700,
            "recipients": [recipient],
            "smtpResponse": f"250 2.0.0 OK {message_id[:16]} - gsmtp",
            "remoteMtaIp": "127.0.0.1",
            "reportingMTA": host,
        }
        mail = _mail(sender, (recipient,), raw, message_id, self._stamp())
        self._publish("Delivery", mail, {"delivery": part})

    def bounced(self, sender: str, recipient: str, raw: bytes, message_id: str, kind: str, diagnostic: str) -> None:
        """It came back for good, or was not sent at all; `kind` is the bounceSubType."""
        bounced = {"emailAddress": recipient, "action": "failed", "status": "5.1.1", "diagnosticCode": diagnostic}
        part = {
            "feedbackId": f"{message_id}-feedback",
            "bounceType": "Permanent",
            "bounceSubType": kind,
            "bouncedRecipients": [bounced],
            "timestamp": self._stamp(),
        }
        mail = _mail(sender, (recipient,), raw, message_id, self._stamp())
        self._publish("Bounce", mail, {"bounce": part})

    def _publish(self, kind: str, mail: dict[str, Any], part: dict[str, Any]) -> None:
        if self.topic is not None:
            self._tell(self.topic, SUBJECT, json.dumps({"eventType": kind, "mail": mail, **part}))

    def _stamp(self) -> str:
        return f"{self._now():%Y-%m-%dT%H:%M:%S}.000Z"


def _mail(sender: str, recipients: tuple[str, ...], raw: bytes, message_id: str, at: str) -> dict[str, Any]:
    """The part that every event has: the mail's headers as they were given to SES."""
    message = message_from_bytes(raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", policy=policy.default)
    authors = [address for _, address in getaddresses([str(one) for one in message.get_all("From", [])])]
    return {
        "timestamp": at,
        "source": sender,
        "messageId": message_id,
        "destination": list(recipients),
        "headersTruncated": False,
        "headers": [{"name": name, "value": str(value)} for name, value in message.items()],
        "commonHeaders": {
            "from": authors,
            "to": [str(one) for one in message.get_all("To", [])],
            "messageId": message_id,
            "subject": str(message.get("Subject", "")),
        },
    }
