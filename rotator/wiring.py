"""Configuration to live parts: the one place where adapters are built and handed to the loop.

Heavy libraries are imported here inside functions, so that a command that needs none of them pays for none.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rotator.core import events as ev
from rotator.core.access_keys import KeyId
from rotator.core.errors import ConfigurationError, StopError
from rotator.core.parts import Parts, Progress
from rotator.core.policy import Policy
from rotator.core.ports import AccessKeys, Consumer, Deadline
from rotator.core.secret import Secret
from rotator.core.smtp_credential import NotDerivable, Shape, SmtpCredential, derive, shape_of
from rotator.interventions import adoption
from rotator.rotation import Rotation

if TYPE_CHECKING:
    from rotator.config import schema
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.journal.sealing import KeyFileSeal
    from rotator.services.smtp import SesEndpoint

PROOF_S = 30.0  # an adopted key has long propagated: three logins take a second


def new_run_id(user: str, now: int) -> str:
    """`20261124-0314-jada-ses-smtp`: sorts by time, says whose run it is."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{user}"


@contextmanager
def rotation(
    configuration: Configuration,
    user: str | None,
    *,
    environ: Mapping[str, str],
    observer: Callable[[Progress], None] | None = None,
    grace_s: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Rotation]:
    """The locked, writable rotation of one user.  Raises NoJournal, LockHeld, SealError, JournalError."""
    with _rotation(configuration, user, environ, lock=True, grace_s=grace_s) as parts:
        yield Rotation(replace(parts, observer=observer or (lambda _: None), sleep=sleep))


@contextmanager
def reading(configuration: Configuration, user: str | None, *, environ: Mapping[str, str]) -> Iterator[Rotation]:
    """The same beside a run that may be at work: nothing can be appended, so nothing can be changed."""
    with _rotation(configuration, user, environ, lock=False, grace_s=None) as parts:
        yield Rotation(parts)


@contextmanager
def _rotation(
    configuration: Configuration, name: str | None, environ: Mapping[str, str], *, lock: bool, grace_s: int | None
) -> Iterator[Parts]:
    from rotator.journal.sqlite import open_journal

    user = configuration.user(name)
    journal = open_journal(configuration.state, _seal(configuration), user.account, user.name, lock=lock)
    with journal:
        endpoints = _endpoints(user)
        policy = configuration.policy_for(user)
        yield Parts(
            policy=policy if grace_s is None else replace(policy, grace_s=grace_s),
            journal=journal,
            access_keys=_access_keys(configuration, user),
            endpoints=endpoints,
            consumers=_consumers(configuration, user, endpoints),
            new_token=lambda: secrets.token_hex(8),
            verify_deadline_s=float(user.verify_deadline_s),
        )


def _seal(configuration: Configuration) -> KeyFileSeal:
    from rotator.journal.sealing import KeyFileSeal

    return KeyFileSeal.load(configuration.seal_key_file)


def _access_keys(configuration: Configuration, user: UserConfiguration) -> AccessKeys:
    from rotator.services.aws import AssumeRole, AwsSession
    from rotator.services.iam import IamAccessKeys

    role = AssumeRole(configuration.aws.assume_role) if configuration.aws.assume_role else None
    session = AwsSession(profile=configuration.aws.profile, assume_role=role)
    return IamAccessKeys(session=session, user=user.name, region=user.region, sends_as=_sends_as(user))


def _sends_as(user: UserConfiguration) -> str | None:
    """An address that the user's mail is sent from, for the policy simulation."""
    from rotator.config import schema

    for one in user.consumers:
        if isinstance(one, schema.GmailSendAs):
            return one.alias
        if isinstance(one, schema.CredentialFile) and one.canary_from:
            return one.canary_from
    return None


def _endpoints(user: UserConfiguration) -> dict[str, SesEndpoint]:
    """One live endpoint a setting that a consumer uses."""
    from rotator.services.smtp import SesEndpoint

    used = {one.endpoint for one in user.consumers}
    return {
        one.name: SesEndpoint(
            name=one.name,
            region=one.region,
            host=one.host,
            port=one.port,
            security="tls" if one.security == "tls" else "starttls",
            ca_file=one.ca_file,
            successes=user.verify_successes,
        )
        for one in user.endpoints
        if one.name in used
    }


def _consumers(
    configuration: Configuration, user: UserConfiguration, endpoints: Mapping[str, SesEndpoint]
) -> dict[str, Consumer]:
    return {one.name: _consumer(configuration, one, endpoints[one.endpoint or ""]) for one in user.consumers}


