"""The account's access keys: two a user, with the lags, the stale lists and the late effects that IAM has.

Nothing here speaks HTTP: `iam.py` does, and `login.py` asks whether a front end already knows a key.
"""

from __future__ import annotations

import random
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Status = Literal["Active", "Inactive", "Deleted"]
KEYS_PER_USER = 2
SPAN = timedelta(minutes=15)  # within it only the first use is recorded (IAM user guide, last-used)
LATE = timedelta(seconds=30)  # when the effect of a late call happens
STALE_AT_MOST = timedelta(seconds=5)


class QuotaFull(Exception):
    """The user has two keys, Inactive ones counted."""


class NoSuchKey(Exception):
    """No such key of this user, or deleted before; the argument is the id."""


@dataclass(frozen=True, slots=True)
class Lags:
    """How slow the account is, in seconds of the sandbox's clock."""

    created: tuple[float, float] = (1.0, 3.0)  # least and most until a front end accepts a new or reactivated key
    stopped: tuple[float, float] = (2.0, 5.0)  # until it refuses a deactivated or deleted one
    last_used: tuple[float, float] = (900.0, 1500.0)  # until a use shows up in GetAccessKeyLastUsed
    stale_lists: int = 2  # after a change at most so many lists still show what was before

    @classmethod
    def none(cls) -> Lags:
        """A calm account: everything at once."""
        return cls((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), 0)


@dataclass(frozen=True, slots=True)
class Use:
    """One recorded use; `visible` is when the API starts to report it."""

    at: datetime
    service: str
    region: str
    visible: datetime


@dataclass(slots=True)
class Key:
    """One access key with its whole history; a deleted one stays here, and only here."""

    id: str
    user: str
    secret: str = field(repr=False)
    created: datetime
    changes: list[tuple[datetime, Status]]
    uses: list[Use] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """What the control plane says; a front end may not know it yet."""
        return self.changes[-1][1]


@dataclass(frozen=True, slots=True)
class Row:
    """One key as ListAccessKeys shows it."""

    id: str
    user: str
    status: Status
    created: datetime


class KeyStore:
    """All access keys of one account.  Thread-safe; every look at it first lets late effects happen."""

    def __init__(self, now: Callable[[], datetime], rng: random.Random, lags: Lags) -> None:
        self._now, self._rng, self._lags = now, rng, lags
        self._lock = threading.RLock()
        self._keys: dict[str, Key] = {}
        self._late: list[tuple[datetime, Callable[[datetime], object]]] = []
        self._before: dict[str, tuple[list[Row], datetime]] = {}  # what lists showed before the last change, and when
        self._stale: dict[str, int] = {}
        self.creations = 0  # keys ever made, so that a test can count the effects of a call

    def create(self, user: str, at: datetime | None = None) -> Key:
        """A new Active key.  Raises QuotaFull."""
        with self._settled():
            born = at or self._now()
            if len(self._alive(user)) >= KEYS_PER_USER:
                raise QuotaFull
            self._remember(user)
            key = Key(self._new_id(), user, self._new_secret(), born, [(born, "Active")])
            self._keys[key.id] = key
            self.creations += 1
            return key

    def set_status(self, user: str, key_id: str, status: Status, at: datetime | None = None) -> None:
        """Active, Inactive, or Deleted for good.  Raises NoSuchKey."""
        with self._settled():
            key = self._keys.get(key_id)
            if key is None or key.user != user or key.status == "Deleted":
                raise NoSuchKey(key_id)
            if key.status != status:
                self._remember(user)
                key.changes.append((at or self._now(), status))

    def later(self, effect: Callable[[datetime], object]) -> None:
        """Let `effect` happen in half a minute of the sandbox's time, whatever the caller was told meanwhile."""
        with self._settled():
            self._late.append((self._now() + LATE, effect))

    def rows(self, user: str, *, stale: bool = False) -> list[Row]:
        """The user's keys as a list call sees them: with `stale`, or by bad luck, as before the last change."""
        with self._settled():
            before = self._before.get(user)
            if before is None:
                return self._rows(user)
            unlucky = self._stale.get(user, 0) > 0 and self._now() - before[1] < STALE_AT_MOST
            self._stale[user] = self._stale.get(user, 0) - 1
            return before[0] if stale or unlucky else self._rows(user)

    def now_held(self, user: str) -> list[Key]:
        """The user's keys in truth, never stale."""
        with self._settled():
            return self._alive(user)

    def find(self, key_id: str) -> Key | None:
        """The key, deleted ones too."""
        with self._settled():
            return self._keys.get(key_id)

    def use(self, key: Key, service: str, region: str, at: datetime | None = None) -> None:
        """Record a use; only the first one within 15 minutes counts."""
        with self._settled():
            when = at or self._now()
            if not key.uses or when - key.uses[-1].at >= SPAN:
                visible = when + timedelta(seconds=self._rng.uniform(*self._lags.last_used))
                key.uses.append(Use(when, service, region, visible))

    def last_use(self, key: Key) -> Use | None:
        """The latest use that the API already knows of."""
        with self._settled():
            now = self._now()
            return next((use for use in reversed(key.uses) if use.visible <= now), None)

    def secrets(self) -> list[str]:
        """Every secret access key ever made."""
        with self._lock:
            return [key.secret for key in self._keys.values()]

    def _settled(self) -> threading.RLock:
        """The lock, to be entered, after late effects whose time has come took place in their order."""
        with self._lock:
            now = self._now()
            due = sorted((item for item in self._late if item[0] <= now), key=lambda item: item[0])
            self._late = [item for item in self._late if item[0] > now]
            for at, effect in due:
                try:
                    effect(at)
                except (QuotaFull, NoSuchKey):
                    continue  # nobody is left to hear of it
        return self._lock

    def _alive(self, user: str) -> list[Key]:
        return [key for key in self._keys.values() if key.user == user and key.status != "Deleted"]

    def _rows(self, user: str) -> list[Row]:
        return [Row(key.id, key.user, key.status, key.created) for key in self._alive(user)]

    def _remember(self, user: str) -> None:
        self._before[user] = (self._rows(user), self._now())
        self._stale[user] = self._rng.randint(0, self._lags.stale_lists)

    def _new_id(self) -> str:
        return "AKIA" + "".join(self._rng.choices(string.ascii_uppercase + "234567", k=16))

    def _new_secret(self) -> str:
        """40 characters with `+` and `/` in nearly every one, where careless encoders break."""
        return "".join(self._rng.choices(string.ascii_letters + string.digits + "++++////", k=40))


class FrontEnd:
    """One server behind the SMTP endpoint's name, with its own delay in hearing of keys."""

    def __init__(self, name: str, rng: random.Random, lags: Lags) -> None:
        self.name = name
        self._created = timedelta(seconds=rng.uniform(*lags.created))
        self._stopped = timedelta(seconds=rng.uniform(*lags.stopped))

    def accepts(self, key: Key, now: datetime) -> bool:
        """Whether this front end, at `now`, takes the key for Active."""
        known = [status for at, status in key.changes if at + self._lag(status) <= now]
        return bool(known) and known[-1] == "Active"

    def _lag(self, status: Status) -> timedelta:
        return self._created if status == "Active" else self._stopped
