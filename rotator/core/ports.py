"""The edges, as contracts in prose.  Decisions and the loop know these and values, nothing else.

Rules for all: a call blocks until its deadline at the most; a time-out is *unknown*, never "failed" and never
"absent"; nothing here retries on its own; no text that comes back holds a secret.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rotator.core.access_keys import AccessKey, Identity, Instant, KeyId, LastUse
from rotator.core.errors import Exit
from rotator.core.history.events import Event
from rotator.core.mixed import Mixed
from rotator.core.policy import Traits
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in monotonic time inside this process; a jump of the wall clock does not move it."""

    at: float
    monotonic: Callable[[], float] = field(default=time.monotonic, compare=False, repr=False)

    @classmethod
    def after(cls, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Deadline:
        """The deadline `seconds` from now."""
        return cls(monotonic() + seconds, monotonic)

    @property
    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at - self.monotonic())

    @property
    def over(self) -> bool:
        """Whether no effect may be started any more."""
        return self.left <= 0.0


# --- answers: what an attempt at an effect can end as ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The other side said yes.  An answer is not evidence of use."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side said no and nothing changed.  `fix` names the exact next action where one is known."""

    detail: str
    fix: str = ""
    id: str = "refused"


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or one that says nothing: the effect may have happened or may still happen."""

    detail: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person has to do it; the credential is ready to be handed over."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Created:
    """The reply of CreateAccessKey: the only time the secret is shown."""

    key: AccessKey
    secret: Secret


@dataclass(frozen=True, slots=True)
class KeyList:
    """ListAccessKeys and the Date header of its reply.  A key that is missing may only be late."""

    keys: tuple[AccessKey, ...]
    now: Instant


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a preflight found, before anything changed."""

    id: str
    seen: str
    fix: str
    runbook: str = "runbooks/consumer-push.md"
    warning: bool = False  # True: shown, does not stop
    consumer: str = ""  # the consumer it is about; "" = IAM, journal, seal, endpoint
    exit_code: Exit = Exit.FAILED  # its class: no access, worth a retry, or just wrong


@dataclass(frozen=True, slots=True)
class Arrived:
    """A canary came out at the other end, From unchanged."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """A genuine sign that the consumer's login was refused (535, 534, 530)."""

    detail: str


@dataclass(frozen=True, slots=True)
class NotReadable:
    """The consumer cannot say which credential it holds."""


PushAnswer = Acknowledged | Refused | Unknown | Waiting
CanaryAnswer = Arrived | LoginRefused | Unknown
Holding = KeyId | Mixed | NotReadable | Unknown


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary mail: the token stands in its Subject and an X- header (SES replaces Message-ID and Date)."""

    token: str
    subject: str
    body: str
    out: Callable[[], None] = field(default=lambda: None, compare=False)  # called once only the wait for it is left


class AccessKeys(Protocol):
    """IAM for exactly one user, named in every request.  One attempt per call, no SDK retry.

    Writes answer `Refused` only where IAM said no in words (an error code of the model), `Unknown` otherwise.
    Reads raise AccessError or RemoteFault: a failed look-up is "unknown", never "unused" and never "absent".
    """

    def identity(self) -> Identity:
        """The account we are in and the user's id, asked anew; `at`: IAM's time, if the reply tells it."""
        ...

    def keys(self) -> KeyList:
        """All keys of the user, every page."""
        ...

    def last_use(self, key: KeyId) -> LastUse:
        """When the key was last used, as far as IAM has heard."""
        ...

    def create(self) -> Created | Refused | Unknown:
        """One CreateAccessKey.  `Unknown`: a key may exist whose secret nobody has."""
        ...

    def activate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Set the key Active; it already being so is `Acknowledged`."""
        ...

    def deactivate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Set the key Inactive; it already being so is `Acknowledged`."""
        ...

    def delete(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Already gone (NoSuchEntity) is `Acknowledged`."""
        ...

    def may_send(self) -> Acknowledged | Refused | Unknown:
        """Whether the user's policies allow ses:SendRawEmail (SimulatePrincipalPolicy); a read."""
        ...


class Endpoint(Protocol):
    """One SES SMTP endpoint.  Every login is one AUTH PLAIN on a fresh, verified TLS connection."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""
        ...

    @property
    def region(self) -> str:
        """SES's region, to which passwords are bound."""
        ...

    def reach(self, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """TLS on every resolved address that accepts a connection; no AUTH."""
        ...

    def soak(self, credential: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        """Log in until several in a row succeed on every address, or the deadline is over."""
        ...

    def refuses(self, credential: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        """Log in until several in a row are refused (535) on every address, or the deadline is over."""
        ...


@dataclass(frozen=True, slots=True)
class SoakAnswer:
    """How a series of logins ended.  `accepted` counts 235s: each moved the key's last-used."""

    reached: bool  # what was waited for was seen
    accepted: int
    refused: int  # 535s
    detail: str  # the last reply in words


class Consumer(Protocol):
    """Something that sends mail with the credential and must learn the new one.

    `push` is idempotent: the same credential pushed twice is one push.  A time-out is `Unknown`, never
    `Refused`.  No answer is proof of use.  Implementations raise ConsumerError and nothing else.
    """

    @property
    def traits(self) -> Traits:
        """What the decision needs to know of it."""
        ...

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """Whether a push would work, found out without one."""
        ...

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Tell the consumer, once; `Waiting` if only a person can."""
        ...

    def holds(self, deadline: Deadline) -> Holding:
        """The key id the consumer says it holds, if it can say; `Mixed` if its copies differ."""
        ...

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """Send one mail through the consumer and wait for it to arrive or bounce."""
        ...

    def instructions(self) -> Sequence[str]:
        """The steps a person takes to put the credential there, one line each; empty if nobody has to."""
        ...


class Vault(Protocol):
    """Sealed SMTP credentials, one row per key and endpoint region.  Raises SealError, JournalError."""

    def open(self, key: KeyId, region: str) -> SmtpCredential | None:
        """The credential, or None if this key's was never sealed here."""
        ...

    def probe(self) -> None:
        """Write a sealed probe and read it back; raises if that does not work."""
        ...


class Journal(Protocol):
    """The only state: append-only events of one IAM user, behind the lock that this object holds.

    `append` is durable when it returns.  `append_sealed` commits the secrets and the event in one
    transaction; `append_erased` the removal of a key's sealed rows and the event.  All raise JournalError.
    """

    @property
    def vault(self) -> Vault:
        """The sealed passwords beside the events."""
        ...

    def events(self) -> Sequence[Event]:
        """All events of this user, oldest first."""
        ...

    def append(self, event: Event) -> None:
        """Commit one event."""
        ...

    def append_sealed(self, event: Event, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        """`secrets` are (region, credential) pairs of one key."""
        ...

    def append_erased(self, event: Event, key: KeyId) -> None:
        """Commit the event and the removal of everything sealed for `key`, both or neither."""
        ...

    def check_lock(self) -> None:
        """Raises LockHeld if this process is no longer the owner: called right before every effect."""
        ...
