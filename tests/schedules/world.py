"""IAM, SES, consumers and the clock in memory, as they are; every outside call can go wrong at its number.

Nothing here knows what the program believes.  A world is copied in microseconds, so that thousands of schedules start
from the middle of a rotation instead of from its beginning.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rotator.core.access_keys import AccessKey, Instant, KeyId, Status
from rotator.core.policy import REQUEST_DEADLINE_S, Traits
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential, derive_password

START = 1_800_000_000  # whole numbers beyond a billion are times, here and in the facts
DAY = 86_400
OURS, PERSON = "ours", "a person"
RUBBISH = "what a person pasted wrongly"
QUOTA = 2
LIST_LAG_S = 60  # so long a key list may show what was before the last change

Choice = Callable[[int, str], str]  # number and name of a call of this process -> what goes wrong, "" for nothing


class Broken(AssertionError):
    """A promise does not hold: the text says which, in the domain's words."""


class Killed(BaseException):
    """kill -9, right here: nothing catches it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One access key at IAM; `used` is its last use as IAM tells it (0 = never)."""

    id: str
    active: bool
    created: int
    by: str = OURS
    used: int = 0
    made_before: bool = False  # the adopted one


@dataclass(frozen=True, slots=True)
class Late:
    """A request without an answer that takes effect after `calls` more calls, and at the latest when `due` has come."""

    what: str  # create, activate, deactivate, delete, push, paste
    key: str
    due: int
    calls: int = 0  # 0 = not before `due`
    consumer: str = ""
    server: str = ""  # ... which then logs in there


@lru_cache(maxsize=4096)
def raw_secret(key: str) -> str:
    """The secret access key that IAM made for a key."""
    return base64.b64encode(hashlib.sha256(key.encode()).digest()).decode()[:40]


@lru_cache(maxsize=4096)
def credential(key: str, region: str) -> SmtpCredential:
    """The SMTP credential of a key."""
    return SmtpCredential(KeyId(key), derive_password(Secret(raw_secret(key)), region))


def key_name(number: int) -> str:
    """`AKIA...0001` and so on, in the order in which keys are made."""
    return f"AKIA{number:016d}"


