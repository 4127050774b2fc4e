"""Audit mails as SES tells of them: events by way of an SNS topic in an SQS queue.

Shapes: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html (feedback notifications, with
`notificationType`) and .../event-publishing-retrieving-sns-contents.html (`eventType`).  The queue should be the
audit's own; what is not about an audit mail is left in it, and comes back after the visibility time.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from rotator.core.foreign_text import one_line
from rotator.core.mail.arrivals import Bounced, Delivered, Sighting
from rotator.core.mail.bounce import CANARY_HEADER
from rotator.core.ports import Deadline
from rotator.services.aws import AwsSession

AT_ONCE = 10  # the most that ReceiveMessage gives
BATCHES = 20  # for one look
HIDDEN_S = 900  # nobody is shown a message twice within one audit
SUBJECT = "rotator audit "
LONGEST_DETAIL = 300
NOT_SENT = {"Reject": "reason", "Rendering Failure": "errorMessage"}  # SES took the mail and did not send it


class EventQueue:
    """Implements `rotator.core.mail.arrivals.Arrivals` over one queue, with or without raw message delivery."""

    def __init__(self, *, session: AwsSession, url: str, region: str) -> None:
        """Nothing is asked before the first look."""
        self._session, self._url, self._region = session, url, region
        self._found: dict[str, Sighting] = {}

    def look(self, tokens: Collection[str], deadline: Deadline) -> Mapping[str, Sighting]:
        """Take in what the queue shows now.  Raises AccessError, RemoteFault."""
        for _ in range(BATCHES):
            messages = self._receive()
            for message in messages:
                self._take(message, tokens)
            if len(messages) < AT_ONCE or deadline.over:
                break
        return {token: self._found[token] for token in tokens if token in self._found}

    def _receive(self) -> list[dict[str, Any]]:
        client = self._session.client("sqs", self._region)
        reply: dict[str, Any] = self._session.read(
            "ReceiveMessage",
            lambda: client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=AT_ONCE, VisibilityTimeout=HIDDEN_S, WaitTimeSeconds=0
            ),
        )
        return list(reply.get("Messages", []))

    def _take(self, message: dict[str, Any], tokens: Collection[str]) -> None:
        token, sighting = read_event(str(message.get("Body", "")))
        if token not in tokens:
            return
        if sighting is not None:
            self._found.setdefault(token, sighting)
        client = self._session.client("sqs", self._region)
        self._session.read(
            "DeleteMessage",
            lambda: client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]),
        )


def read_event(body: str) -> tuple[str, Sighting | None]:
    """The audit's token in one queue message, and what it says; "" and None for whatever is no event of ours."""
    event = _event(body)
    mail = event.get("mail")
    if not isinstance(mail, dict):
        return "", None
    token = _token(mail)
    return token, _sighting(event, mail) if token else None


def _event(body: str) -> dict[str, Any]:
    """SES's JSON, out of SNS's envelope if there is one."""
    try:
        outer = json.loads(body)
        inner = json.loads(outer["Message"]) if isinstance(outer, dict) and "Message" in outer else outer
    except (ValueError, TypeError, RecursionError):
        return {}
    return _object(inner)


def _object(found: object) -> dict[str, Any]:
    """A part of the event; empty for one that is not as SES writes it: whoever may send to the queue wrote it."""
    return found if isinstance(found, dict) else {}


def _rows(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _token(mail: dict[str, Any]) -> str:
    """From the mail's own header if the events carry headers, else from its subject."""
    for header in map(_object, _rows(mail.get("headers"))):
        if str(header.get("name", "")).lower() == CANARY_HEADER.lower():
            return str(header.get("value", "")).strip()
    subject = str(_object(mail.get("commonHeaders")).get("subject", ""))
    return subject.removeprefix(SUBJECT).strip() if subject.startswith(SUBJECT) else ""


def _sighting(event: dict[str, Any], mail: dict[str, Any]) -> Sighting | None:
    """What the event says of the mail's fate; None for Send, Open, DeliveryDelay: nothing is decided by them."""
    kind = str(event.get("eventType") or event.get("notificationType") or "")
    if kind == "Delivery":
        said = _one_line(_object(event.get("delivery")).get("smtpResponse", ""))
        return Delivered(_author(mail), f"delivered, says SES: {said}")
    if kind == "Bounce":
        return Bounced(_why(_object(event.get("bounce"))))
    if kind in NOT_SENT:
        part = _object(event.get("reject")) or _object(event.get("failure"))
        return Bounced(_one_line(f"SES did not send it: {part.get(NOT_SENT[kind], '')}"))
    return None


def _author(mail: dict[str, Any]) -> str:
    from email.utils import getaddresses

    written = getaddresses([str(one) for one in _rows(_object(mail.get("commonHeaders")).get("from"))])
    return written[0][1] if written else str(mail.get("source", ""))


def _why(bounce: dict[str, Any]) -> str:
    kinds = f"{bounce.get('bounceType', '?')}, {bounce.get('bounceSubType', '?')}"
    said = [str(one.get("diagnosticCode", "")) for one in map(_object, _rows(bounce.get("bouncedRecipients")))]
    return _one_line(f"{kinds}: {'; '.join(filter(None, said)) or 'no words'}")


def _one_line(text: object) -> str:
    return one_line(str(text))[:LONGEST_DETAIL]
