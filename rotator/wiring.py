"""Configuration to live parts: the one place where adapters are built and handed to the loop.

Heavy libraries are imported here inside functions, so that a command that needs none of them pays for none.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rotator.adopting import adoption, prove
from rotator.core import events as ev
from rotator.core.errors import StopError
from rotator.core.parts import Parts, Progress
from rotator.core.policy import REQUEST_DEADLINE_S, Policy
from rotator.core.ports import AccessKeys, Consumer, Deadline
from rotator.core.secret import Secret
from rotator.rotation import Rotation

if TYPE_CHECKING:
    from rotator.config import schema
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.journal.sealing import KeyFileSeal
    from rotator.services.gmail import GmailMailbox
    from rotator.services.smtp import SesEndpoint


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


def _gmail(configuration: Configuration, one: schema.GmailSendAs, endpoint: SesEndpoint) -> Consumer:
    """By PATCH with a service account; by hand with a user token (which sends canaries) or without anything."""
    from rotator.consumers.gmail_send_as import GmailSendAs, Server

    return GmailSendAs(
        name=one.name,
        server=Server(endpoint.name, endpoint.host, endpoint.port, endpoint.security),
        mailbox=one.mailbox,
        alias=one.alias,
        gmail=_mailbox(configuration, one),
        writes=one.credentials is not None and one.credentials.service_account is not None,
        canary_to=one.canary_to,
    )


def _mailbox(configuration: Configuration, one: schema.GmailSendAs) -> GmailMailbox | None:
    from rotator.services.gmail import GmailMailbox
    from rotator.services.google_auth import delegated_access, user_access

    if one.credentials is None:
        return None
    trusted, endpoint = configuration.trusted_hosts, configuration.google_api_endpoint
    if one.credentials.service_account is not None:
        access = delegated_access(Path(one.credentials.service_account), one.mailbox, trusted)
    else:
        access = user_access(Path(one.credentials.authorized_user or ""), trusted)
    return GmailMailbox(mailbox=one.mailbox, access=access, api_endpoint=endpoint)


def gmail_login(
    configuration: Configuration,
    mailbox: str,
    client_secrets: Path,
    out: Path,
    *,
    say: Callable[[str], None],
) -> Path:
    """Get a user token for a personal mailbox through the browser; `say` is given the address to open."""
    from rotator.services.gmail import GmailMailbox
    from rotator.services.google_auth import Access
    from rotator.services.google_login import installed_app_login

    def mailbox_of(credentials: Any) -> str:
        endpoint = configuration.google_api_endpoint
        opened = GmailMailbox(mailbox=mailbox, access=Access(lambda: credentials), api_endpoint=endpoint)
        return opened.profile(Deadline.after(REQUEST_DEADLINE_S))

    installed_app_login(
        client_secrets=client_secrets,
        mailbox=mailbox,
        out=out,
        show_url=say,
        mailbox_of=mailbox_of,
        trusted=configuration.trusted_hosts,
    )
    return out


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
    proven = prove(_endpoints(user), adopted.key, read_secret(adopted.key) if adopted.key else None)
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
        proven = prove(_endpoints(user), current, read_secret(current))
        if proven.credentials:
            at = work.time.now()
            work.parts.journal.append_sealed(ev.Sealed(at, current), proven.credentials)
            for endpoint in proven.endpoints:
                work.record(ev.LoggedIn(at, current, endpoint))
        return Adoption(user.name, current, bool(proven.credentials), proven.detail)


@dataclass(frozen=True, slots=True)
class History:
    """All events of one user, verified as a chain; `head` is what a copy elsewhere is compared with."""

    events: Sequence[ev.Event]
    head: str


def history(configuration: Configuration, name: str | None, *, environ: Mapping[str, str]) -> History:
    """Read and verify the whole journal of one user.  Raises JournalError naming the first bad event."""
    with _rotation(configuration, name, environ, lock=False, grace_s=None) as parts:
        journal: Any = parts.journal
        return History(journal.events(), journal.verify().mac)


def policy_of(configuration: Configuration, name: str | None) -> Policy:
    """The decisions of the file for one user."""
    return configuration.policy_for(configuration.user(name))
