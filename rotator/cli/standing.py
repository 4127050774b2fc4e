"""How one user stands: what the journal knows, what IAM shows now, and what a run now would come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.core import steps
from rotator.core.access_keys import AccessKey, Instant, LastUse
from rotator.core.drift import Drift
from rotator.core.errors import AccessError, Exit, RemoteFault, RotatorError, SealError
from rotator.core.evidence import Rung
from rotator.core.facts import Facts
from rotator.core.history.events import CanarySettled, NoticeFailed, PushSettled
from rotator.core.history.proven import Audited, Proof, last_audited, last_proven
from rotator.core.notice import failing
from rotator.core.policy import DAY_S, REQUEST_DEADLINE_S, Policy
from rotator.core.ports import Deadline
from rotator.core.predict import plan
from rotator.core.protocol import PROTOCOL
from rotator.core.rules.survey import birth, strangers
from rotator.core.steps import Look
from rotator.core.times import when

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.core.situation import Situation
    from rotator.rotation.loop import Rotation
    from rotator.rotation.outcome import ConsumerRow, Report

DUE_SOON_S = 14 * DAY_S


@dataclass(frozen=True, slots=True)
class Untold:
    """A place that could not be told: `how` is "refused" or "unknown", `why` what was answered, `fix` what mends it."""

    name: str
    how: str
    why: str
    fix: str = ""

    @property
    def text(self) -> str:
        """As a warning says it."""
        return f"{self.name} {self.how}: {self.why}" + (f"\n    fix   {self.fix}" if self.fix else "")


@dataclass(slots=True)
class Standing:
    """One user.  `facts` None: never adopted here.  `unreachable`: why IAM's part is missing; times are AWS's."""

    user: str
    region: str
    facts: Facts | None = None
    policy: Policy | None = None
    now: int = 0
    keys: tuple[AccessKey, ...] = ()
    last_use: dict[str, LastUse | None] = field(default_factory=dict)
    candidates: dict[str, str] = field(default_factory=dict)  # keys that an unclear create of ours may have made
    consumers: tuple[ConsumerRow, ...] = ()
    drifted: tuple[Drift, ...] = ()
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    audits: Mapping[str, Audited] = field(default_factory=dict)
    step: str = ""
    until: Instant | None = None
    comes: str = ""
    warnings: tuple[str, ...] = ()
    overdue: bool = False
    stuck: bool = False
    incident: bool = False  # stuck only because a leaked key is not gone yet: time does the rest
    next: str = ""  # what a person types now; "" = nothing, time does the rest
    still: str = ""  # why --check is no 0 although time does the rest, and until when
    revoke_first: str = ""  # what ends a leaked key that is still Active at once; its key id is whole
    untold: tuple[Untold, ...] = ()  # the places that the newest push did not reach; the run is stuck with them
    silent: tuple[NoticeFailed, ...] = ()  # the channels of notices whose newest attempt failed
    unreachable: RotatorError | None = None
    unproven: SealError | None = None  # why the journal's part is shown as it stands there, without its proof

    @classmethod
    def not_adopted(cls, user: str, region: str) -> Standing:
        """A user of the file that has no journal here."""
        return cls(user, region)

    @property
    def consumer_names(self) -> tuple[str, ...]:
        """The consumers of the file."""
        return tuple(one.name for one in self.policy.consumers) if self.policy else ()

    def at(self, key: AccessKey) -> str:
        """The consumers that have this key as far as we know; one that says something else is shown with that."""
        if self.facts is None:
            return ""
        said = {one.consumer: one.text for one in self.drifted}
        return ", ".join(said.get(name, name) for name in self.consumer_names if self._held_by(name) == key.id)

    def _held_by(self, name: str) -> str:
        """The key that a consumer has: the open run's new one from its first evidence on, else the current one."""
        assert self.facts is not None  # noqa: S101 - asked of an adopted user only
        run = self.facts.run
        has_new = any(row.name == name and row.rung != Rung.NONE.text for row in self.consumers)
        return run.new if run is not None and has_new else self.facts.current

    @property
    def mode(self) -> str:
        """The open run's mode in words."""
        return self.facts.run.mode.text if self.facts and self.facts.run else ""

    @property
    def state_without_keys(self) -> str:
        """What to say where no key is listed."""
        if self.unreachable is not None:
            return "unknown: IAM could not be asked"
        return f"no key: rotator rotate --user {self.user}"

    def due_at(self, key: AccessKey) -> int | None:
        """When the key is to be rotated; None for one that is Inactive, not ours, or new in an open run."""
        if self.facts is None or self.policy is None or key.id != self.facts.current or not key.active:
            return None
        return key.created + self.policy.rotate_at_s

    def state_of(self, key: AccessKey) -> str:
        """One or two words on a key."""
        facts, policy = self.facts, self.policy
        if facts is None or policy is None or not facts.key(key.id).ours:
            return self.candidates.get(key.id, "not ours")
        if facts.key(key.id).compromised:
            return "COMPROMISED, still Active" if key.active else "compromised, inactive"
        if facts.run is not None and key.id == facts.run.new:
            return "new, being handed out"
        if not key.active:
            return self._watch(facts, policy, key)
        return self._by_age(facts, policy, key)

    def _watch(self, facts: Facts, policy: Policy, key: AccessKey) -> str:
        off = facts.key(key.id).deactivated_at
        if not off:
            return "switched off by somebody else"
        end = off + policy.watch_s
        return f"watch until {when(end)}" if self.now < end else "watch over, delete"

    def _by_age(self, facts: Facts, policy: Policy, key: AccessKey) -> str:
        age = self.now - key.created
        if age > policy.max_age_s:
            return f"OVERDUE (limit {policy.max_age_s // DAY_S} d)"
        if facts.run is not None and key.id == facts.run.old:
            return "being replaced"
        if age >= policy.rotate_at_s:
            return "due"
        return "due soon" if age >= policy.rotate_at_s - DUE_SOON_S else "ok"


