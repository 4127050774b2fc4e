"""Configuration to the parts that wiring hands on: AWS's session, the seal, and one live consumer a setting.

Heavy libraries are imported inside functions, as in wiring.rotating.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from rotator.core.hosts import is_ses_host
from rotator.core.ports import AccessKeys, Consumer
from rotator.core.secret import SEAL_CREDENTIAL

if TYPE_CHECKING:
    from rotator.config import kinds
    from rotator.config.model import Configuration, UserConfiguration
    from rotator.consumers.fields import Fields
    from rotator.journal.sealing import KeyFileSeal
    from rotator.services.aws import AwsSession
    from rotator.services.gmail import GmailMailbox
    from rotator.services.kms import KmsKey
    from rotator.services.own_permissions import OwnPermissions
    from rotator.services.smtp import SesEndpoint

LONGEST_NAP_S = 0.2  # a rest for a test mail is cut into such pieces, so that a signal is heard


@lru_cache(maxsize=1)
def aws_session(configuration: Configuration) -> AwsSession:
    """The AWS credentials that the program acts with; nothing is read before the first request.

    One for all users of a configuration: to build a client anew costs more than all of a quiet day's requests.
    """
    from rotator.services.aws import AssumeRole, AwsSession

    role = AssumeRole(configuration.aws.assume_role) if configuration.aws.assume_role else None
    return AwsSession(profile=configuration.aws.profile, assume_role=role)


def key_wrapper(configuration: Configuration) -> KmsKey | None:
    """What wraps the seal key, or None if it lies in its file as it is."""
    if configuration.seal_kms_key is None:
        return None
    from rotator.services.kms import KmsKey

    return KmsKey(session=aws_session(configuration), arn=configuration.seal_kms_key)


def seal(configuration: Configuration) -> KeyFileSeal:
    """The seal of the journal.  Raises SealError."""
    from rotator.journal.sealing import KeyFileSeal
    from rotator.journal.wrapped_key import load_wrapped_key

    wrapper, path = key_wrapper(configuration), configuration.seal_key_file
    return KeyFileSeal.load(_credential() or path) if wrapper is None else load_wrapped_key(path, wrapper)


def _credential() -> Path | None:
    """The copy of the key file that systemd made for this process alone (LoadCredential=), if it did."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(directory) / SEAL_CREDENTIAL if directory else None
    return path if path is not None and path.exists() else None


def access_keys(session: AwsSession, user: UserConfiguration) -> AccessKeys:
    """IAM for one user."""
    from rotator.config.model import sends_as
    from rotator.services.iam import IamAccessKeys

    return IamAccessKeys(session=session, user=user.name, region=user.region, sends_as=sends_as(user))


def endpoints(
    user: UserConfiguration, heed: Callable[[], None] = lambda: None, waits: Callable[[str], None] = lambda _: None
) -> dict[str, SesEndpoint]:
    """One live endpoint a setting that a consumer uses.

    `heed` may raise between two logins, to end them; `waits` is told when a series of them has to be waited for.
    """
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
            heed=heed,
            waits=waits,
        )
        for one in user.endpoints
        if one.name in used
    }


def consumers(
    configuration: Configuration,
    user: UserConfiguration,
    endpoints: Mapping[str, SesEndpoint],
    session: AwsSession,
    seen: Mapping[str, Event] | None = None,
    heed: Callable[[], None] = lambda: None,
) -> dict[str, Consumer]:
    """One live consumer a setting, by name.

    `seen`: set by whoever sees a consumer's mail arrive elsewhere.  `heed` may raise while a test mail is awaited.
    """
    from rotator.services.own_permissions import OwnPermissions

    build = _Builder(configuration, user, session, seen or {}, heed, OwnPermissions(session))
    return {one.name: build.consumer(one, endpoints[one.endpoint or ""]) for one in user.consumers}


