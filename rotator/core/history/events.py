"""What the journal remembers, one class per event.  Fields are text, whole numbers, booleans or tuples of text.

Times (`at`, `until`, ...) are UTC epoch seconds of AWS's clock.  Intents stand before their effect, settlements
after it; an intent without settlement means that the effect may have happened.  New fields get a default, so that
newer code reads older journals; a changed meaning is a new class.
"""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core.history.event import Event
from rotator.core.history.noted import AuditSettled, DoctorRan, NoticeFailed, NoticeSent
from rotator.core.history.outcomes import CanaryOutcome, Effect, Outcome

# Whoever writes events writes these.
__all__ = ["AuditSettled", "CanaryOutcome", "DoctorRan", "Effect", "Event", "NoticeFailed", "NoticeSent", "Outcome"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Adopted(Event):
    """First contact: whom we act on and which key the consumers hold."""

    account: str
    user: str
    user_id: str
    key: str  # "" if the user had no key
    consumers: tuple[str, ...]
    sealed: bool = False
    places: tuple[str, ...] = ()  # of the consumers, as in PushIntended; () = not known


@dataclass(frozen=True, slots=True)
class Sealed(Event):
    """The passwords of an adopted key were proven and sealed (same transaction)."""

    key: str


@dataclass(frozen=True, slots=True)
class RunOpened(Event):
    """A rotation began; `old` is the key to be replaced ("" = none)."""

    run: str
    mode: int
    reason: str
    old: str
    consumers: tuple[str, ...]
    grace: int = -1  # seconds, chosen by a person for this run; -1 = the file's
    places: tuple[str, ...] = ()  # of the consumers, as in PushIntended; () = not known


@dataclass(frozen=True, slots=True)
class ModeRaised(Event):
    """The open run became more urgent, or a person chose another grace for it (`grace`, in seconds; -1 = as it was)."""

    mode: int
    reason: str
    grace: int = -1


@dataclass(frozen=True, slots=True)
class Compromised(Event):
    """A person said this key leaked: it is never reactivated by itself again."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class CreateIntended(Event):
    """CreateAccessKey is about to be sent; `listed` existed before, no request lives beyond `until`."""

    listed: tuple[str, ...]
    until: int


@dataclass(frozen=True, slots=True)
class KeyCreated(Event):
    """The reply came and the secret is sealed (same transaction)."""

    key: str


@dataclass(frozen=True, slots=True)
class CreateSettled(Event):
    """CreateAccessKey ended without a key for us: refused in words, or unknown."""

    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Disowned(Event):
    """A person's answer to "whose key is this?": nobody's, discard it."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class EffectIntended(Event):
    """Update- or DeleteAccessKey is about to be sent for `key`."""

    effect: str
    key: str
    until: int
    why: str = ""
    born: int = 0  # CreateDate of an orphan that is discarded: ties it to the intent it was born of


@dataclass(frozen=True, slots=True)
class EffectSettled(Event):
    """... and how it ended."""

    effect: str
    key: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lost(Event):
    """A key of ours is gone from IAM without us: it is replaced."""

    key: str


@dataclass(frozen=True, slots=True)
class LoginIntended(Event):
    """Doctor or audit are about to log in with `key`, or have a place do so for a test mail: last-used may move."""

    key: str  # "" = it is not known which key the place holds
    endpoint: str
    until: int  # the login is not begun after this
    consumer: str = ""  # the place whose test mail it is; "" = a login


@dataclass(frozen=True, slots=True)
class LoggedIn(Event):
    """We logged in with `key` ourselves, which moves its last-used."""

    key: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Verified(Event):
    """Several logins in a row with the new key on every address of the endpoint."""

    key: str
    endpoint: str
    server: str = ""  # fingerprint of host, port, security and region that the endpoint had; "" = not known


@dataclass(frozen=True, slots=True)
class VerifyFailed(Event):
    """The deadline passed without it.  `old_works`: the old credential logged in at the same time."""

    key: str
    endpoint: str
    refused: int  # how many 535
    old_works: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PushIntended(Event):
    """The consumer is about to be told; from now on it may hold `key`."""

    consumer: str
    key: str
    until: int
    place: str = ""  # fingerprint of where the credential is put; "" = not known
    server: str = ""  # of its endpoint, as in Verified: where it is told to log in


@dataclass(frozen=True, slots=True)
class PushSettled(Event):
    """... and what it answered."""

    consumer: str
    key: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Revealed(Event):
    """The credential was handed to a person, who may have it from now on."""

    consumer: str
    key: str
    who: str


@dataclass(frozen=True, slots=True)
class Attested(Event):
    """A person says that the consumer has the new credential."""

    consumer: str
    key: str
    who: str


@dataclass(frozen=True, slots=True)
class ReadBack(Event):
    """The consumer reported the key id it holds."""

    consumer: str
    key: str


@dataclass(frozen=True, slots=True)
class CanaryIntended(Event):
    """A mail is about to be sent through the consumer."""

    consumer: str
    token: str
    until: int


@dataclass(frozen=True, slots=True)
class CanarySettled(Event):
    """... and how it ended.  `sent` is when it was sent (its 15 minutes count for last-used)."""

    consumer: str
    token: str
    outcome: str
    sent: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OldRefused(Event):
    """SES refuses the old credential: seen by several 535, or assumed after an hour."""

    key: str
    seen: bool


@dataclass(frozen=True, slots=True)
class AbortAsked(Event):
    """A person wants the run dropped; only before the first push intent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Forgotten(Event):
    """A person's word that a consumer no longer in the file holds nothing any more."""

    consumer: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClockCorrected(Event):
    """A person's word that `at` is the time, and every later time in the journal was AWS's, or a proxy's, mistake."""

    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run is closed: rotated or aborted."""

    run: str
    outcome: str


KINDS: dict[str, type[Event]] = {
    name: kind
    for name, kind in globals().items()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
