"""The ports over a world: IAM, endpoints and consumers as strict as the real ones, with a fault at any call.

`FAULTS` says which faults a call can have; a search tries them all, a generator draws from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rotator.core.access_keys import Identity, Instant, KeyId, LastUse
from rotator.core.errors import KeyNotFound, RemoteFault
from rotator.core.policy import Traits
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
from rotator.core.smtp_credential import SmtpCredential
from tests.schedules.world import OURS, PERSON, REGION, Broken, World, as_listed, credential, raw_secret

WHO = Identity("123456789012", "jada", "AIDAJADA")
KILL = ("kill before",)
READ = ("fail", *KILL)
EFFECT = ("lost", "refused", "reply lost", "late", *KILL, "kill after")
FAULTS: dict[str, tuple[str, ...]] = {
    "identity": READ,
    "keys": (*READ, "stale"),
    "last use": READ,
    "may send": (*READ, "refused"),
    "reach": READ,
    "soak": (*READ, "kill after", "refused"),
    "refuses": (*READ, "kill after"),
    "create": EFFECT,
    "activate": EFFECT,
    "deactivate": EFFECT,
    "delete": EFFECT,
    "preflight": READ,
    "push": (*EFFECT, "lied"),
    "holds": READ,
    "send": ("lost", "reply lost", "refused", *KILL, "kill after"),
    "paste": ("rubbish", "late"),
    "record": KILL,
}


def faults_of(call: str) -> tuple[str, ...]:
    """The faults that a call can have; "push relay" is a push."""
    return FAULTS[call] if call in FAULTS else FAULTS[call.partition(" ")[0]]


@dataclass(frozen=True, slots=True)
class Iam:
    """Implements `ports.AccessKeys`; a write to somebody else's key is refused here, whatever comes of it."""

    world: World

    def identity(self) -> Identity:
        self._read("identity")
        return WHO

    def keys(self) -> KeyList:
        fault = self._read("keys")
        return KeyList(self.world.listed(stale=fault == "stale"), Instant(self.world.now))

    def last_use(self, key: KeyId) -> LastUse:
        self._read("last use")
        row = self.world.rows.get(key)
        if row is None:
            raise KeyNotFound("no such key")
        return LastUse(Instant(row.used), "ses-smtp", REGION) if row.used else LastUse(None)

    def _read(self, name: str) -> str:
        fault = self.world.call(name)
        if fault == "fail":
            raise RemoteFault("no answer")
        return fault

    def create(self) -> Created | Refused | Unknown:
        fault = self.world.call("create")
        if fault == "refused":
            return Refused("Throttling")
        if fault == "stranger":  # a person was quicker, and our own request got lost
            self.world.create(by=PERSON)
            return Unknown("connection closed")
        if fault.startswith("late"):
            self.world.delay(fault, "create")
        if fault == "lost" or fault.startswith("late"):
            return Unknown("connection closed")
        row = self.world.create()
        if row is None:
            return Refused("LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2")
        self.world.done(fault)
        return Unknown("reply lost") if fault == "reply lost" else Created(as_listed(row), Secret(raw_secret(row.id)))

    def activate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        if key in self.world.leaked:
            raise Broken(f"{key} leaked and is switched on again")
        return self._write("activate", key)

    def deactivate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        return self._write("deactivate", key)

    def delete(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        return self._write("delete", key)

    def may_send(self) -> Acknowledged | Refused | Unknown:
        fault = self.world.call("may send")
        if fault == "fail":
            return Unknown("AccessDenied")
        return Refused("implicitDeny") if fault == "refused" else Acknowledged()

    def _write(self, what: str, key: KeyId) -> Acknowledged | Refused | Unknown:
        row = self.world.rows.get(key)
        if row is not None and row.by != OURS:
            raise Broken(f"{what} of {key}, which is a person's own key")
        fault = self.world.call(what)
        if fault == "refused" or (row is None and what != "delete"):
            return Refused("Throttling" if fault else "NoSuchEntity")
        if fault.startswith("late"):
            self.world.delay(fault, what, key)
        if fault == "lost" or fault.startswith("late"):
            return Unknown("timed out")
        if what == "delete":
            self.world.delete(key)
        else:
            self.world.switch(key, active=what == "activate")
        self.world.done(fault)
        return Unknown("timed out") if fault == "reply lost" else Acknowledged()


@dataclass(frozen=True, slots=True)
class SmtpEndpoint:
    """Implements `ports.Endpoint`."""

    world: World
    name: str
    region: str

    def reach(self, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        return Unknown("timed out") if self.world.call("reach") == "fail" else Acknowledged()

    def soak(self, login: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        return self._ask("soak", login, deadline, wanted=True)

    def refuses(self, login: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        return self._ask("refuses", login, deadline, wanted=False)

    def _ask(self, what: str, login: SmtpCredential, deadline: Deadline, *, wanted: bool) -> SoakAnswer:
        fault = self.world.call(what)
        must_match(login, self.region)
        if fault == "fail":
            return SoakAnswer(reached=False, accepted=0, refused=0, detail="454")
        if fault == "refused":
            return SoakAnswer(reached=False, accepted=0, refused=3, detail="535")
        reached = self.world.log_in_until(login.key, accepted=wanted, seconds=deadline.left)
        self.world.done(fault)
        taken = reached is wanted
        return SoakAnswer(reached, accepted=3 * taken, refused=3 * (not taken), detail="235" if taken else "535")


def must_match(login: SmtpCredential, region: str) -> None:
    """A password is always the one of its key and region: id and password are one value."""
    if login != credential(login.key, region):
        raise Broken(f"a password that is not the one of {login.key} in {region}")


@dataclass(frozen=True, slots=True)
class Place:
    """Implements `ports.Consumer` for every set of traits; what it really holds stands in the world."""

    world: World
    traits: Traits
    region: str

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        broken = self.world.call(f"preflight {self.traits.name}") == "fail"
        return [Problem("broken", f"{self.traits.name} is broken", "mend it")] if broken else []

    def push(self, login: SmtpCredential, deadline: Deadline) -> PushAnswer:
        if self.traits.by_hand:
            return Waiting()
        name = self.traits.name
        fault = self.world.call(f"push {name}")
        must_match(login, self.region)
        if fault == "refused":
            return Refused("no", fix="ask the owner")
        if fault.startswith("late"):
            self.world.delay(fault, "push", login.key, name, self.traits.server)
        if fault == "lost" or fault.startswith("late"):
            return Unknown("timed out")
        self.world.through[name] = self.traits.server  # a yes shows the server, of which there can be no lie
        if fault != "lied":
            self.world.holds[name] = login.key
        self.world.done(fault)
        return Unknown("timed out") if fault == "reply lost" else Acknowledged()

    def holds(self, deadline: Deadline) -> Holding:
        if not self.traits.reads_back:
            return NotReadable()
        if self.world.call(f"holds {self.traits.name}") == "fail":
            return Unknown("timed out")
        return KeyId(self.world.holds[self.traits.name])

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        fault = self.world.call(f"send {self.traits.name}")
        if fault == "lost":
            return Unknown("nothing arrived")
        taken = self.world.login(self.world.holds[self.traits.name])
        self.world.done(fault)
        if fault == "reply lost" or (taken and self.world.through[self.traits.name] != self.traits.server):
            return Unknown("nothing seen, or it came through another server")
        return Arrived() if taken and fault != "refused" else LoginRefused("535 Authentication Credentials Invalid")

    def instructions(self) -> Sequence[str]:
        return ("open the settings", "paste") if self.traits.by_hand else ()
