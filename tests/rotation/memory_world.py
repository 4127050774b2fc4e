"""An in-memory edge below the ports: IAM, SES, consumers and a journal with one clock, as strict as the real ones.

It holds the truth, so that tests can compare what the program believes with what is.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rotator.core.access_keys import AccessKey, Identity, Instant, KeyId, LastUse, Status
from rotator.core.errors import AccessError, KeyNotFound, LockHeld, RemoteFault
from rotator.core.history import events as ev
from rotator.core.parts import Parts, Progress
from rotator.core.policy import Policy, Traits
from rotator.core.ports import (
    Acknowledged,
    Arrived,
    Canary,
    CanaryAnswer,
    Created,
    Deadline,
    Holding,
    KeyList,
    LoginRefused,
    NotReadable,
    Problem,
    PushAnswer,
    Refused,
    SoakAnswer,
    Unknown,
    Waiting,
)
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential, derive_password
from tests.journal.memory import MemoryJournal

START = 1_800_000_000
DAY = 86_400
REGION = "us-east-1"
OLD = "AKIAOLDOLDOLDOLDOLD0"


@dataclass
class Held:
    """One key as IAM keeps it."""

    key: AccessKey
    secret: str
    used: LastUse = field(default_factory=lambda: LastUse(None))


@dataclass
class MemoryWorld:
    """IAM, SES and the clock.  `faults` maps a call's name to what happens at its next arrivals."""

    now: int = START
    region: str = REGION  # the one whose passwords SES takes here
    keys: dict[str, Held] = field(default_factory=dict)
    made: int = 0
    calls: list[str] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    locked: bool = True
    last_use_works: bool = True

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self.now += int(seconds)

    def fault(self, name: str) -> str:
        """What is to go wrong with this call, if anything."""
        self.calls.append(name)
        waiting = self.faults.get(name, [])
        return waiting.pop(0) if waiting else ""

    def done(self) -> None:
        """An effect has taken place, and its caller has not yet been told."""

    def add(self, key_id: str, age_days: int = 85, status: Status = Status.ACTIVE) -> SmtpCredential:
        """A key made by somebody; returns its SMTP credential."""
        secret = "".join(base64.b64encode(hashlib.sha256(key_id.encode()).digest()).decode()[:40])
        self.keys[key_id] = Held(AccessKey(KeyId(key_id), status, Instant(self.now - age_days * DAY)), secret)
        return SmtpCredential(KeyId(key_id), derive_password(Secret(secret), REGION))

    def accepts(self, credential: SmtpCredential) -> bool:
        """Whether SES lets this credential in; an accepted login moves last-used."""
        held = self.keys.get(credential.key)
        if held is None or not held.key.active:
            return False
        if credential.password != derive_password(Secret(held.secret), self.region):
            return False
        if self.last_use_works:
            held.used = LastUse(Instant(self.now), "ses-smtp", REGION)
        return True