def _consumer(
    configuration: Configuration,
    one: schema.GmailSendAs | schema.CredentialFile | schema.Human,
    endpoint: SesEndpoint,
) -> Consumer:
    from rotator.config import schema

    if isinstance(one, schema.Human):
        from rotator.consumers.human import Human

        return Human(name=one.name, endpoint=endpoint.name, instructions=one.instructions)
    if isinstance(one, schema.CredentialFile):
        from rotator.consumers.credential_file import CredentialFile

        return CredentialFile(
            name=one.name,
            endpoint=endpoint,
            path=Path(one.path),
            style=one.format,
            after=one.after or (),
            canary_from=one.canary_from,
            canary_to=one.canary_to,
        )
    return _gmail(configuration, one, endpoint)


@dataclass(frozen=True, slots=True)
class Adoption:
    """What `adopt` did: the key recorded, and whether its password was proven and sealed."""

    user: str
    key: str
    sealed: bool
    proof: str


def adopt(
    configuration: Configuration,
    name: str | None,
    *,
    key: str,
    environ: Mapping[str, str],
    read_secret: Callable[[str], Secret | None],
) -> Adoption:
    """First contact.  `read_secret(key id)` gives the key's secret or SMTP password, or None to go without.

    For a user that was adopted before it only adds the password.  Raises AccessError, ConfigurationError, StopError,
    JournalError, SealError, LockHeld.
    """
    from rotator.journal.sqlite import create, users

    user = configuration.user(name)
    if (user.account, user.name) in users(configuration.state):
        return _add_password(configuration, name, key, environ, read_secret)
    seal = _seal(configuration)
    adopted = adoption(_access_keys(configuration, user), configuration.policy_for(user), key)
    proven = _prove(user, adopted.key, read_secret(adopted.key) if adopted.key else None)
    adopted = replace(adopted, sealed=bool(proven.credentials))
    with create(configuration.state, seal, user.account, user.name, adopted, proven.credentials) as journal:
        for endpoint in proven.endpoints:
            journal.append(ev.LoggedIn(adopted.at, adopted.key, endpoint))
    return Adoption(user.name, adopted.key, adopted.sealed, proven.detail)


def _add_password(
    configuration: Configuration,
    name: str | None,
    key: str,
    environ: Mapping[str, str],
    read_secret: Callable[[str], Secret | None],
) -> Adoption:
    with rotation(configuration, name, environ=environ) as work:
        user, current = configuration.user(name), work.facts.current
        if work.facts.key(current).sealed or work.facts.run is not None or key not in ("", current):
            raise StopError(
                f"{user.name} was adopted before, with key {current}",
                why="the journal already knows which key the consumers hold",
                fix="rotator status",
                id="already-adopted",
            )
        proven = _prove(user, current, read_secret(current))
        if proven.credentials:
            at = work.time.now()
            work.parts.journal.append_sealed(ev.Sealed(at, current), proven.credentials)
            for endpoint in proven.endpoints:
                work.record(ev.LoggedIn(at, current, endpoint))
        return Adoption(user.name, current, bool(proven.credentials), proven.detail)


@dataclass(frozen=True, slots=True)
class _Proven:
    credentials: tuple[tuple[str, SmtpCredential], ...] = ()
    endpoints: tuple[str, ...] = ()
    detail: str = ""


def _prove(user: UserConfiguration, key: str, secret: Secret | None) -> _Proven:
    """Log in with what was given at every endpoint.  Raises ConfigurationError or StopError if it does not work."""
    if secret is None:
        return _Proven()
    logged_in, details = [], []
    credentials: dict[str, SmtpCredential] = {}
    for endpoint in _endpoints(user).values():
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
    return _Proven(tuple(credentials.items()), tuple(logged_in), "; ".join(details))


def _credential(key: str, secret: Secret, region: str) -> SmtpCredential:
    if shape_of(secret) is Shape.V4_PASSWORD:
        return SmtpCredential(KeyId(key), secret)
    try:
        return derive(KeyId(key), secret, region)
    except NotDerivable as reason:
        raise ConfigurationError(
            str(reason), fix="give the secret access key, or the SMTP password of version 4", id="not-derivable"
        ) from None


@dataclass(frozen=True, slots=True)
class History:
    """All events of one user, verified as a chain; `head` is what a copy elsewhere is compared with."""

    events: Sequence[ev.Event]
    head: str


def history(configuration: Configuration, name: str | None, *, environ: Mapping[str, str]) -> History:
    """Read and verify the whole journal of one user.  Raises JournalError naming the first bad event."""
    with _rotation(configuration, name, environ, lock=False, grace_s=None) as parts:
        journal: Any = parts.journal
        return History(journal.events(), journal.head().mac)


def policy_of(configuration: Configuration, name: str | None) -> Policy:
    """The decisions of the file for one user."""
    return configuration.policy_for(configuration.user(name))
