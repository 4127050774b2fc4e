"""Where audit mails are looked for, as a port, and what can be seen there of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from rotator.core.ports import Deadline


@dataclass(frozen=True, slots=True)
class Landed:
    """The mail lies in a mailbox.  `headers` as they stand there, topmost first, unfolded.

    `receiver` is the authserv-id (RFC 8601) whose Authentication-Results may be believed there.
    """

    headers: tuple[tuple[str, str], ...]
    receiver: str
    spam: bool = False

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every header of that name, topmost first."""
        return tuple(value for own, value in self.headers if own.lower() == name.lower())


@dataclass(frozen=True, slots=True)
class Delivered:
    """SES says that the receiving server took the mail: what that server thought of it is not seen."""

    sender: str  # the From address, as SES saw it
    detail: str


@dataclass(frozen=True, slots=True)
class Bounced:
    """The mail came back, or SES did not send it; `detail` quotes why."""

    detail: str


Sighting = Landed | Delivered | Bounced


class Arrivals(Protocol):
    """The far end of the audit's mails."""

    def look(self, tokens: Collection[str], deadline: Deadline) -> Mapping[str, Sighting]:
        """What is there now of the mails with these tokens.  Raises RotatorError if nobody can look."""
        ...
