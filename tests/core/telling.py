"""Words for the past of a run and for what is seen now, so that a case reads as a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rotator.core.access_keys import AccessKey, Identity, Instant, KeyId, LastUse, Status
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.next_step import decide
from rotator.core.policy import DAY_S, Mode, Policy, Traits
from rotator.core.ports import Holding
from rotator.core.situation import Observed, Tried
from rotator.core.steps import Ask, ConfirmedConsumer, Refuse, Replaced, Step, VerifiedKey, Wait

T = 1_800_000_000  # when the run was opened
HOUR, DAY = 3600, DAY_S
OLD, NEW, OTHER, THIRD = "AKIA-OLD", "AKIA-NEW", "AKIA-OTHER", "AKIA-THIRD"
WHO = Identity("123456789012", "ses", "AIDA1")

FILE = Traits("file", "credential_file", "here", reads_back=True)
GMAIL = Traits("gmail", "gmail_send_as", "here", sends=True)
HAND = Traits("hand", "human", "here", by_hand=True)
ALIAS = Traits("alias", "gmail_send_as", "here", by_hand=True, sends=True)


def on(key: str, age: int = 80 * DAY) -> AccessKey:
    """An Active key, `age` seconds older than the run."""
    return AccessKey(KeyId(key), Status.ACTIVE, Instant(T - age))


def off(key: str, age: int = 80 * DAY) -> AccessKey:
    """An Inactive key."""
    return AccessKey(KeyId(key), Status.INACTIVE, Instant(T - age))


def adopted(key: str = OLD, *names: str, sealed: bool = True) -> ev.Adopted:
    """The user was adopted long ago."""
    return ev.Adopted(T - DAY, WHO.account, WHO.user, WHO.user_id, key, names or ("gmail",), sealed)


def opened(old: str = OLD, *names: str, mode: int = 0, at: int = T) -> ev.RunOpened:
    """A run is open."""
    return ev.RunOpened(at, "run", mode, "", old, names or ("gmail",))


def run(*more: ev.Event, names: tuple[str, ...] = ("gmail",), mode: int = 0, sealed: bool = True) -> list[ev.Event]:
    """An adopted user with an open run about its key, and what happened since."""
    return [adopted(OLD, *names, sealed=sealed), opened(OLD, *names, mode=mode), *more]


def intended(*listed: str, at: int = T) -> ev.CreateIntended:
    """A create was about to be sent."""
    return ev.CreateIntended(at, listed, at + 21)


def unclear(*listed: str, at: int = T) -> list[ev.Event]:
    """A create ended without a reply."""
    return [intended(*listed, at=at), ev.CreateSettled(at + 20, ev.Outcome.UNKNOWN)]


def created(at: int = T, key: str = NEW, *listed: str) -> list[ev.Event]:
    """A new key was made and its secret sealed."""
    return [intended(*(listed or (OLD,)), at=at), ev.KeyCreated(at, key)]


def verified(at: int = T, key: str = NEW) -> list[ev.Event]:
    """The new key logged in."""
    return [ev.LoggedIn(at, key, "here"), ev.Verified(at, key, "here")]


def pushed(name: str, outcome: str = ev.Outcome.DONE, at: int = T, key: str = NEW) -> list[ev.Event]:
    """A consumer was told and answered."""
    return [ev.PushIntended(at, name, key, at + 21), ev.PushSettled(at, name, key, outcome)]


def mail(name: str, outcome: str = ev.CanaryOutcome.ARRIVED, at: int = T) -> list[ev.Event]:
    """A canary through a consumer ended."""
    return [ev.CanaryIntended(at, name, "t", at + 75), ev.CanarySettled(at, name, "t", outcome, at)]


def told(*names: str, at: int = T) -> list[ev.Event]:
    """A verified new key that these consumers acknowledged."""
    return [*created(at), *verified(at), *(event for name in names for event in pushed(name, at=at))]


def switched(effect: str, key: str, at: int, outcome: str = ev.Outcome.DONE, born: int = 0) -> list[ev.Event]:
    """IAM was asked to change a key."""
    return [ev.EffectIntended(at, effect, key, at + 21, "", born), ev.EffectSettled(at, effect, key, outcome)]


def deactivated(at: int, key: str = OLD, outcome: str = ev.Outcome.DONE) -> list[ev.Event]:
    """The old key was switched off."""
    return switched(ev.Effect.DEACTIVATE, key, at, outcome)


def used(at: int | None) -> LastUse:
    """Last use at that time; None: never."""
    return LastUse(None if at is None else Instant(at))


@dataclass(frozen=True)
class Case:
    """A past, what is seen now, and the step that must come."""

    past: list[ev.Event]
    keys: tuple[AccessKey, ...] | None
    expected: Any
    now: int = T + 60
    consumers: tuple[Traits, ...] = (GMAIL,)
    sole_creator: bool = True
    last_use: Mapping[str, int | None] = field(default_factory=dict)  # None: never used; -1: no answer
    absent: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    holdings: dict[str, Holding] = field(default_factory=dict)
    preflight: tuple[Any, ...] | None = ()
    tried: frozenset[Tried] = frozenset()
    identity: Identity | None = WHO
    keys_age: int = 0
    grace: int = 3 * DAY

    def step(self) -> Step:
        """What the shipped decision says."""
        policy = Policy(WHO.user, WHO.account, self.consumers, self.sole_creator, grace_s=self.grace)
        uses = tuple((key, None if at == -1 else used(at)) for key, at in self.last_use.items())
        observed = Observed(
            identity=self.identity,
            keys=self.keys,
            keys_at=self.now - self.keys_age if self.keys is not None else 0,
            last_use=uses,
            absent=self.absent,
            denied=self.denied,
            holdings=tuple(self.holdings.items()),
            preflight=self.preflight,
            tried=self.tried,
        )
        return decide(fold(self.past), observed, policy, Instant(self.now))[0]


def essence(step: Step) -> Step:
    """The step without its words for people."""
    if isinstance(step, Wait | Ask):
        return replace(step, why="")
    return replace(step, seen=()) if isinstance(step, Refuse) else step


BOTH = (on(OLD), on(NEW, 0))
KEYS_OFF = (off(OLD), on(NEW, 0))
CONFIRMED = [*told("gmail"), *mail("gmail")]
GRACE = T + 3 * DAY  # its end by default: 72 h
OFF = [*CONFIRMED, *deactivated(GRACE), ev.OldRefused(GRACE + 9, OLD, seen=True)]
SURVIVED = [*OFF, *mail("gmail", at=GRACE + 20)]
END = GRACE + 7 * DAY  # of the watch
LEAKED_OLD, LEAKED_NEW = ev.Compromised(T, OLD, "on a public page"), ev.Compromised(T, NEW, "on a public page")
EMERGENCY, REVOKE_FIRST = int(Mode.EMERGENCY), int(Mode.REVOKE_FIRST)


def wait(number: int, until: int, *, urgent: bool = False) -> Wait:
    """A wait, without its words."""
    return Wait(number, Instant(until), "", urgent)


def refuse(number: int, name: str) -> Refuse:
    """A refusal, without what it saw."""
    return Refuse(number, name)


def replaced(name: str, rung: str) -> Replaced:
    """The proof that the old key may go off."""
    return Replaced(OLD, VerifiedKey(NEW, ("here",)), (ConfirmedConsumer(name, rung),))