def stand(configuration: Configuration, user: str) -> Standing:
    """Look at one user; nothing is changed.  Raises NoJournal, JournalError, ConfigurationError.

    Without the seal key it is what needs no secret, and `unproven` says so.
    """
    from rotator.wiring import rotating

    try:
        with rotating.reading(configuration, user) as rotation:
            return _stand(configuration, rotation)
    except SealError as missing:
        standing = _stand(configuration, rotating.looking_on(configuration, user, missing))
        standing.unproven = missing
        return standing


def _stand(configuration: Configuration, rotation: Rotation) -> Standing:
    facts, policy = rotation.facts, rotation.parts.policy
    standing = Standing(policy.user, configuration.user(policy.user).region, facts, policy, facts.latest)
    events = rotation.parts.journal.events()
    standing.proofs, standing.audits = last_proven(events), last_audited(events)
    standing.silent = tuple(failing(events).values())
    try:
        _ask_iam(rotation, standing)
    except (AccessError, RemoteFault) as error:
        standing.unreachable = error
    else:
        standing.drifted = rotation.drifted()
    if standing.overdue or standing.drifted:
        standing.next = f"rotator rotate --user {policy.user}"
    _read_the_journal(rotation, standing)
    return standing


def _ask_iam(rotation: Rotation, standing: Standing) -> None:
    rotation.look(Look.KEYS)
    s = rotation.situation
    standing.keys, standing.now = tuple(s.listed.values()), s.now
    for key in s.listed:
        rotation.look(Look.LAST_USE, key)
    standing.last_use = dict(rotation.observed.last_use)
    current = s.listed.get(rotation.facts.current)
    aged = current is not None and s.now > current.created + rotation.parts.policy.max_age_s
    standing.overdue = aged and current is not None and current.active
    rotation.look(Look.IDENTITY)
    for one in strangers(s):
        if birth(s, one) is not None:
            standing.candidates[one.id] = _candidate(rotation.parts.policy, standing.last_use[one.id])


