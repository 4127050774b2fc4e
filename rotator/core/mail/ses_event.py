"""A bounce as SES tells it to a program: the JSON of a notification or an event, bare or as SNS wraps it.

Shapes: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LISTS = {  # bounceSubType -> the words of SES about that list
    "OnAccountSuppressionList": "is on the suppression list for your account",
    "OnTenantSuppressionList": "is on the suppression list for your tenant",
    "Suppressed": "has a recent history of bouncing",
}


@dataclass(frozen=True, slots=True)
class SesEvent:
    """One Bounce.  `list_name` is the reason in SES's words if a suppression list was it; else ""."""

    list_name: str
    reply: str
    recipient: str


def read_event(text: str) -> SesEvent | None:
    """The bounce in a JSON text; None if it is anything else.  Never raises."""
    outer = _object(text)
    event = _object(outer["Message"]) if isinstance(outer.get("Message"), str) else outer
    if "Bounce" not in (event.get("notificationType"), event.get("eventType")):
        return None
    bounce = event.get("bounce")
    if not isinstance(bounce, dict):
        return None
    rows = bounce.get("bouncedRecipients")
    first: Any = rows[0] if isinstance(rows, list) and rows else {}
    row = first if isinstance(first, dict) else {}
    diagnosis = str(row.get("diagnosticCode", ""))
    reply = diagnosis.partition(";")[2] if diagnosis.lower().startswith("smtp;") else diagnosis
    sub_type = str(bounce.get("bounceSubType", ""))
    return SesEvent(LISTS.get(sub_type, ""), " ".join(reply.split()), str(row.get("emailAddress", "")).lower())


def _object(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
