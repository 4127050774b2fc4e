"""What people were told or a check saw: kept for them, and no decision ever looks at it.

None of it makes a journal from a backup look newer than it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core.history.event import Event


@dataclass(frozen=True, slots=True)
class AuditSettled(Event):
    """An audit mail through the consumer ended."""

    consumer: str
    outcome: str
    key: str = ""  # the key that the place was known to hold when the mail was sent; "" = not known
    sent: int = 0  # when that was: what the place was told later is not what was tried; 0 = not written down


@dataclass(frozen=True, slots=True)
class NoticeSent(Event):
    """People were told something, once for each id and channel ("mail", "sns", ...).  No address stands here."""

    id: str
    kind: str
    channel: str


@dataclass(frozen=True, slots=True)
class NoticeFailed(Event):
    """... or could not be: the channel said no or nothing, and the next process tries again."""

    id: str
    kind: str
    channel: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DoctorRan(Event):
    """What the doctor found, (check and target, status) in two columns."""

    checks: tuple[str, ...]
    statuses: tuple[str, ...]


TOLD_ONLY = (AuditSettled, NoticeSent, NoticeFailed, DoctorRan)