def _candidate(policy: Policy, use: LastUse | None) -> str:
    """What a key is that a create of ours without an answer may have made, and what becomes of it."""
    if use is not None and use.at is not None:
        return "not ours: used, though a create of ours may have made it"
    if policy.sole_creator:
        return "of an unclear create of ours, held by nobody: the next run deletes it"
    return f"perhaps of an unclear create of ours: nobody's?  rotator discard --user {policy.user} --key AKIA…"


def _read_the_journal(rotation: Rotation, standing: Standing) -> None:
    from rotator.rotation.outcome import rows

    if rotation.facts.run is None:
        return
    standing.consumers = rows(rotation.situation)
    if standing.unreachable is None:
        _look_ahead(rotation, standing)
    standing.untold = tuple(_untold(rotation))
    standing.stuck = standing.stuck or bool(standing.untold)
    told = (one.text for one in standing.untold)
    standing.warnings = (*standing.warnings, *told, *_cannot_be_proven(rotation))


def _untold(rotation: Rotation) -> Iterator[Untold]:
    """The places whose newest push was refused or ended unknown, with what they answered and what a look says now."""
    from rotator.rotation.outcome import untold

    said = {one.consumer: one.detail for one in rotation.parts.journal.events() if isinstance(one, PushSettled)}
    for name, how in untold(rotation.situation).items():
        found = rotation.parts.consumers[name].preflight(_deadline(rotation))
        yield Untold(name, how.value, said.get(name, ""), next((one.fix for one in found), ""))


def _deadline(rotation: Rotation) -> Deadline:
    return Deadline.after(REQUEST_DEADLINE_S, rotation.parts.monotonic)


def _cannot_be_proven(rotation: Rotation) -> Iterator[str]:
    """Why the test mail that a place still lacks was not seen, or cannot be sent: a token that died meanwhile."""
    newest = {one.consumer: one for one in rotation.parts.journal.events() if isinstance(one, CanarySettled)}
    for traits, known in rotation.situation.consumers:
        if not traits.sends or traits.reads_back or known.canary_at:
            continue
        if known.canary_unknown or known.canary_refused:
            last = newest[traits.name]
            yield f"{traits.name}: the newest test mail, {when(last.sent)}: {last.detail or last.outcome}"
        found = rotation.parts.consumers[traits.name].preflight(_deadline(rotation))
        yield from (f"{traits.name}: {one.seen}\n    fix   {one.fix}" for one in found)


def _look_ahead(rotation: Rotation, standing: Standing) -> None:
    """What a run now would do first; one that could only wait for help is stuck."""
    s = rotation.situation
    first = next(plan(s.facts, s.observed, s.policy, s.now)).step
    standing.step = PROTOCOL[first.number]
    if not isinstance(first, steps.Wait | steps.Ask | steps.Refuse | steps.Finish):
        standing.next = f"rotator rotate --user {standing.user}"
        standing.comes = f"{standing.step} comes next: {standing.next}"
        _name_the_leak(s, standing)
        return
    from rotator.rotation.outcome import INCIDENT

    told = _report(rotation, first, standing.user)
    planned = isinstance(first, steps.Wait) and not first.urgent
    standing.next = "" if planned else told.next
    standing.until, standing.warnings = told.until, told.warnings
    standing.still, standing.revoke_first = told.still, told.revoke_first
    standing.stuck = told.exit_code is not Exit.OK and not standing.overdue
    standing.incident = standing.stuck and told.cause == INCIDENT
    until = f" until {when(told.until)}" if told.until else ""
    standing.comes = f"{standing.step}{until}: {told.summary}"


def _name_the_leak(s: Situation, standing: Standing) -> None:
    """A run that could go on, and did not: its leaked key is no less Active for that."""
    from rotator.rotation.outcome import STILL_ACTIVE, revoke_now, still_active

    if leaked := still_active(s):
        standing.stuck = standing.incident = True
        standing.warnings, standing.revoke_first = (STILL_ACTIVE.format(leaked),), revoke_now(standing.user, leaked)


def _report(rotation: Rotation, step: steps.Step, user: str) -> Report:
    from rotator.rotation.loop import Ending
    from rotator.rotation.outcome import report

    run = rotation.facts.run
    return report(Ending(step, "", rotation.situation, run.id if run else ""), user)
