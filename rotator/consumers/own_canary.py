"""A canary sent by ourselves with exactly what a place holds: it proves the place, not our memory of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from rotator.consumers.canary_mail import canary_mail
from rotator.core.hosts import SIMULATOR
from rotator.core.mail.ses_replies import Meaning
from rotator.core.ports import (
    Acknowledged,
    Arrived,
    Canary,
    CanaryAnswer,
    Deadline,
    LoginRefused,
    Refused,
    Unknown,
)
from rotator.core.smtp_credential import SmtpCredential


class Sender(Protocol):
    """What a consumer needs of an SES endpoint."""

    host: str
    port: int
    security: Literal["starttls", "tls"]
    name: str

    def send(
        self, credential: SmtpCredential, mail_from: str, rcpt: str, message: bytes, deadline: Deadline
    ) -> Acknowledged | Refused | Unknown:
        """One mail, on its own connection."""
        ...


class SenderInRegion(Sender, Protocol):
    """The same where the place also keeps the region."""

    region: str


@dataclass(frozen=True, slots=True)
class OwnCanary:
    """Where a canary comes from and goes to.  `mail_from` None: nothing is sent, and read back is the proof."""

    endpoint: Sender
    mail_from: str | None
    rcpt: str | None = None  # None: SES's simulator

    @property
    def possible(self) -> bool:
        """Whether a mail can be sent."""
        return self.mail_from is not None

    def send(self, canary: Canary, held: SmtpCredential | Unknown, deadline: Deadline) -> CanaryAnswer:
        """Log in with `held` and mail; SES's yes is taken for arrival, only a refused login for a refusal."""
        if self.mail_from is None:
            return Unknown("no canary_from is set, so nothing can be sent")
        if isinstance(held, Unknown):
            return held
        rcpt = self.rcpt or SIMULATOR
        mail = canary_mail(canary, self.mail_from, rcpt)
        answer = self.endpoint.send(held, self.mail_from, rcpt, mail, deadline)
        if isinstance(answer, Acknowledged):
            return Arrived("accepted by SES, no bounce awaited")
        if isinstance(answer, Refused) and answer.id == Meaning.LOGIN:
            return LoginRefused(answer.detail)
        return Unknown(answer.detail)
