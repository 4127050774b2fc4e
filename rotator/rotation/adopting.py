"""First contact: which key is in use, whose it is, and a proof of its password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from rotator.core.access_keys import KeyId, Status, mask
from rotator.core.errors import AccessError, ConfigurationError, StopError
from rotator.core.history import events as ev
from rotator.core.policy import Policy
from rotator.core.ports import AccessKeys, Deadline, Endpoint, Journal, KeyList
from rotator.core.secret import Secret
from rotator.core.smtp_credential import NotDerivable, Shape, SmtpCredential, derive, shape_of
from rotator.rotation.loop import Rotation

LISTS_BEFORE_NONE = 3
Credentials = tuple[tuple[str, SmtpCredential], ...]  # by region
PROOF_S = 10.0  # an adopted key has long propagated: three logins take a second


NewJournal = Callable[[ev.Adopted, Credentials], AbstractContextManager[Journal]]


@dataclass(frozen=True, slots=True)
class Adoption:
    """What `adopt` did: the key recorded, and whether its password was proven and sealed."""

    user: str
    key: str
    sealed: bool
    proof: str


def first_contact(
    access_keys: AccessKeys,
    policy: Policy,
    endpoints: Mapping[str, Endpoint],
    key: str,
    read_secret: Callable[[str], Secret | None],
    new_journal: NewJournal,
) -> Adoption:
    """Find the key that is in use, prove its password if there is one, and begin the journal with both.

    Raises AccessError, ConfigurationError, StopError, JournalError, LockHeld.
    """
    adopted = adoption(access_keys, policy, key)
    proven = prove(endpoints, adopted.key, read_secret(adopted.key) if adopted.key else None)
    adopted = replace(adopted, sealed=bool(proven.credentials))
    with new_journal(adopted, proven.credentials) as journal:
        for endpoint in proven.endpoints:
            journal.append(ev.LoggedIn(adopted.at, adopted.key, endpoint))
    return Adoption(policy.user, adopted.key, adopted.sealed, proven.detail)


def add_password(work: Rotation, key: str, read_secret: Callable[[str], Secret | None]) -> Adoption:
    """Prove and seal the password of a key that was adopted without it.

    Raises StopError if nothing is to be added, AccessError or RemoteFault if AWS does not say what time it is.
    """
    facts = work.facts
    if facts.key(facts.current).sealed or facts.run is not None or key not in ("", facts.current):
        raise StopError(
            f"{facts.user} was adopted before, with key {facts.current}",
            why="the journal already knows which key the consumers hold",
            fix="rotator status",
            id="already-adopted",
        )
    current = facts.current
    work.survey()  # for the time: the journal's newest may be weeks old, and the login moves last-used now
    proven = prove(work.parts.endpoints, current, read_secret(current))
    if proven.credentials:
        at = work.time.now()
        work.parts.journal.append_sealed(ev.Sealed(at, current), proven.credentials)
        for endpoint in proven.endpoints:
            work.record(ev.LoggedIn(at, current, endpoint))
    return Adoption(facts.user, current, bool(proven.credentials), proven.detail)


def adoption(access_keys: AccessKeys, policy: Policy, key: str = "") -> ev.Adopted:
    """First contact: whom we act on, and the key the consumers hold (the only Active one, or the one named)."""
    who, listed = access_keys.identity(), _believable(access_keys)
    if who.account != policy.account:
        raise AccessError(
            f"the credentials belong to account {who.account}, the file says {policy.account}",
            fix="use credentials of the account in the file, or correct the file",
            id="wrong-account",
        )
    active = [one.id for one in listed.keys if one.status is Status.ACTIVE]
    if key and key not in active:
        raise ConfigurationError(
            f"{mask(key)} is not an Active key of {policy.user}; its Active keys: {', '.join(active) or 'none'}",
            fix="name the key that the consumers hold today",
            id="unknown-key",
        )
    if not key and len(active) > 1:
        raise StopError(
            f"{policy.user} has two Active keys: {active[0]} and {active[1]}",
            why="only a person can know which of them the consumers hold",
            fix=f"rotator adopt --user {policy.user} --key AKIA…, with the key that the consumers hold",
            id="two-active-keys",
            runbook="runbooks/two-keys.md",
        )
    current = key or (active[0] if active else "")
    consumers = tuple(one.name for one in policy.consumers)
    places = tuple(one.place for one in policy.consumers)
    # The earlier of two Dates: one from the future would make every later time look like a clock set back.
    at = min(listed.now, who.at or listed.now)
    return ev.Adopted(at, who.account, who.user, who.user_id, current, consumers, places=places)


def _believable(access_keys: AccessKeys) -> KeyList:
    """The key list; an empty one is asked for again, because absence from one list proves nothing."""
    listed = access_keys.keys()
    for _ in range(LISTS_BEFORE_NONE - 1):
        listed = listed if listed.keys else access_keys.keys()
    return listed


@dataclass(frozen=True, slots=True)
class Proven:
    """What a login proved: the credentials to seal, by region, and the endpoints that took them."""

    credentials: Credentials = ()
    endpoints: tuple[str, ...] = ()
    detail: str = ""


def prove(endpoints: Mapping[str, Endpoint], key: str, secret: Secret | None) -> Proven:
    """Log in with what was given at every endpoint.  Raises ConfigurationError or StopError if it does not work."""
    if secret is None:
        return Proven()
    logged_in, details = [], []
    credentials: dict[str, SmtpCredential] = {}
    for endpoint in endpoints.values():
        credential = _credential(key, secret, endpoint.region)
        answer = endpoint.soak(credential, Deadline.after(PROOF_S))
        details.append(f"{endpoint.name}: {answer.detail}")
        if answer.reached:
            logged_in.append(endpoint.name)
            credentials[endpoint.region] = credential
    if not credentials:
        raise StopError(
            f"what was given does not log in with {key}: {'; '.join(details)}",
            why="only a password that works may be kept as the consumers' password; nothing was recorded",
            fix="give the secret of this key, or run adopt again and leave the prompt empty",
            id="not-proven",
            runbook="runbooks/smtp-535.md",
        )
    return Proven(tuple(credentials.items()), tuple(logged_in), "; ".join(details))


def _credential(key: str, secret: Secret, region: str) -> SmtpCredential:
    if shape_of(secret) is Shape.V4_PASSWORD:
        return SmtpCredential(KeyId(key), secret)
    try:
        return derive(KeyId(key), secret, region)
    except NotDerivable as reason:
        raise ConfigurationError(
            str(reason), fix="give the secret access key, or the SMTP password of version 4", id="not-derivable"
        ) from None
