"""What the report says: plain values, made from a snapshot without asking anybody.  JSON and page show the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rotator.core.access_keys import AccessKey, mask
from rotator.core.history.past import PastRun, runs
from rotator.core.history.proven import Audited, AuditOutcome, audit_history, last_proven
from rotator.core.policy import DAY_S, Mode, Policy
from rotator.core.protocol import PROTOCOL
from rotator.report.rungs import Reached, reached
from rotator.report.snapshot import Growth, Rate, Snapshot, UserSnapshot

YEAR_S = 366 * DAY_S  # twelve monthly audits
RUNS_SHOWN = 12  # a user; older ones are in `rotator history`


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One access key against its user's limit; `used`: epoch seconds, 0 = never, None = not known."""

    user: str
    key: str
    age_days: int
    limit_days: int
    active: bool
    state: str
    overdue: bool
    used: int | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One place: the audit mails of twelve months, oldest first, and when it was last proven (0 = never) by what."""

    user: str
    consumer: str
    audits: tuple[Audited, ...]
    proven: int
    by: str

    @property
    def broken(self) -> bool:
        """Whether the newest audit did not pass, and nothing has proven the place since."""
        newest = self.audits[-1] if self.audits else None
        return newest is not None and newest.outcome != AuditOutcome.ARRIVED and self.proven < newest.at


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a run: its first and last event, and how many there were."""

    number: int
    name: str
    began: int
    ended: int
    events: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run, with its steps and how sure it was of every consumer."""

    user: str
    run: str
    mode: str
    reason: str
    old: str
    new: str
    opened: int
    finished: int | None
    outcome: str
    steps: tuple[StepRow, ...]
    consumers: tuple[Reached, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report.

    `ok`: nothing overdue, nothing stuck, no place broken, no rate over AWS's lines, every user looked up.  A rate that
    is not known stands among `missing` and changes nothing: whether keys are well is known without it.
    """

    at: int
    ok: bool
    verdict: str
    keys: tuple[KeyRow, ...]
    runs: tuple[RunRow, ...]
    audits: tuple[AuditRow, ...]
    rates: tuple[Rate, ...]
    growth: tuple[Growth, ...]
    questions: tuple[str, ...]
    missing: tuple[str, ...]


def report(snapshot: Snapshot) -> Report:
    """The report of a snapshot."""
    keys = tuple(row for user in snapshot.users for row in _keys(user, snapshot.at))
    questions = tuple(f"{user.user}: {one}" for user in snapshot.users for one in user.questions)
    audits = tuple(row for user in snapshot.users for row in _audits(user, snapshot.at))
    broken = sum(one.broken for one in audits)
    over = sum(bool(one.over) for one in snapshot.rates)
    bad = any(user.overdue or user.stuck or user.missing or user.policy is None for user in snapshot.users)
    return Report(
        snapshot.at,
        ok=not bad and not broken and not over,
        verdict=_verdict(snapshot, questions, broken, over),
        keys=keys,
        runs=tuple(row for user in snapshot.users for row in _runs(user)),
        audits=audits,
        rates=snapshot.rates,
        growth=snapshot.growth,
        questions=questions,
        missing=tuple(_missing(snapshot)),
    )


def _verdict(snapshot: Snapshot, questions: Sequence[str], broken: int, over: int) -> str:
    """One sentence for the title: the worst first."""
    users = snapshot.users
    overdue, stuck = sum(one.overdue for one in users), sum(one.stuck and not one.untold for one in users)
    untold = ", ".join(name for one in users for name in one.untold)
    strange, unseen = sum(one.policy is None for one in users), sum(bool(one.missing) for one in users)
    said = [
        f"{number} {what}"
        for number, what in (
            (overdue, "overdue"),
            (stuck, "open and in need of help"),
            (broken, "failed the newest audit"),
            (over, "over AWS's line for bounces or complaints"),
            (strange, "not adopted"),
            (unseen, "could not be looked up"),
            (len(questions), "waiting for a person"),
        )
        if number
    ]
    said = [f"{untold} could not be told", *said] if untold else said
    return ", ".join(said) if said else f"every key within its limit ({len(users)} of {len(users)} users)"


def _keys(user: UserSnapshot, at: int) -> Iterator[KeyRow]:
    if user.policy is None:
        return
    for key in sorted(user.keys, key=lambda one: one.created):
        yield _key(user, user.policy, key, at)


def _key(user: UserSnapshot, policy: Policy, key: AccessKey, at: int) -> KeyRow:
    use = user.last_use.get(key.id)
    age_s = at - key.created
    return KeyRow(
        user.user,
        mask(key.id),
        age_s // DAY_S,
        policy.max_age_s // DAY_S,
        key.active,
        user.states.get(key.id, ""),
        overdue=key.active and age_s > policy.max_age_s,
        used=None if use is None else use.at or 0,
    )


def _runs(user: UserSnapshot) -> Iterator[RunRow]:
    """The newest runs, newest first."""
    if user.policy is None:
        return
    known = reached(user.events, user.policy)
    for past in reversed(runs(user.events)[-RUNS_SHOWN:]):
        yield _run(user.user, past, known.get(past.opened.run, ()))


def _run(user: str, past: PastRun, consumers: tuple[Reached, ...]) -> RunRow:
    return RunRow(
        user,
        past.opened.run,
        Mode(past.mode).text,
        past.opened.reason,
        mask(past.opened.old),
        mask(past.new),
        past.opened.at,
        past.finished,
        past.outcome,
        tuple(_steps(past)),
        consumers,
    )


def _steps(past: PastRun) -> Iterator[StepRow]:
    for number, name in PROTOCOL.items():
        found = [event for _, of, event in past.events if of == number]
        if found:
            yield StepRow(number, name, found[0].at, found[-1].at, len(found))


def _audits(user: UserSnapshot, at: int) -> Iterator[AuditRow]:
    """Every place of the file, also one that was never audited."""
    if user.policy is None:
        return
    history, proofs = audit_history(user.events, at - YEAR_S), last_proven(user.events)
    for one in user.policy.consumers:
        proof = proofs.get(one.name)
        proven, by = (proof.at, proof.how) if proof else (0, "")
        yield AuditRow(user.user, one.name, history.get(one.name, ()), proven, by)


def _missing(snapshot: Snapshot) -> Iterator[str]:
    """What the report could not look up, and why: a gap is never shown as health."""
    for user in snapshot.users:
        if user.policy is None:
            yield f"{user.user}: no journal here, so nothing is known of its rotations"
        if user.missing:
            yield f"{user.user}: {user.missing}"
    yield from (f"{one.name} rate in {one.region}: {one.missing}" for one in snapshot.rates if one.missing)
    yield from (f"suppression list in {one.region}: {one.missing}" for one in snapshot.growth if one.missing)
