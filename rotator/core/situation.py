"""What was observed in this process, and the view of it that the rules share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from rotator.core.access_keys import AccessKey, Identity, Instant, LastUse, Status
from rotator.core.facts import ConsumerFacts, Facts, KeyFacts, Run
from rotator.core.history.events import Effect, Outcome
from rotator.core.policy import LIST_LAG_S, Policy, Traits
from rotator.core.ports import Holding, Problem

ATTEMPTS_A_PROCESS = 3  # an unclear effect is repeated this often before the next process goes on
KEYS_FRESH_S = 60  # a key list older than this is looked up again before it decides anything


class Act(StrEnum):
    """What a process may be done with; those that are effects on a key have the effect's name."""

    CREATE = "create"
    DISCARD = "discard"
    VERIFY = "verify"
    UNSEAL = "unseal"  # opening a password that was never sealed: the new key's for an endpoint, the old key's for any
    PUSH = "push"
    REVOKE = "revoke"
    DEACTIVATE = Effect.DEACTIVATE
    REACTIVATE = Effect.REACTIVATE
    DELETE = Effect.DELETE
    REFUSAL = "refusal"  # waiting until SES refuses a key


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was attempted on a key, an endpoint, a consumer or a user; `n` > 0: the n-th unclear attempt."""

    act: Act
    target: str
    n: int = 0


@dataclass(frozen=True, slots=True)
class Observed:
    """What was asked for in this process, each thing with its age or for this process only.

    `tried` names what this process attempted without success, or need not attempt again: a new process tries anew.
    """

    identity: Identity | None = None
    keys: tuple[AccessKey, ...] | None = None
    keys_at: int = 0
    last_use: tuple[tuple[str, LastUse | None], ...] = ()  # None: the look-up failed, which says nothing
    holdings: tuple[tuple[str, Holding], ...] = ()
    preflight: tuple[Problem, ...] | None = None
    tried: frozenset[Tried] = field(default=frozenset())
    absent: frozenset[str] = field(default=frozenset())  # keys that IAM, asked for the key itself, does not know
    denied: frozenset[str] = field(default=frozenset())  # keys about which it gave no answer for want of a permission

    def with_tried(self, act: Act, target: str) -> Observed:
        """The same after this process is done with that."""
        return replace(self, tried=self.tried | {Tried(act, target)})

    def after_unclear(self, act: Act, target: str) -> Observed:
        """The same after one more attempt of unknown outcome; after the last one this process is done with it."""
        attempts = (Tried(act, target, n) for n in range(1, ATTEMPTS_A_PROCESS))
        next_one = next((one for one in attempts if one not in self.tried), Tried(act, target))
        return replace(self, tried=self.tried | {next_one})

    def unlisted(self) -> Observed:
        """The same as if the keys had not been listed: what was done may have changed them."""
        return replace(self, keys=None)

    def pushing_anew(self) -> Observed:
        """The same as if this process had pushed to nobody."""
        return replace(self, tried=frozenset(one for one in self.tried if one.act is not Act.PUSH))


@dataclass(frozen=True)
class Situation:
    """Facts, observations, policy and AWS's time, with the questions that several rules ask."""

    facts: Facts
    observed: Observed
    policy: Policy
    now: Instant

    @property
    def run(self) -> Run:
        """The open run; asking without one is a bug, the first rules see to it."""
        assert self.facts.run is not None
        return self.facts.run

    @property
    def grace_s(self) -> int:
        """How long the old key stays Active after everybody was confirmed: the run's own time, else the file's."""
        run = self.facts.run
        return self.policy.grace_s if run is None or run.grace < 0 else run.grace

    @property
    def old(self) -> KeyFacts:
        """What is known of the key that the run replaces."""
        return self.facts.key(self.run.old)

    @property
    def new(self) -> KeyFacts:
        """What is known of the run's new key."""
        return self.facts.key(self.run.new)

    @property
    def told_key_is_gone(self) -> bool:
        """Whether somebody was told a new key of this run that no longer exists: their mail is refused."""
        return not self.run.new and any(one.pushed for one in self.facts.consumers)

    @cached_property
    def listed(self) -> dict[str, AccessKey]:
        """The listed keys by id, without those we deleted (a stale list still shows them)."""
        keys = self.observed.keys or ()
        return {one.id: one for one in keys if one.id not in self.facts.deleted}

    @cached_property
    def list_is_settled(self) -> bool:
        """Whether the list is young enough to believe what it does *not* show, or shows unchanged."""
        return self.observed.keys_at > self._last_change + LIST_LAG_S

    @property
    def _last_change(self) -> int:
        ends = [one.effect_until for one in self.facts.keys] + [one.until for one in self.facts.intents]
        return max([*ends, self.facts.run.new_at if self.facts.run else 0])

    def status(self, key: KeyFacts) -> Status | None:
        """The key's state: as listed, unless only our own change explains the difference; None = gone."""
        listed = self.listed.get(key.id)
        if self.list_is_settled:
            return listed.status if listed else None
        if key.effect and key.effect_outcome == Outcome.DONE:
            return Status.INACTIVE if key.effect == Effect.DEACTIVATE else Status.ACTIVE
        return listed.status if listed else (Status.INACTIVE if key.deactivated_at else Status.ACTIVE)

    @property
    def carrying(self) -> tuple[str, ...]:
        """The Active keys of ours, which mail flows on as far as we know; empty if no list was seen."""
        ours = (one for one in self.listed if self.facts.key(one).ours)
        return tuple(one for one in ours if self.status(self.facts.key(one)) is Status.ACTIVE)

    def last_use(self, key_id: str) -> LastUse | None:
        """When a key was last used; None = not asked or no answer, which says nothing."""
        return dict(self.observed.last_use).get(key_id)

    def asked_last_use(self, key_id: str) -> bool:
        """Whether this process asked, answered or not."""
        return key_id in dict(self.observed.last_use)

    def holding(self, name: str) -> Holding | None:
        """What a consumer said in this process that it holds; None = not asked since its last push."""
        return dict(self.observed.holdings).get(name)

    def tried(self, act: Act, target: str) -> bool:
        """Whether this process is done with that."""
        return Tried(act, target) in self.observed.tried

    @property
    def overdue(self) -> bool:
        """Whether the key that mail is sent with is past its limit; one that is not listed says nothing."""
        run = self.facts.run
        key = self.listed.get(run.old if run else self.facts.current)
        return key is not None and not self._watching and self.now > key.created + self.policy.max_age_s

    @property
    def open_too_long(self) -> bool:
        """Whether the open run should have retired the old key by now."""
        run = self.facts.run
        allowed = self.policy.open_alarm_s + self.grace_s
        return run is not None and not self._watching and self.now > run.opened + allowed

    @property
    def _watching(self) -> bool:
        return self.facts.run is not None and self.old.deactivated_at > 0

    @property
    def consumers(self) -> tuple[tuple[Traits, ConsumerFacts], ...]:
        """Every consumer of the file with what is known of it."""
        return tuple((traits, self.facts.consumer(traits.name)) for traits in self.policy.consumers)
