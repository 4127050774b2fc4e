"""What the local Gmail holds: workspaces, users, aliases with their relays, messages, and what is still to happen."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from rotator.sandbox.clock import Clock

Security = Literal["none", "ssl", "starttls"]
Status = Literal["accepted", "pending"]
FIRST_ID = 0x19A0000000000000  # Gmail's ids are 16 hexadecimal digits


@dataclass(frozen=True, slots=True)
class Msa:
    """An SMTP relay of an alias.  `password` is write-only: nothing serves it, nothing prints it."""

    host: str
    port: int
    security: Security
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Alias:
    """One send-as address.  The relay keeps using `former` until `in_use_from` (the lag after a write)."""

    address: str
    display_name: str = ""
    reply_to: str = ""
    signature: str = ""
    primary: bool = False
    default: bool = False
    treat_as_alias: bool = False
    status: Status = "accepted"
    msa: Msa | None = None
    former: Msa | None = None
    in_use_from: datetime | None = None

    def relay(self, now: datetime) -> Msa | None:
        """The relay that a mail sent at `now` goes through."""
        lagging = self.former is not None and self.in_use_from is not None and now < self.in_use_from
        return self.former if lagging else self.msa


@dataclass(slots=True)
class Message:
    """One stored message."""

    id: str
    thread_id: str
    raw: bytes
    labels: list[str]
    at: datetime
    history_id: int


@dataclass(slots=True)
class User:
    """An account: its aliases by lower-case address, its messages oldest first.  `workspace` None = consumer."""

    address: str
    workspace: str | None
    mail_enabled: bool = True
    aliases: dict[str, Alias] = field(default_factory=dict)
    before: dict[str, Alias] = field(default_factory=dict)  # each alias as it was before its last write
    messages: list[Message] = field(default_factory=list)
    history_id: int = 1000
    first_history_id: int = 1000

    def default(self) -> Alias:
        """The alias that mail leaves from when it names none we have."""
        return next(alias for alias in self.aliases.values() if alias.default)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A domain with an administrator.  `outbound_gateways`: users may name an SMTP server (off in a new domain)."""

    domain: str
    outbound_gateways: bool = True


class Store:
    """The state, behind one lock.  Never hold the lock during an SMTP conversation: it may deliver to us."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.workspaces: dict[str, Workspace] = {}
        self.users: dict[str, User] = {}
        self.secrets: set[str] = set()
        self._ids = itertools.count(FIRST_ID)
        self._later: list[tuple[datetime, int, Callable[[], None]]] = []

    def user(self, address: str) -> User | None:
        """The account, whatever the case of its address."""
        return self.users.get(address.lower())

    def add_user(self, address: str, mail_enabled: bool) -> User:
        """A new account with its primary address; raises ValueError if it is there."""
        with self.lock:
            if self.user(address):
                raise ValueError(f"{address} is there already")
            domain = address.lower().rpartition("@")[2]
            user = User(address, domain if domain in self.workspaces else None, mail_enabled)
            user.aliases[address.lower()] = Alias(address, primary=True, default=True)
            self.users[address.lower()] = user
            return user

    def alias(self, mailbox: str, alias: str) -> Alias:
        """The alias; raises KeyError naming it."""
        with self.lock:
            return self.users[mailbox.lower()].aliases[alias.lower()]

    def write(self, user: User, alias: Alias, lag_s: float = 0.0) -> Alias:
        """Store `alias`.  Its relay, if it changed, is used after `lag_s` seconds.  A new default replaces the old."""
        with self.lock:
            key = alias.address.lower()
            old = user.aliases.get(key)
            if old is not None:
                user.before[key] = old
                if lag_s and old.msa != alias.msa:
                    alias = replace(alias, former=old.msa, in_use_from=self.clock.now() + timedelta(seconds=lag_s))
            if alias.default:
                user.aliases = {name: replace(other, default=False) for name, other in user.aliases.items()}
            user.aliases[key] = alias
            if alias.msa is not None and alias.msa.password:
                self.secrets.add(alias.msa.password)
            return alias

    def keep(self, user: User, raw: bytes, labels: list[str], thread_id: str | None) -> Message:
        """Add a message; without `thread_id` it begins a thread."""
        with self.lock:
            new = f"{next(self._ids):x}"
            user.history_id += 1
            message = Message(new, thread_id or new, raw, labels, self.clock.now(), user.history_id)
            user.messages.append(message)
            return message

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do `action` once the sandbox's clock has moved on by `seconds`, at the next `settle`."""
        with self.lock:
            self._later.append((self.clock.now() + timedelta(seconds=seconds), next(self._ids), action))

    def settle(self) -> None:
        """Do everything that is due, oldest first."""
        while (action := self._due()) is not None:
            action()

    def _due(self) -> Callable[[], None] | None:
        with self.lock:
            if not self._later or min(self._later, key=_when)[0] > self.clock.now():
                return None
            first = min(self._later, key=_when)
            self._later.remove(first)
            return first[2]


def _when(entry: tuple[datetime, int, Callable[[], None]]) -> tuple[datetime, int]:
    return entry[0], entry[1]
