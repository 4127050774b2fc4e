"""A person who keeps the credential somewhere this program cannot reach: handed over, then attested."""

from __future__ import annotations

from collections.abc import Sequence

from rotator.core.policy import ConsumerKind, Traits
from rotator.core.ports import (
    Canary,
    CanaryAnswer,
    Deadline,
    Holding,
    NotReadable,
    Problem,
    PushAnswer,
    Unknown,
    Waiting,
)
from rotator.core.smtp_credential import SmtpCredential


class Human:
    """Implements `rotator.core.ports.Consumer`.  Its only evidence is a person's word, with name and time."""

    def __init__(self, *, name: str, endpoint: str, instructions: str) -> None:
        """`endpoint` is the endpoint's name; `instructions` the configured text, one step a line."""
        self.traits = Traits(name, ConsumerKind.HUMAN, endpoint, by_hand=True)
        self._steps = tuple(line.strip() for line in instructions.splitlines() if line.strip())

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """A person can always be asked."""
        return ()

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Nothing is sent anywhere: the credential waits, sealed, for `rotator handover`."""
        return Waiting(f"a person puts {credential.key} there")

    def holds(self, deadline: Deadline) -> Holding:
        """A person cannot be read."""
        return NotReadable()

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """We cannot send through a person."""
        return Unknown("this consumer cannot be sent through; a person's word counts")

    def instructions(self) -> Sequence[str]:
        """The configured steps."""
        return self._steps