class MemoryKeys:
    """Implements `ports.AccessKeys`."""

    def __init__(self, world: MemoryWorld) -> None:
        self._world = world

    def identity(self) -> Identity:
        return Identity("123456789012", "jada", "AIDAJADA", self._date("identity"))

    def keys(self) -> KeyList:
        now = self._date("keys")
        return KeyList(tuple(one.key for one in self._world.keys.values()), now)

    def _date(self, call: str) -> Instant:
        """The Date of a reply; "ahead" and "behind" come from a broken proxy."""
        skew = {"ahead": 30 * DAY, "behind": -DAY}.get(self._world.fault(call), 0)
        return Instant(self._world.now + skew)

    def last_use(self, key: KeyId) -> LastUse:
        fault = self._world.fault("last_use")
        if fault:
            raise AccessError("not allowed") if fault == "denied" else RemoteFault("no answer")
        if key not in self._world.keys:
            raise KeyNotFound(f"GetAccessKeyLastUsed: {key} cannot be found")
        return self._world.keys[key].used

    def create(self) -> Created | Refused | Unknown:
        fault = self._world.fault("create")
        if fault == "lost":
            return Unknown("connection closed")
        if len(self._world.keys) >= 2 or fault == "refused":
            return Refused("LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2")
        self._world.made += 1
        key_id = f"AKIANEW{self._world.made:013d}"
        self._world.add(key_id, age_days=0)
        held = self._world.keys[key_id]
        self._world.done()
        if fault == "reply_lost":
            return Unknown("connection closed")
        return Created(held.key, Secret(held.secret))

    def activate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        return self._switch("activate", key, Status.ACTIVE)

    def deactivate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        return self._switch("deactivate", key, Status.INACTIVE)

    def _switch(self, name: str, key: KeyId, status: Status) -> Acknowledged | Refused | Unknown:
        fault = self._world.fault(name)
        if fault == "lost":
            return Unknown("timed out")
        if key not in self._world.keys:
            return Refused("NoSuchEntity")
        held = self._world.keys[key]
        held.key = replace(held.key, status=status)
        self._world.done()
        return Unknown("timed out") if fault == "reply_lost" else Acknowledged()

    def delete(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        fault = self._world.fault("delete")
        if fault == "lost":
            return Unknown("timed out")
        if self._world.keys.pop(key, None) is not None:
            self._world.deleted.append(key)
        self._world.done()
        return Unknown("timed out") if fault == "reply_lost" else Acknowledged()

    def may_send(self) -> Acknowledged | Refused | Unknown:
        self._world.fault("may_send")
        return Acknowledged()


class MemoryEndpoint:
    """Implements `ports.Endpoint`: three logins in a row make a verdict."""

    name = REGION
    region = REGION

    def __init__(self, world: MemoryWorld) -> None:
        self._world = world

    def reach(self, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        return Unknown("timed out") if self._world.fault("reach") else Acknowledged()

    def soak(self, credential: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        if self._world.fault("soak"):
            return SoakAnswer(reached=False, accepted=0, refused=5, detail="535")
        taken = self._world.accepts(credential)
        return SoakAnswer(reached=taken, accepted=3 * taken, refused=3 * (not taken), detail="235" if taken else "535")

    def refuses(self, credential: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        slow = self._world.fault("refuses")
        taken = bool(slow) or self._world.accepts(credential)
        return SoakAnswer(reached=not taken, accepted=int(taken), refused=3 * (not taken), detail="")


class MemoryConsumer:
    """Implements `ports.Consumer` for every set of traits; `held` is what it really holds."""

    def __init__(self, world: MemoryWorld, traits: Traits, held: SmtpCredential | None) -> None:
        self.traits, self._world, self.held = traits, world, held

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        broken = self._world.fault(f"preflight {self.traits.name}")
        return [Problem("broken", f"{self.traits.name} is broken", "mend it")] if broken else []

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        fault = self._world.fault(f"push {self.traits.name}")
        if self.traits.by_hand:
            return Waiting()
        if deadline.over:
            return Unknown("no time left")
        if fault == "refused":
            return Refused("no", fix="ask the owner")
        if fault == "lost":
            return Unknown("timed out")
        if fault != "lied":
            self.held = credential
        self._world.done()
        return Unknown("timed out") if fault == "reply_lost" else Acknowledged()

    def holds(self, deadline: Deadline) -> Holding:
        if self._world.fault(f"holds {self.traits.name}"):
            return Unknown("no answer")
        if not self.traits.reads_back:
            return NotReadable()
        return self.held.key if self.held else Unknown("empty")

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        if not self.traits.sends or self._world.fault(f"send {self.traits.name}"):
            return Unknown("nothing arrived")
        if self.held is None or not self._world.accepts(self.held):
            return LoginRefused("535 Authentication Credentials Invalid")
        return Arrived()

    def instructions(self) -> Sequence[str]:
        return ("open the settings", "paste") if self.traits.by_hand else ()


class WorldJournal(MemoryJournal):
    """The journal of a world: its lock can be lost."""

    def __init__(self, world: MemoryWorld) -> None:
        super().__init__()
        self._world = world

    def check_lock(self) -> None:
        """Raises LockHeld once the world says so."""
        if not self._world.locked:
            raise LockHeld("the lock was lost")


FILE = Traits("relay", "credential_file", REGION, reads_back=True)
WORKSPACE = Traits("news", "gmail_send_as", REGION, sends=True)
BY_HAND = Traits("admin", "gmail_send_as", REGION, by_hand=True)
PERSON_WITH_TOKEN = Traits("jada", "gmail_send_as", REGION, by_hand=True, sends=True)


def build(
    *traits: Traits,
    sole_creator: bool = True,
    sealed: bool = True,
    observer: Callable[[Progress], None] = lambda _: None,
    policy_changes: dict[str, object] | None = None,
) -> tuple[MemoryWorld, Parts]:
    """A world with one adopted, 85 days old key that every consumer holds, and the parts of its rotation."""
    world = MemoryWorld()
    credential = world.add(OLD)
    policy = Policy("jada", "123456789012", traits, sole_creator=sole_creator)
    policy = replace(policy, **(policy_changes or {}))  # type: ignore[arg-type]
    journal = WorldJournal(world)
    names = tuple(one.name for one in traits)
    places = tuple(one.place for one in traits)
    adopted = ev.Adopted(world.now, "123456789012", "jada", "AIDAJADA", OLD, names, sealed, places)
    journal.append_sealed(adopted, [(REGION, credential)]) if sealed else journal.append(adopted)
    tokens = iter(f"token-{n}" for n in range(10_000))
    return world, Parts(
        policy=policy,
        journal=journal,
        access_keys=MemoryKeys(world),
        endpoints={REGION: MemoryEndpoint(world)},
        consumers={one.name: MemoryConsumer(world, one, credential) for one in traits},
        new_token=lambda: next(tokens),
        monotonic=lambda: float(world.now),
        sleep=world.tick,
        observer=observer,
    )