@dataclass(slots=True)
class World:
    """Everything outside one process.  `look` is called before every call and after every change."""

    rows: dict[str, Row]
    holds: dict[str, str]
    through: dict[str, str] = field(default_factory=dict)  # consumer: the server that it was told to log in at
    now: int = START
    made: int = 0
    late: tuple[Late, ...] = ()
    before: tuple[Row, ...] = ()  # what a stale list shows, until
    before_until: int = 0
    ses: dict[str, tuple[bool, int]] = field(default_factory=dict)  # key: what SES still believes, until
    leaked: frozenset[str] = frozenset()
    revoked: bool = False  # a person chose that mail may be deferred
    ses_lag_s: int = 0
    call_s: int = 0  # how long each call takes
    last_used_tells: bool = True
    choose: Choice = lambda number, call: ""
    calls: list[str] = field(default_factory=list)  # of this process
    look: Callable[[], None] = lambda: None

    def copy(self) -> World:
        """The same world for another schedule: a new process, nothing scheduled."""
        rows, holds, ses = dict(self.rows), dict(self.holds), dict(self.ses)
        return replace(self, rows=rows, holds=holds, through=dict(self.through), ses=ses, calls=[])

    # --- calls ------------------------------------------------------------------------------------------------

    def call(self, name: str) -> str:
        """What goes wrong with this call, "" for nothing.  Raises Killed if the process dies before it."""
        self.look()
        self.calls.append(name)
        if self.call_s:
            self.tick(self.call_s)
        self._let_land()
        fault = self.choose(len(self.calls), name)
        if fault == "kill before":
            raise Killed
        return fault

    def done(self, fault: str) -> None:
        """The effect of the newest call has taken place, and its caller may not live to learn it."""
        self.look()
        if fault == "kill after":
            raise Killed

    def _let_land(self) -> None:
        counted = tuple(replace(one, calls=one.calls - 1) if one.calls else one for one in self.late)
        ready = [now for now, was in zip(counted, self.late, strict=True) if was.calls == 1]
        self.late = tuple(one for one in counted if one not in ready)
        for one in ready:
            self.land(one)

    def tick(self, seconds: float) -> None:
        """Time passes; what is on its way lands in its order."""
        until = self.now + int(seconds)
        while self.late:
            first = min(self.late, key=lambda one: one.due)
            if first.due > until:
                break
            self.now = max(self.now, first.due)
            self.late = tuple(one for one in self.late if one is not first)
            self.land(first)
        self.now = until

    def delay(self, fault: str, what: str, key: str = "", consumer: str = "", server: str = "") -> None:
        """A request goes on its way: `late` lands at its deadline, `late 3` with the third call from here."""
        calls = int(fault.removeprefix("late") or 0)
        self.late = (*self.late, Late(what, key, self.now + REQUEST_DEADLINE_S, calls, consumer, server))

    def land(self, late: Late) -> None:
        """A late request takes effect."""
        if late.what == "create":
            self.create()
        elif late.what in {"push", "paste"}:
            self.holds[late.consumer], self.through[late.consumer] = late.key, late.server
        elif late.what == "delete":
            self.delete(late.key)
        else:
            self.switch(late.key, active=late.what == "activate")
        self.look()

    # --- IAM ---------------------------------------------------------------------------------------------------

    def create(self, by: str = OURS) -> Row | None:
        """A new Active key, or None if the quota is full."""
        if len(self.rows) >= QUOTA:
            return None
        self.made += 1
        row = Row(key_name(self.made), active=True, created=self.now, by=by)
        self._change(row.id, row)
        return row

    def switch(self, key: str, *, active: bool) -> None:
        """UpdateAccessKey; a missing key changes nothing."""
        row = self.rows.get(key)
        if row is not None and row.active != active:
            self._change(key, replace(row, active=active))

    def delete(self, key: str) -> None:
        """DeleteAccessKey; a missing key changes nothing."""
        if key in self.rows:
            self._change(key, None)

    def _change(self, key: str, row: Row | None) -> None:
        if self.ses_lag_s:
            self.ses[key] = (self.accepts(key), self.now + self.ses_lag_s)
        self.before, self.before_until = tuple(self.rows.values()), self.now + LIST_LAG_S
        if row is None:
            del self.rows[key]
        else:
            self.rows[key] = row

    def listed(self, *, stale: bool) -> tuple[AccessKey, ...]:
        """What ListAccessKeys shows; a stale list is one from before the last change, for a minute."""
        rows = self.before if stale and self.now < self.before_until else tuple(self.rows.values())
        return tuple(as_listed(one) for one in rows)

    # --- SES ---------------------------------------------------------------------------------------------------

    def accepts(self, key: str) -> bool:
        """Whether SES lets the key in now; it learns of a change after its lag."""
        believed, until = self.ses.get(key, (False, 0))
        if self.now < until:
            return believed
        row = self.rows.get(key)
        return row is not None and row.active

    def login(self, key: str) -> bool:
        """One AUTH; an accepted one moves last-used."""
        taken = self.accepts(key)
        if taken and self.last_used_tells and key in self.rows:
            self.rows[key] = replace(self.rows[key], used=self.now)
        return taken

    def log_in_until(self, key: str, *, accepted: bool, seconds: float) -> bool:
        """Log in again and again until SES answers as wanted, or the time is over."""
        if self.login(key) is accepted:
            return True
        _, until = self.ses.get(key, (False, 0))
        if not self.now < until <= self.now + seconds:
            self.tick(seconds)
            return False
        self.tick(until - self.now)
        return self.login(key) is accepted


def as_listed(row: Row) -> AccessKey:
    """A row as ListAccessKeys gives it."""
    return AccessKey(KeyId(row.id), Status.ACTIVE if row.active else Status.INACTIVE, Instant(row.created))


REGION, FAR_REGION = "us-east-1", "eu-west-1"
FILE = Traits("relay", "credential_file", REGION, reads_back=True)
ALIAS = Traits("news", "gmail_send_as", REGION, sends=True)
PERSON_ALONE = Traits("admin", "human", REGION, by_hand=True)
MAILBOX = Traits("jada", "gmail_send_as", REGION, by_hand=True, sends=True)
STORE = Traits("vault", "secrets_manager", FAR_REGION, reads_back=True)
