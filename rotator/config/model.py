"""The configuration as the rest of the program sees it: resolved, frozen, every default filled in.

What a consumer's settings are is in config.kinds; here `endpoint` is always a name, and so is the `region` of a
place in AWS.  Durations are seconds.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from rotator.config.kinds import READABLE, Command, Consumer, GmailSendAs, Human
from rotator.config.places import fingerprint, server
from rotator.config.schema import Alarms, Audit, Aws, Dns, Domain, File, Notify, Ping, Suppression
from rotator.core.errors import ConfigurationError
from rotator.core.policy import Policy, Traits


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=_HasName)


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """One SES SMTP endpoint.  `security` is "starttls" or "tls"; `ca_file` None is the system's authorities."""

    name: str
    region: str
    host: str
    port: int
    security: str
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class UserConfiguration:
    """One IAM user: who, by which times, and who is to be told.  `consumers` is never empty."""

    name: str
    account: str
    region: str
    sole_creator: bool
    max_age_s: int
    rotate_at_s: int  # `auto` resolved
    grace_s: int
    quiet_s: int
    watch_s: int
    verify_deadline_s: int
    verify_successes: int
    endpoints: tuple[EndpointSettings, ...]
    consumers: tuple[Consumer, ...]

    def endpoint(self, name: str) -> EndpointSettings:
        """The endpoint of that name.  Raises ConfigurationError, naming the known."""
        return _named(name, "endpoint", self.endpoints)

    def consumer(self, name: str) -> Consumer:
        """The settings of the consumer of that name.  Raises ConfigurationError, naming the known."""
        return _named(name, f"consumer of {self.name}", self.consumers)


@dataclass(frozen=True, slots=True, eq=False)
class Configuration:
    """The whole file, as one reading of it: another reading is another value, for the environment may have changed.

    `trusted_hosts` comes from the environment, never from the file.
    """

    path: str
    state: str  # the journal's database
    seal_key_file: str  # the key as it is, or wrapped by `seal_kms_key`
    seal_kms_key: str | None
    aws: Aws
    google_api_endpoint: str | None
    notify: Notify
    dns: Dns
    domains: tuple[Domain, ...]
    open_alarm_s: int
    suppression: Suppression  # `regions` filled in
    audit: Audit
    ping: Ping
    metrics_file: str | None
    alarms: Alarms | None
    users: tuple[UserConfiguration, ...]
    trusted_hosts: frozenset[str]
    file: File = field(repr=False)  # as it was written: tells a default from a value of the file

    def user(self, name: str | None) -> UserConfiguration:
        """The user of that name; None is the only one.  Raises ConfigurationError, naming the known."""
        if name is not None:
            return _named(name, "user", self.users)
        if len(self.users) == 1:
            return self.users[0]
        raise ConfigurationError(
            f"{len(self.users)} users are configured: {_names(self.users)}",
            why="without --user the command is about the only user",
            fix="name one: --user NAME",
        )

    def chosen(self, name: str | None) -> tuple[UserConfiguration, ...]:
        """The user of that name; None is all of them.  Raises ConfigurationError, naming the known."""
        return self.users if name is None else (self.user(name),)

    def whose(self, consumer: str, user: str | None) -> str | None:
        """The user that is named, else the only one with a consumer of that name; None if neither tells."""
        having = [one.name for one in self.users if consumer in {place.name for place in one.consumers}]
        return having[0] if user is None and len(having) == 1 else user

    def notices_from(self, user: UserConfiguration) -> str | None:
        """The address that notices about this user come from, or None if the file names none."""
        return self.notify.mail_from or sends_as(user)

    def policy_for(self, user: UserConfiguration) -> Policy:
        """What the rules of a rotation know of this user."""
        servers = {one.name: server(one.host, one.port, one.security, one.region) for one in user.endpoints}
        return Policy(
            user=user.name,
            account=user.account,
            consumers=tuple(
                replace(
                    traits_of(one),
                    place=fingerprint(one, user.account, user.region),
                    server=servers.get(one.endpoint or "", ""),
                )
                for one in user.consumers
            ),
            sole_creator=user.sole_creator,
            max_age_s=user.max_age_s,
            rotate_at_s=user.rotate_at_s,
            grace_s=user.grace_s,
            quiet_s=user.quiet_s,
            watch_s=user.watch_s,
            open_alarm_s=self.open_alarm_s,
        )


def traits_of(consumer: Consumer) -> Traits:
    """What a consumer can do, by its kind and credentials."""
    return Traits(
        name=consumer.name,
        kind=consumer.type,
        endpoint=consumer.endpoint or "",
        by_hand=by_hand(consumer),
        reads_back=isinstance(consumer, READABLE) or (isinstance(consumer, Command) and consumer.check is not None),
        sends=_sends(consumer),
    )


def sends_as(user: UserConfiguration) -> str | None:
    """An address that the user's mail is sent from, or None if the file names none."""
    for one in user.consumers:
        if isinstance(one, GmailSendAs):
            return one.alias
        if isinstance(one, READABLE) and one.canary_from:
            return one.canary_from
    return None


def by_hand(consumer: Consumer) -> bool:
    """Whether a person has to put the credential there: only a service account can write a Gmail alias."""
    if isinstance(consumer, GmailSendAs):
        return consumer.credentials is None or not consumer.credentials.writes
    return isinstance(consumer, Human)


def _sends(consumer: Consumer) -> bool:
    if isinstance(consumer, GmailSendAs):
        return consumer.credentials is not None
    return isinstance(consumer, READABLE) and consumer.canary_from is not None


def _named(name: str, what: str, among: tuple[Named, ...]) -> Named:
    for one in among:
        if one.name == name:
            return one
    close = difflib.get_close_matches(name, [one.name for one in among], n=1)
    hint = f", did you mean {close[0]!r}?" if close else ""
    raise ConfigurationError(
        f"unknown {what} {name!r}{hint}", why="nothing was tried", fix=f"configured are: {_names(among)}"
    )


def _names(among: Iterable[_HasName]) -> str:
    return ", ".join(one.name for one in among)
