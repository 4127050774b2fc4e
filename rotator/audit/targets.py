"""One place to send through, and what became of its mail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from rotator.core.findings import Finding
from rotator.core.history.proven import AuditOutcome
from rotator.core.policy import Traits
from rotator.core.ports import Canary, CanaryAnswer, Deadline
from rotator.effect import Attempt


class Sends(Protocol):
    """What the audit needs of a consumer."""

    @property
    def traits(self) -> Traits:
        """Who it is."""
        ...

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """As in core.ports.Consumer."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One place to send through.  `seen` is set once its mail needs no more waiting; `key` "" = not known.

    `attempt` is entered for each sending, and raises LockHeld if a rotation is in the way; `moved` says what one has
    done since the place was chosen, "" if nothing.
    """

    user: str
    consumer: Sends
    sender: str  # the address that the mail must come from
    token: str
    key: str
    seen: threading.Event = field(compare=False)
    attempt: Callable[[], AbstractContextManager[Attempt]] = field(compare=False)
    moved: Callable[[], str] = field(compare=False)

    @property
    def name(self) -> str:
        """The consumer's name."""
        return self.consumer.traits.name


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail.  `sent`: AWS's time when it was; 0 = it was not."""

    target: Target
    outcome: AuditOutcome
    findings: tuple[Finding, ...]
    seconds: float
    sent: int = 0

    @property
    def tried(self) -> bool:
        """Whether anything was done at all: a rotation may have been in the way from the beginning."""
        return bool(self.sent) or self.outcome is not AuditOutcome.OVERTAKEN
