"""What the checks stand on: the configured things, the live edges, and what the journal says.

Answers that several checks need are asked for once (`once`); which check asks first does not matter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rotator.core.access_keys import AccessKey, Identity
from rotator.core.brief_lock import BriefLock
from rotator.core.errors import NoJournal, RotatorError
from rotator.core.facts import Facts
from rotator.core.history.fold import fold
from rotator.core.history.moved import moved
from rotator.core.looks import Conversation, Dns, DnsAnswer, Ses, SesAccount, SesIdentity, SmtpLooks
from rotator.core.policy import REQUEST_DEADLINE_S, Policy
from rotator.core.ports import AccessKeys, Consumer, Deadline, KeyList
from rotator.core.smtp_credential import SmtpCredential
from rotator.effect import Attempt, Login, attempt

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
    sealed; `problem` says why there is nothing; `busy` names a run at work, beside which nobody logs in.  `lock` is
    for what is done: a login, a test mail, an entry.
    """

    facts: Facts | None = None
    credentials: Mapping[str, SmtpCredential] = field(default_factory=dict)
    problem: RotatorError | None = None
    busy: str = ""
    lock: BriefLock | None = None


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

    @property
    def unread(self) -> RotatorError | None:
        """Why a journal that is there could not be read; None if it was, or there is none."""
        problem = self.remembered.problem
        return None if isinstance(problem, NoJournal) else problem

    @property
    def run_may_be_open(self) -> str:
        """Why the old key may be watched by a run, so that nobody else uses it; empty if none can be open."""
        if self.unread is not None:
            return "the journal could not be read, and a run may be open"
        if self.remembered.busy or (self.facts is not None and self.facts.run is not None):
            return "a run is open"
        return ""


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
    held_up: dict[str, str] = field(default_factory=dict)  # user -> the run beside which nothing was done
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

    @contextmanager
    def logging_in(self, user: User, login: Login) -> Iterator[Attempt | None]:
        """Around one login or test mail.  None: without a journal nobody rotates, and nothing is written down.

        Raises LockHeld if a rotation is at work or was since the journal was read, StopError, JournalError, SealError;
        the last two also if there is a journal that could not be read, for a run may be open in it.
        """
        if user.unread is not None:
            raise user.unread
        lock, facts = user.remembered.lock, user.facts
        if lock is None or facts is None:
            yield None
            return
        with attempt(lock, facts, login, lambda: self.now(user), self.monotonic) as one:
            yield one

    def moved(self, user: User, consumer: str) -> str:
        """What a rotation has done since the journal was read; empty if nothing.  Raises JournalError, SealError."""
        lock, facts = user.remembered.lock, user.facts
        return moved(facts, fold(lock.events()), consumer) if lock is not None and facts is not None else ""

    def now(self, user: User) -> int:
        """AWS's time, the earlier of two Dates; without IAM the newest event's, which is the latest that is known.

        One alone may be a broken proxy's: a login recorded in the future would stop every rotation until then.
        """
        latest = int(user.facts.latest) if user.facts else 0
        try:
            listed, asked = self._keys(user)
            at = int(min(listed.now, self.user_identity(user).at or listed.now) + self.monotonic() - asked)
        except RotatorError:
            return latest
        return max(latest, at)

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
        return self._keys(user)[0]

    def _keys(self, user: User) -> tuple[KeyList, float]:
        """The same, and when it was asked on this process's clock."""
        return self.once(("keys", user.name), lambda: (user.access_keys.keys(), self.monotonic()))

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
