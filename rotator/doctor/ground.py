"""What the checks stand on: the configured things, the live edges, and what the journal says.

Answers that several checks need are asked for once (`once`); which check asks first does not matter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rotator.core.access_keys import AccessKey, Identity, KeyId
from rotator.core.errors import RotatorError
from rotator.core.facts import Facts
from rotator.core.looks import Conversation, Dns, DnsAnswer, Ses, SesAccount, SesIdentity, SmtpLooks
from rotator.core.policy import REQUEST_DEADLINE_S, Policy
from rotator.core.ports import AccessKeys, Consumer, Deadline, KeyList
from rotator.core.smtp_credential import SmtpCredential

SMTP_S = 20.0  # one conversation, all its waits together
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain of the file; `mail_from` "" is whatever SES has."""

    name: str
    region: str
    mail_from: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The journal of one user, if it could be read: what it adds up to, and the passwords of the key in force.

    The key in force is the current one, while a run is open its new one.  `credentials` has one a region that was
    sealed; `problem` says why there is nothing; `busy` names a run at work, beside which nobody logs in.
    """

    facts: Facts | None = None
    credentials: Mapping[str, SmtpCredential] = field(default_factory=dict)
    problem: RotatorError | None = None
    busy: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """One IAM user: its keys at IAM, its endpoints, its consumers, and what is remembered."""

    name: str
    policy: Policy
    access_keys: AccessKeys
    endpoints: SmtpLooks
    consumers: Mapping[str, Consumer]
    remembered: Remembered = field(default_factory=Remembered)
    sends_as: str = ""  # an address that the user's mail is sent from; "" if the file names none

    @property
    def facts(self) -> Facts | None:
        """What the journal adds up to, if there is one."""
        return self.remembered.facts


@dataclass(slots=True)
class Ground:
    """Everything the checks may ask.  `send`: mails may be sent; `smtp_s` bounds one SMTP conversation."""

    dns: Dns
    ses: Ses
    users: Mapping[str, User]
    domains: Mapping[str, Domain]
    recipient: str = ""
    send: bool = False
    new_token: Callable[[], str] = lambda: ""
    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    smtp_s: float = SMTP_S
    logins: list[tuple[str, KeyId, str]] = field(default_factory=list)  # (user, key, endpoint): our own
    _answers: dict[Hashable, _Once] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, key: Hashable, ask: Callable[[], Answer]) -> Answer:
        """The answer to `ask`, which is called the first time only; what it raised is raised again."""
        with self._lock:
            one = self._answers.setdefault(key, _Once())
        answer: Answer = one.get(ask)
        return answer

    def deadline(self, seconds: float = REQUEST_DEADLINE_S) -> Deadline:
        """A deadline from now."""
        return Deadline.after(seconds, self.monotonic)

    # --- answers that several checks share ------------------------------------------------------------------------

    def records(self, name: str, kind: str) -> DnsAnswer:
        """The records of one name and type."""
        return self.once(("dns", name.lower(), kind), lambda: self.dns.ask(name, kind))

    def account(self, region: str) -> SesAccount:
        """SES's account in a region.  Raises AccessError, RemoteFault."""
        return self.once(("account", region), lambda: self.ses.account(region))

    def identity(self, domain: Domain) -> SesIdentity | None:
        """The domain's identity at SES.  Raises AccessError, RemoteFault."""
        return self.once(("identity", domain), lambda: self.ses.identity(domain.region, domain.name))

    def user_identity(self, user: User) -> Identity:
        """The account and the user behind the name.  Raises AccessError, RemoteFault."""
        return self.once(("user", user.name), user.access_keys.identity)

    def keys(self, user: User) -> KeyList:
        """The user's keys and AWS's time.  Raises AccessError, RemoteFault."""
        return self.once(("keys", user.name), user.access_keys.keys)

    def active_keys(self, user: User) -> tuple[AccessKey, ...]:
        """The keys that can log in.  Raises AccessError, RemoteFault."""
        return tuple(one for one in self.keys(user).keys if one.active)

    def conversation(self, user: User, endpoint: str) -> Conversation:
        """One SMTP conversation with an endpoint, without AUTH."""
        look = user.endpoints[endpoint]
        where = ("smtp", look.host, look.port, look.security)  # users share endpoints
        return self.once(where, lambda: look.converse(self.deadline(self.smtp_s)))

    def mail_from_of(self, domain: Domain) -> str:
        """The MAIL FROM domain: the file's, else SES's; "" if there is none.  Raises AccessError, RemoteFault."""
        if domain.mail_from:
            return domain.mail_from
        identity = self.identity(domain)
        return identity.mail_from if identity else ""


@dataclass(slots=True)
class _Once:
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: bool = False
    value: Any = None
    error: RotatorError | None = None

    def get(self, ask: Callable[[], Any]) -> Any:
        with self.lock:
            if not self.done:
                try:
                    self.value = ask()
                except RotatorError as error:
                    self.error = error
                self.done = True
        if self.error is not None:
            raise self.error
        return self.value
