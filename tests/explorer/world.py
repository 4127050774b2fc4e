"""The world beside the program, as one frozen value: IAM, SES, consumers, people, and what is still on its way.

Nothing here knows what the program believes.  Time is not in it: `now` is always `NOW`, the past moves (`clock.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rotator.core.access_keys import AccessKey, Instant, KeyId, Status
from rotator.core.policy import REQUEST_DEADLINE_S

NOW = Instant(2_000_000_000)
OURS, PERSON = "ours", "a person"
GARBAGE = "AKIAWRONGLYPASTED"  # what a consumer holds after a person pasted something else
SES_LAG_S = 1800  # within it SES learns of a change at IAM; the program assumes an hour
LIST_LAG_S = 60  # within it a key list may still show what was before the last change


class Broken(AssertionError):
    """A promise of design section 1 does not hold: the text is the promise in the domain's words."""


@dataclass(frozen=True, slots=True)
class Row:
    """One access key at IAM; `by`: who made it."""

    id: str
    active: bool
    created: int
    by: str = OURS


@dataclass(frozen=True, slots=True)
class Late:
    """A request (or a person's paste) without an answer, which takes effect at any time until `until` (0 = ever)."""

    what: str  # create, activate, deactivate, delete, push, paste
    key: str
    until: int
    consumer: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside.  `faults` and the other counters are what may still go wrong, so that the search ends."""

    rows: tuple[Row, ...]
    holds: tuple[tuple[str, str], ...]  # consumer, key id
    ses: frozenset[str]  # what SES accepts
    known: frozenset[str]  # what SES has ever accepted
    sealed: frozenset[str]  # rows of the vault
    made: int = 1  # keys ever made, for their names
    lag: tuple[tuple[str, int], ...] = ()  # key, when SES must have learnt of its change
    before: tuple[Row, ...] = ()  # what a stale list shows
    before_until: int = 0
    late: tuple[Late, ...] = ()
    used: tuple[tuple[str, int], ...] = ()  # key, last use as IAM tells it
    wrong: frozenset[str] = frozenset()  # keys whose password we derive wrongly: SES never accepts it
    wrong_births: int = 0  # so many of the next keys are of that kind
    leaked: frozenset[str] = frozenset()  # a person said so
    revoked: bool = False  # a person chose revoke first for the open run: mail may be deferred
    off_tried: frozenset[str] = frozenset()  # leaked keys whose deactivation was at least tried
    missed: tuple[str, ...] = ()  # consumers whose mail was refused because their key is off, once for each time
    hit: frozenset[str] = frozenset()  # keys that a foreign hand switched off or deleted
    faults: int = 0
    incidents: int = 0
    aborts: int = 0
    strangers: int = 0
    foreign: int = 0
    reverts: int = 0
    rotations: int = 0

    def row(self, key: str) -> Row | None:
        """The key at IAM, or None if it does not exist (any more)."""
        return next((one for one in self.rows if one.id == key), None)

    def held(self, consumer: str) -> str:
        """What a consumer really holds."""
        return dict(self.holds)[consumer]

    def holding(self, consumer: str, key: str) -> World:
        """The world after a consumer took over a key."""
        return replace(self, holds=tuple((name, key if name == consumer else old) for name, old in self.holds))

    def listed(self) -> tuple[AccessKey, ...]:
        """The keys as IAM lists them now."""
        return as_listed(self.rows)

    def changed(self, rows: tuple[Row, ...], key: str) -> World:
        """The world after a change at IAM: lists may lag, and SES may."""
        lag = tuple(one for one in self.lag if one[0] != key)
        after = replace(self, rows=rows, before=self.rows, before_until=NOW + LIST_LAG_S, lag=lag)
        agrees = after.should_accept(key) == (key in self.ses)
        return after if agrees else replace(after, lag=(*lag, (key, NOW + SES_LAG_S)))

    def should_accept(self, key: str) -> bool:
        """Whether SES will accept the key once it has learnt of all changes."""
        row = self.row(key)
        return row is not None and row.active and key not in self.wrong

    def noticed(self, key: str) -> World:
        """The world after SES learnt of a key's newest change."""
        now_known = self.known | {key} if self.should_accept(key) else self.known
        accepts = self.ses | {key} if self.should_accept(key) else self.ses - {key}
        return replace(self, ses=accepts, known=now_known, lag=tuple(one for one in self.lag if one[0] != key))

    def use(self, key: str) -> World:
        """The world after somebody logged in with a key."""
        return replace(self, used=(*(one for one in self.used if one[0] != key), (key, NOW)))

    def on_its_way(self, what: str, key: str, consumer: str = "") -> World:
        """The world with one more request that may take effect until its deadline."""
        return replace(self, late=(*self.late, Late(what, key, NOW + REQUEST_DEADLINE_S, consumer)))


def as_listed(rows: tuple[Row, ...]) -> tuple[AccessKey, ...]:
    """Rows as ListAccessKeys gives them."""
    state = {True: Status.ACTIVE, False: Status.INACTIVE}
    return tuple(AccessKey(KeyId(one.id), state[one.active], Instant(one.created)) for one in rows)


def key_name(number: int) -> str:
    """`AKIA-1`, `AKIA-2`, ... in the order in which keys were made."""
    return f"AKIA-{number}"


# --- what requests come to, now or late ---------------------------------------------------------------------------


def create(world: World, by: str = OURS) -> tuple[World, Row | None]:
    """CreateAccessKey: a new Active key, or None if the quota of two is full."""
    if len(world.rows) >= 2:
        return world, None
    row = Row(key_name(world.made + 1), active=True, created=NOW, by=by)
    wrong = world.wrong | {row.id} if by == OURS and world.wrong_births else world.wrong
    left = world.wrong_births - 1 if by == OURS and world.wrong_births else world.wrong_births
    made = replace(world, made=world.made + 1, wrong=wrong, wrong_births=left)
    return made.changed((*world.rows, row), row.id), row


def switch(world: World, key: str, *, active: bool) -> World:
    """UpdateAccessKey of a key that exists; a missing one changes nothing."""
    row = world.row(key)
    if row is None or row.active == active:
        return world
    rows = tuple(replace(one, active=active) if one.id == key else one for one in world.rows)
    return world.changed(rows, key)


def delete(world: World, key: str) -> World:
    """DeleteAccessKey of a key that exists; a missing one changes nothing."""
    if world.row(key) is None:
        return world
    return world.changed(tuple(one for one in world.rows if one.id != key), key)


def land(world: World, late: Late) -> World:
    """One late request takes effect."""
    rest = replace(world, late=tuple(one for one in world.late if one is not late))
    match late.what:
        case "create":
            return create(rest)[0]
        case "activate" | "deactivate":
            return switch(rest, late.key, active=late.what == "activate")
        case "delete":
            return delete(rest, late.key)
        case _:
            return rest.holding(late.consumer, late.key)
