"""What people are told without having asked, and the edge that carries it to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from rotator.core.history.events import Event, NoticeFailed, NoticeSent
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown

LONGEST_SUBJECT = 99  # SNS: "less than 100 characters", ASCII, one line


class NoticeKind(StrEnum):
    """Why people are told."""

    DUE_SOON = "due-soon"  # a rotation begins by itself in two weeks
    WAITING = "waiting"  # a person has to paste; repeated as a reminder
    DONE = "done"  # a run was finished, or dropped
    OPEN_TOO_LONG = "open-too-long"
    OVERDUE = "overdue"  # a key is past its limit
    FAILED = "failed"  # the run cannot go on by itself; repeated as a reminder
    RECOVERED = "recovered"  # what failed works again
    SUPPRESSION = "suppression"  # new on SES's suppression list, or the account is under review; not of a run


@dataclass(frozen=True, slots=True)
class Notice:
    """One message.  `id` stays the same however often it is sent, so that a receiver can drop repeats.

    `subject` is one line of printable ASCII, shorter than 100 characters (SNS takes no other); `text` has lines.
    Neither holds a secret or a mail address; access key ids are masked outside of commands.
    """

    id: str
    kind: NoticeKind
    subject: str
    text: str


class Notifier(Protocol):
    """One way to people."""

    @property
    def channel(self) -> str:
        """Its name in the journal and in warnings, which says nothing of who is behind it."""
        ...

    def send(self, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Send it once.  Raises nothing; a text that comes back holds no address and no secret."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """How a process's turn on one user ended, as far as people have to know; key ids in prose are masked.

    `cause` is "" if the run goes on by itself, else the same text as long as the same thing keeps it from that.
    `flow` says whether mail still flows and on which key.
    """

    flow: str
    cause: str = ""
    summary: str = ""
    why: str = ""
    fix: str = ""
    runbook: str = ""


def subject_line(text: str) -> str:
    """`rotator: TEXT` as every channel takes it: ASCII, and cut to what SNS allows."""
    return f"rotator: {text}".encode("ascii", "replace").decode()[:LONGEST_SUBJECT]


def failing(events: Iterable[Event]) -> dict[str, NoticeFailed]:
    """The channels whose newest attempt failed, with that attempt."""
    newest = {one.channel: one for one in events if isinstance(one, NoticeSent | NoticeFailed)}
    return {channel: one for channel, one in newest.items() if isinstance(one, NoticeFailed)}
