"""What the journal adds up to: all events of one IAM user folded into one bounded, frozen, hashable value.

The fold itself is in `history/fold.py`.  There is no history in the value: at most the keys that still exist or may
still be listed, one open run, the create intents that may still land, and one row a consumer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rotator.core.access_keys import Identity, Instant
from rotator.core.policy import CLOCK_SLACK_S, Mode

INTENTS_KEPT = 8  # unclear creates remembered; more than eight lost replies in a row is not a network
LEFT = "@"  # NAME@a1b2c3: a place that NAME pointed at before; no file can name a consumer so
BETWEEN = "+"  # the fingerprints of one name's places: a file and its copies
DELETED_KEPT = 4  # deleted ids remembered: a stale list may still show them; and as many that went without us


@dataclass(frozen=True, slots=True)
class CreateIntent:
    """A create whose outcome is open or unknown: at most one key may be born of it, inside its window."""

    listed: tuple[str, ...]
    at: int
    until: int

    def bore(self, key_id: str, created: int) -> bool:
        """Whether a key listed now can be this attempt's: not listed before, born inside the window."""
        inside = self.at - CLOCK_SLACK_S <= created <= self.until + CLOCK_SLACK_S
        return key_id not in self.listed and inside

    def may_bear(self, key_id: str, created: int) -> bool:
        """The same without the window's end: enough only together with a person's word."""
        return key_id not in self.listed and created >= self.at - CLOCK_SLACK_S


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """One key that we adopted, created or acted on."""

    id: str
    ours: bool = False  # adopted, or created by us with its secret sealed
    pushed: bool = False  # a push or hand-over intent exists: anybody may hold it
    sealed: bool = False
    compromised: bool = False
    held: bool = False  # switched on again by need or by a person; only our own retirement lifts it
    disowned: bool = False  # a person said: nobody's
    born: int = 0  # CreateDate of an orphan we discard
    effect: str = ""  # the newest effect intended
    effect_until: int = 0
    effect_outcome: str = ""  # "" = not settled
    deactivated_at: int = 0  # by us and not switched on since
    deactivate_until: int = 0  # no deactivation of ours can land after this
    unclear_until: int = 0  # the same of one without a clear answer: it may have landed unseen; 0 = none
    refused_at: int = 0  # SES refuses it since (seen or assumed)
    first_login: int = 0  # our own logins move last-used
    last_login: int = 0
    login_tried: int = 0  # the newest login or test mail of ours that was intended, whatever became of it


@dataclass(frozen=True, slots=True)
class ConsumerFacts:
    """One consumer: what it may hold, and the evidence since its newest push."""

    name: str
    may_hold: tuple[str, ...] = ()
    pushed: str = ""  # key of the newest push intent
    place: str = ""  # where that put it (a fingerprint); "" = not known
    server: str = ""  # where it told to log in (a fingerprint); "" = not known
    push_outcome: str = ""  # "" = not settled
    push_at: int = 0
    push_until: int = 0
    drain_until: int = 0  # a push of unknown outcome may land until then; 0 = none
    revealed_at: int = 0  # handed to a person since the newest push
    attested_at: int = 0
    read_back: str = ""
    canary_first_at: int = 0  # when the first canary that arrived was sent
    canary_at: int = 0  # when the newest canary that arrived was sent
    canary_tried_at: int = 0
    canary_unknown: int = 0  # in a row
    canary_refused: int = 0  # in a row
    survived: str = ""  # the key whose refusal by SES stood in the journal before a canary that arrived was sent


@dataclass(frozen=True, slots=True)
class Run:
    """The open rotation."""

    id: str
    opened: int
    mode: Mode
    reason: str
    old: str  # "" = nothing to retire
    grace: int = -1  # seconds, chosen by a person for this run; -1 = the file's
    new: str = ""
    new_at: int = 0
    aborting: bool = False
    old_gone: bool = False
    reactivated_at: int = 0  # a key of the run was switched on again: the grace counts from then
    verified: tuple[str, ...] = ()  # servers (fingerprints); of an endpoint whose server is not known its name
    refused_since: int = 0  # first verification that ended in 535 only
    old_works: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the decision may know of the past."""

    account: str = ""
    user: str = ""
    user_id: str = ""
    current: str = ""  # the key consumers hold while no run is open
    keys: tuple[KeyFacts, ...] = ()
    deleted: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()  # ours, gone without us; what is listed of them again is nobody's to us
    kept: tuple[str, ...] = ()  # lost keys whose password stays sealed until the run is over
    consumers: tuple[ConsumerFacts, ...] = ()
    intents: tuple[CreateIntent, ...] = ()
    run: Run | None = None
    latest: Instant = field(default=Instant(0))
    rotated_at: int = 0

    def key(self, key_id: str) -> KeyFacts:
        """What is known of a key; an unknown one is nobody's."""
        for one in self.keys:
            if one.id == key_id:
                return one
        return KeyFacts(key_id)

    def consumer(self, name: str) -> ConsumerFacts:
        """What is known of a consumer; a new one knows nothing and holds nothing."""
        for one in self.consumers:
            if one.name == name:
                return one
        return ConsumerFacts(name)

    def adopted(self, who: Identity) -> bool:
        """Whether that is the user whom the journal is about: account, name and id."""
        return (who.account, who.user, who.user_id) == (self.account, self.user, self.user_id)

    @property
    def pushed_new(self) -> bool:
        """Whether anybody may hold the open run's new key."""
        return self.run is not None and bool(self.run.new) and self.key(self.run.new).pushed

    def with_key(self, key_id: str, **changes: object) -> Facts:
        """These facts with one key's row changed (and added if it was new)."""
        changed = replace(self.key(key_id), **changes)  # type: ignore[arg-type]
        others = tuple(one for one in self.keys if one.id != key_id)
        return replace(self, keys=tuple(sorted((*others, changed), key=lambda one: one.id)))

    def with_consumer(self, name: str, **changes: object) -> Facts:
        """These facts with one consumer's row changed (and added if it was new)."""
        changed = replace(self.consumer(name), **changes)  # type: ignore[arg-type]
        others = tuple(one for one in self.consumers if one.name != name)
        return replace(self, consumers=tuple(sorted((*others, changed), key=lambda one: one.name)))

    def with_run(self, **changes: object) -> Facts:
        """These facts with the open run changed."""
        assert self.run is not None
        return replace(self, run=replace(self.run, **changes))  # type: ignore[arg-type]

    def without_key(self, key_id: str, *, by_us: bool) -> Facts:
        """These facts after a key ceased to exist, by a deletion of ours or without us."""
        rest = replace(self, keys=tuple(one for one in self.keys if one.id != key_id))
        if by_us:
            return replace(rest, deleted=(*self.deleted, key_id)[-DELETED_KEPT:])
        return replace(rest, lost=(*self.lost, key_id)[-DELETED_KEPT:])
