"""The ports over a world, with a choice wherever luck decides: the shipped loop's effects run on these unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rotator.core.access_keys import AccessKey, Identity, Instant, KeyId, LastUse
from rotator.core.errors import KeyNotFound, RemoteFault
from rotator.core.history import events as ev
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
from tests.explorer import world as w
from tests.explorer.play import Play
from tests.explorer.world import NOW, OURS, Broken

WHO = Identity("123456789012", "ses", "AIDA")


@dataclass(frozen=True, slots=True)
class Vault:
    """The sealed rows; the text is of no interest here."""

    play: Play

    def open(self, key: KeyId, region: str) -> SmtpCredential | None:
        """A credential for every key that is sealed."""
        return SmtpCredential(key, Secret("x")) if key in self.play.world.sealed else None

    def probe(self) -> None:
        """Always works here."""


INTENTS = (ev.CreateIntended, ev.EffectIntended, ev.PushIntended, ev.CanaryIntended)


@dataclass
class Journal:
    """The events of this play.  The process may die between an effect and its record, and before its effect."""

    play: Play
    new: list[ev.Event] = field(default_factory=list)

    @property
    def vault(self) -> Vault:
        """The vault beside it."""
        return Vault(self.play)

    def events(self) -> Sequence[ev.Event]:
        """What was appended in this play; the facts of before are set from outside."""
        return self.new

    def append(self, event: ev.Event) -> None:
        """Record one event."""
        if not isinstance(event, INTENTS):
            self.play.or_killed(f"before {type(event).__name__} was recorded")
        self.new.append(event)

    def append_sealed(self, event: ev.Event, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        """Record and seal in one transaction."""
        self.append(event)
        self.play.world = replace(self.play.world, sealed=self.play.world.sealed | {one.key for _, one in secrets})

    def append_erased(self, event: ev.Event, key: KeyId) -> None:
        """Record and erase in one transaction."""
        self.append(event)
        self.play.world = replace(self.play.world, sealed=self.play.world.sealed - {key})

    def check_lock(self) -> None:
        """Stands between an intent and its effect."""
        self.play.or_killed("between intent and effect")


@dataclass(frozen=True, slots=True)
class Iam:
    """AccessKeys.  Requests against the promises are refused here, whatever comes of them."""

    play: Play
    last_used_tells: bool

    def identity(self) -> Identity:
        """The user that was adopted."""
        return WHO

    def keys(self) -> KeyList:
        """The list, sometimes one from before the last change."""
        world = self.play.world
        if world.before_until >= NOW and world.before != world.rows:
            stale = self.play.choose(("fresh", 0), ("the key list is stale", 1)) != "fresh"
            return KeyList(w.as_listed(world.before) if stale else world.listed(), NOW)
        return KeyList(world.listed(), NOW)

    def last_use(self, key: KeyId) -> LastUse:
        """The newest use; nothing in an account where SMTP does not move it."""
        if self.play.choose(("answered", 0), ("no answer about last use", 1)) != "answered":
            raise RemoteFault("no answer")
        if key not in {one.id for one in self.play.world.listed()}:
            raise KeyNotFound(key)
        at = dict(self.play.world.used).get(key) if self.last_used_tells else None
        return LastUse(Instant(at)) if at else LastUse(None)

    def create(self) -> Created | Refused | Unknown:
        """One attempt."""
        self.play.not_before_revoking("another key is made")
        how = self.play.choose(
            ("created", 0), ("the reply is lost", 1), ("refused", 1), ("it will land late", 1), ("it is lost", 1)
        )
        if how == "refused" or len(self.play.world.rows) >= 2:
            return Refused("LimitExceeded")
        if how == "it will land late":
            self.play.world = self.play.world.on_its_way("create", "")
        if how in {"it will land late", "it is lost"}:
            return Unknown(how)
        self.play.world, row = w.create(self.play.world)
        assert row is not None
        if how == "the reply is lost":
            return Unknown(how)
        listed = AccessKey(KeyId(row.id), w.as_listed((row,))[0].status, Instant(row.created))
        return Created(listed, Secret("some+secret+key"))

    def activate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Switch on; a leaked key never."""
        if key in self.play.world.leaked:
            raise Broken(f"{key} leaked and is switched on again")
        self.play.world = replace(self.play.world, missed=())
        return self._write("activate", key)

    def deactivate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Switch off."""
        if key in self.play.world.leaked:
            self.play.world = replace(self.play.world, off_tried=self.play.world.off_tried | {key})
        return self._write("deactivate", key)

    def delete(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Delete; one already gone is done."""
        return self._write("delete", key)

    def may_send(self) -> Acknowledged | Refused | Unknown:
        """Allowed."""
        return Acknowledged()

    def _write(self, what: str, key: KeyId) -> Acknowledged | Refused | Unknown:
        row = self.play.world.row(key)
        if row is not None and row.by != OURS:
            raise Broken(f"{what} of {key}, which is a person's own key")
        if row is None and what != "delete":
            return Refused("NoSuchEntity")
        how = self.play.choose(("done", 0), ("the reply is lost", 1), ("it will land late", 1), ("it is lost", 1))
        if how == "it will land late":
            self.play.world = self.play.world.on_its_way(what, key)
        if how in {"it will land late", "it is lost"}:
            return Unknown(how)
        self.play.world = w.land(self.play.world, w.Late(what, key, 0))
        return Acknowledged() if how == "done" else Unknown(how)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """SES: takes a key, does not take it, or is busy."""

    play: Play
    name: str = "here"
    region: str = "us-east-1"

    def reach(self, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Reachable."""
        return Acknowledged()

    def soak(self, credential: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        """Accepted in the end, refused to the end, or no word."""
        return self._asked(credential.key, wanted=True)

    def refuses(self, credential: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        """Refused in the end, accepted to the end, or no word."""
        return self._asked(credential.key, wanted=False)

    def _asked(self, key: str, *, wanted: bool) -> SoakAnswer:
        if self.play.choose(("SES answered", 0), ("SES was busy all the time", 1)) != "SES answered":
            return SoakAnswer(reached=False, accepted=0, refused=0, detail="454")
        accepted = self.play.accepts(key)
        return SoakAnswer(accepted is wanted, int(accepted), int(not accepted), "")


@dataclass(frozen=True, slots=True)
class Consumer:
    """One place that holds the credential.  A liar says yes without doing it, where evidence can find out."""

    play: Play
    traits: Traits

    def preflight(self, deadline: Deadline) -> Sequence[Problem]:
        """Nothing to complain of."""
        return ()

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """One attempt; a person's place only waits."""
        self.play.not_before_revoking(f"{self.traits.name} is told")
        self._not_before_switching_on()
        if self.traits.by_hand:
            return Waiting()
        lies = [("it says yes and does nothing", 1)] if self.traits.reads_back or self.traits.sends else []
        how = self.play.choose(
            ("done", 0), ("the reply is lost", 1), ("it is lost", 1), ("it will land late", 1), ("refused", 1), *lies
        )
        if how in {"done", "the reply is lost"}:
            self.play.world = self.play.world.holding(self.traits.name, credential.key)
        if how == "it will land late":
            self.play.world = self.play.world.on_its_way("push", credential.key, self.traits.name)
        if how == "refused":
            return Refused(how)
        return Acknowledged() if how.startswith(("done", "it says")) else Unknown(how)

    def holds(self, deadline: Deadline) -> Holding:
        """What it really holds, if it can say and answers."""
        if not self.traits.reads_back:
            return NotReadable()
        if self.play.choose(("answered", 0), ("it cannot be read back now", 1)) != "answered":
            return Unknown("no answer")
        return KeyId(self.play.world.held(self.traits.name))

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """A mail with what it really holds."""
        if self.play.choose(("the mail has an end", 0), ("the mail is not seen again", 1)) != "the mail has an end":
            return Unknown("not seen again")
        held = self.play.world.held(self.traits.name)
        accepted, row = self.play.accepts(held), self.play.world.row(held)
        if not accepted and row is not None and not row.active and held not in self.play.world.leaked:
            self.play.world = replace(self.play.world, missed=(*self.play.world.missed, self.traits.name)[-2:])
        return Arrived() if accepted else LoginRefused("535")

    def _not_before_switching_on(self) -> None:
        """Twice refused because its key is off: that key is switched on again before anything else is tried."""
        world = self.play.world
        row = world.row(world.held(self.traits.name))
        if world.missed.count(self.traits.name) >= 2 and row is not None and not row.active and row.id not in world.hit:
            raise Broken(f"{self.traits.name} needs {row.id}, which stays Inactive")

    def instructions(self) -> Sequence[str]:
        """Of no interest here."""
        return ()