@dataclass(frozen=True, slots=True)
class _Builder:
    configuration: Configuration
    user: UserConfiguration
    session: AwsSession
    seen: Mapping[str, Event]
    heed: Callable[[], None]
    permissions: OwnPermissions

    def consumer(self, one: kinds.Consumer, endpoint: SesEndpoint) -> Consumer:
        """The live consumer of one setting."""
        from rotator.config import kinds

        match one:
            case kinds.GmailSendAs():
                return _gmail(self.configuration, one, endpoint, self.seen.get(one.name), self.heed)
            case kinds.SecretsManager():
                return self._secrets_manager(one, endpoint)
            case kinds.SsmParameter():
                return self._ssm_parameter(one, endpoint)
            case kinds.CredentialFile():
                return _credential_file(one, endpoint)
            case kinds.Command():
                return self._command(one, endpoint)
            case kinds.Human():
                from rotator.consumers.human import Human

                return Human(name=one.name, endpoint=endpoint.name, instructions=one.instructions)

    def _secrets_manager(self, one: kinds.SecretsManager, endpoint: SesEndpoint) -> Consumer:
        from rotator.consumers.secrets_manager import SecretsManager
        from rotator.services.secrets_manager import SecretStore

        return SecretsManager(
            name=one.name,
            endpoint=endpoint,
            store=SecretStore(
                session=self.session,
                secret_id=one.secret_id,
                region=one.region or self.user.region,
                permissions=self.permissions,
            ),
            fields=_fields(one.fields),
            canary_from=one.canary_from,
            canary_to=one.canary_to,
        )

    def _ssm_parameter(self, one: kinds.SsmParameter, endpoint: SesEndpoint) -> Consumer:
        from rotator.consumers.ssm_parameter import SsmParameter
        from rotator.services.parameter_store import ParameterStore

        region = one.region or self.user.region
        return SsmParameter(
            name=one.name,
            endpoint=endpoint,
            store=ParameterStore(
                session=self.session, region=region, kms_key=one.kms_key, permissions=self.permissions
            ),
            path=one.path,
            layout=one.layout,
            fields=_fields(one.fields),
            canary_from=one.canary_from,
            canary_to=one.canary_to,
        )

    def _command(self, one: kinds.Command, endpoint: SesEndpoint) -> Consumer:
        from rotator.consumers.command import Command

        return Command(
            name=one.name,
            user=self.user.name,
            endpoint=endpoint,
            push=one.push,
            check=one.check or (),
            timeout_s=float(one.timeout),
        )


def _credential_file(one: kinds.CredentialFile, endpoint: SesEndpoint) -> Consumer:
    from rotator.consumers.credential_file import CredentialFile

    return CredentialFile(
        name=one.name,
        endpoint=endpoint,
        path=Path(one.path),
        replicas=[Path(path) for path in one.replicas],
        style=one.format,
        account=one.account,
        after=one.after or (),
        canary_from=one.canary_from,
        canary_to=one.canary_to,
    )


def _fields(names: kinds.FieldNames) -> Fields:
    from rotator.consumers.fields import Fields

    return Fields(**names.model_dump())


def _gmail(
    configuration: Configuration,
    one: kinds.GmailSendAs,
    endpoint: SesEndpoint,
    seen: Event | None,
    heed: Callable[[], None],
) -> Consumer:
    """By PATCH with a service account; by hand with a user token (which sends canaries) or without anything."""
    from rotator.consumers.gmail_send_as import GmailSendAs, Server

    def pause(seconds: float) -> None:
        """A rest that ends early once nothing is waited for any more; `heed` may end it by raising."""
        if seen is not None:
            seen.wait(seconds)
            return
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            heed()
            time.sleep(min(left, LONGEST_NAP_S))
        heed()

    return GmailSendAs(
        name=one.name,
        server=Server(endpoint.name, endpoint.host, endpoint.port, endpoint.security),
        mailbox=one.mailbox,
        alias=one.alias,
        gmail=None if one.credentials is None else gmail_mailbox(configuration, one.mailbox, one.credentials),
        writes=one.credentials is not None and one.credentials.writes,
        canary_to=one.canary_to,
        sleep=pause,
        seen_elsewhere=(lambda: False) if seen is None else seen.is_set,
        of_ses=lambda host: is_ses_host(host) or host.lower() in configuration.trusted_hosts,
    )


def readable_mailbox(configuration: Configuration, address: str) -> GmailMailbox | None:
    """The Gmail mailbox of that address, with the credentials of the first alias in it that has some."""
    from rotator.config import kinds

    for user in configuration.users:
        for one in user.consumers:
            if isinstance(one, kinds.GmailSendAs) and one.mailbox.lower() == address.lower() and one.credentials:
                return gmail_mailbox(configuration, one.mailbox, one.credentials)
    return None


def gmail_mailbox(configuration: Configuration, mailbox: str, credentials: kinds.Credentials) -> GmailMailbox:
    """The mailbox, opened with these credentials at the first call."""
    from rotator.services.gmail import GmailMailbox
    from rotator.services.google_auth import delegated_access, user_access

    trusted, endpoint = configuration.trusted_hosts, configuration.google_api_endpoint
    if credentials.service_account is not None:
        access = delegated_access(Path(credentials.service_account), mailbox, trusted)
    elif credentials.impersonate is not None:
        from rotator.services.google_keyless import impersonated_access

        access = impersonated_access(credentials.impersonate, mailbox, endpoint, trusted)
    else:
        access = user_access(Path(credentials.authorized_user or ""), trusted, mailbox)
    return GmailMailbox(mailbox=mailbox, access=access, api_endpoint=endpoint)
