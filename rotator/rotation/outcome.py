"""How a process ended, as people, timers and scripts are told: outcome, exit code, texts, which key mail flows on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rotator.core import evidence, steps
from rotator.core.access_keys import Instant, Status
from rotator.core.drift import DRIFT_PAGE, Drift
from rotator.core.errors import Exit
from rotator.core.facts import ConsumerFacts
from rotator.core.history.events import Outcome
from rotator.core.policy import ConsumerKind, Mode
from rotator.core.refusals import told
from rotator.core.rules.handing_over import wait_for_canaries
from rotator.core.situation import Situation
from rotator.core.times import when
from rotator.rotation.loop import Ending


@dataclass(frozen=True, slots=True)
class ConsumerRow:
    """Where one consumer stands: its push and the rung of its evidence."""

    name: str
    push: str
    rung: str


@dataclass(frozen=True, slots=True)
class Report:
    """The end of one process's work on one user.  Texts never hold a secret; key ids are whole, for commands."""

    user: str
    run: str
    # "rotated", "aborted", "waiting", "help needed", "refused", "nothing due", "nothing open", "a consumer behind"
    outcome: str
    exit_code: Exit
    summary: str
    why: str = ""
    fix: str = ""
    runbook: str = ""
    next: str = ""
    until: Instant | None = None
    consumers: tuple[ConsumerRow, ...] = ()
    mail_flows_on: tuple[str, ...] = ()
    revoke_first: str = ""  # the command that gets rid of a leaked key at once, if one is Active
    warnings: tuple[str, ...] = field(default=())
    still: str = ""  # why it is no 0 although time does the rest, and until when
    cause: str = ""  # what keeps the run from going on by itself, the same as long as it is the same; "" = nothing


FINISHED = ("rotated", "aborted")
STILL_ACTIVE = "{} leaked and is STILL ACTIVE"
PUSH = 6
INCIDENT = "incident"  # the cause where nothing but a leaked key that is not gone yet keeps the code from 0
SECTIONS: dict[str, str] = {  # of runbooks/consumer-push.md, by kind of place; every other: "refused"
    ConsumerKind.SECRETS_MANAGER: "secrets-manager",
    ConsumerKind.SSM_PARAMETER: "parameter-store",
    ConsumerKind.COMMAND: "a-program-of-your-own",
}


def behind(user: str, found: tuple[Drift, ...], until: Instant | None, flowing: tuple[str, ...]) -> Report:
    """Nothing is due, but places went back to another key: nothing is pushed outside a run, so a person decides."""
    return Report(
        user,
        "",
        "a consumer behind",
        Exit.HELP_NEEDED,
        "\n".join(one.sentence for one in found),
        why="something put another credential back: a backup, a second copy, a person",
        fix=f"end what put it back, then: rotator rotate --user {user}   (a new key, told to every place)",
        runbook=DRIFT_PAGE,
        next=f"rotator rotate --user {user}",
        until=until,
        mail_flows_on=flowing,
        cause="-".join(["behind", *(one.consumer for one in found)]),
    )


def report(ending: Ending, user: str) -> Report:
    """The report of an ending."""
    s, step = ending.situation, ending.step
    if isinstance(step, steps.Finish):
        base = _finished(ending, user, step)
    elif isinstance(step, steps.Wait):
        base = _waiting(ending, user, step)
    else:
        assert isinstance(step, steps.Ask | steps.Refuse)  # noqa: S101 - the loop ends with nothing else
        base = _told(ending, user, step)
    return _with_incident(_with_age(base, s), s)


def _finished(ending: Ending, user: str, step: steps.Finish) -> Report:
    summary = {
        "rotated": "rotated: the old key is gone, every consumer has the new one",
        "aborted": "aborted: the new key was discarded, the old one works as before",
    }.get(step.outcome, step.outcome)
    s = ending.situation
    return Report(user, ending.run, step.outcome, Exit.OK, summary, consumers=rows(s), mail_flows_on=s.carrying)


def _waiting(ending: Ending, user: str, step: steps.Wait) -> Report:
    code = Exit.HELP_NEEDED if step.urgent else Exit.OK
    runbooks = {4: "two-keys.md", 5: "smtp-535.md", 6: _push_page(ending), 7: "canary.md", 9: "canary.md"}
    return Report(
        user,
        ending.run,
        "help needed" if step.urgent else "waiting",
        code,
        step.why,
        why="the run is open and goes on by itself once this is mended" if step.urgent else "",
        fix=_mend(ending, user, step) if step.urgent else "",
        runbook=f"runbooks/{runbooks.get(step.number, 'ses-smtp-key-rotation.md')}" if step.urgent else "",
        next=f"rotator rotate --user {user}",
        until=step.until,
        consumers=rows(ending.situation),
        mail_flows_on=ending.situation.carrying,
        cause=ending.rule.replace("_", "-") if step.urgent else "",
    )


def _mend(ending: Ending, user: str, step: steps.Wait) -> str:
    """What a person does about it; a test mail that is waited for has a back-off, before which nothing is tried."""
    again = f"then: rotator rotate --user {user}"
    if ending.rule == wait_for_canaries.__name__:
        pause = "rotator doctor ses first (a paused account sends nothing); then"
        look = f"{pause} rotator status --user {user} says what became of it; mend that"
        return f"{look}, {again}   (tried from {when(step.until)} on)"
    said = [fix for name in untold(ending.situation) if (fix := ending.fixes.get(name))]
    if step.number != PUSH or not said:
        return f"mend it, {again}"
    return f"{'; '.join(dict.fromkeys(said))}, {again}"


def _push_page(ending: Ending) -> str:
    """The page of a place that could not be told, at what it is or at how it ended."""
    s = ending.situation
    refused = [name for name, how in untold(s).items() if how == Outcome.REFUSED]
    kinds = [one.kind for one in s.policy.consumers if one.name in refused]
    if not kinds:
        return "consumer-push.md#unknown"
    return f"consumer-push.md#{SECTIONS.get(kinds[0], 'refused')}"


def _told(ending: Ending, user: str, step: steps.Ask | steps.Refuse) -> Report:
    entry = told(step, user)
    outcome = "refused" if isinstance(step, steps.Refuse) else "waiting"
    return Report(
        user,
        ending.run,
        "help needed" if entry.exit_code is Exit.HELP_NEEDED else outcome,
        entry.exit_code,
        entry.text,
        entry.why,
        entry.fix,
        entry.runbook,
        next=entry.next or (entry.fix if isinstance(step, steps.Ask) else f"rotator rotate --user {user}"),
        consumers=rows(ending.situation) if ending.situation.facts.run else (),
        mail_flows_on=ending.situation.carrying,
        cause=_cause(step) if entry.exit_code is not Exit.OK else "",
    )


def _cause(step: steps.Ask | steps.Refuse) -> str:
    """The question or refusal, with the consumers that it is about."""
    if isinstance(step, steps.Refuse):
        return "-".join([step.id, *step.seen[:1]]) if step.id == "preflight" else step.id
    return "-".join([step.what, *(one for one in step.targets if not one.startswith("AKIA"))])


def _with_age(base: Report, s: Situation) -> Report:
    """What waits for a person may pass the limit, and a run may stay open too long: then help is needed."""
    run = s.facts.run
    if run is None or base.exit_code is not Exit.OK or base.outcome != "waiting":
        return base
    notes, still = [], "open too long, until the old key is off"
    if s.overdue:
        still = f"overdue, until {run.old} is off"
        notes.append(f"overdue: {run.old} is past its limit of {s.policy.max_age_s // 86400} days; nobody is cut off")
    if s.open_too_long:
        notes.append(f"the run has been open for {(s.now - run.opened) // 3600} hours")
    if not notes:
        return base
    return _changed(base, exit_code=Exit.HELP_NEEDED, outcome="help needed", warnings=tuple(notes), still=still)


def _with_incident(base: Report, s: Situation) -> Report:
    """An incident that is not through needs help; a leaked key that is still Active is said first, with the cure."""
    run = s.facts.run
    if run is None or run.mode is Mode.SCHEDULED or base.outcome in FINISHED:
        return base
    if not any(s.facts.key(one).compromised for one in (run.old, run.new) if one):
        return base  # the leaked key is gone; what is left is an ordinary rotation
    code = base.exit_code if base.exit_code not in (Exit.OK, Exit.FAILED) else Exit.HELP_NEEDED
    still = "a leaked key is being replaced, until it is deleted"
    base = _changed(base, exit_code=code, outcome="help needed", cause=base.cause or INCIDENT, still=still)
    leaked = still_active(s)
    if not leaked:
        return _with_cut_off(base, run.old, s)
    first = STILL_ACTIVE.format(leaked)
    return _changed(base, revoke_first=revoke_now(base.user, leaked), warnings=(first, *base.warnings))


def still_active(s: Situation) -> str:
    """The open run's leaked key that is still Active, the old one before the new one; "" = none."""
    run = s.facts.run
    keys = (run.old, run.new) if run else ()
    return next((one for one in keys if one and s.facts.key(one).compromised and _active(s, one)), "")


def revoke_now(user: str, leaked: str) -> str:
    """The command that ends a leak at once."""
    return f'rotator rotate --user {user} --revoke-first --key {leaked} --reason "it is abused now"'


def cut_off(s: Situation) -> tuple[str, ...]:
    """The places that only have the open run's old key, which was revoked: they send nothing, whatever else flows."""
    run = s.facts.run
    if run is None or not run.old or _active(s, run.old):
        return ()
    if not any(s.facts.key(one).compromised for one in (run.old, run.new) if one):
        return ()
    return tuple(row.name for row in rows(s) if row.rung == evidence.Rung.NONE.text)


def _with_cut_off(base: Report, old: str, s: Situation) -> Report:
    """The old key was revoked: a place that nobody gave the new one sends nothing, whatever else still flows."""
    names = cut_off(s)
    if not names:
        return base
    said = f"{old} is off: mail through {', '.join(names)} is refused until the new key is there"
    return _changed(base, warnings=(said, *base.warnings))


def _active(s: Situation, key: str) -> bool:
    return s.status(s.facts.key(key)) is Status.ACTIVE if s.observed.keys is not None else True


def _changed(base: Report, **changes: object) -> Report:
    return replace(base, **changes)  # type: ignore[arg-type]


def rows(s: Situation) -> tuple[ConsumerRow, ...]:
    """One row a consumer."""
    if s.facts.run is None:
        return ()
    return tuple(
        ConsumerRow(traits.name, _told_outcome(known), evidence.rung(s, traits, known).text)
        for traits, known in s.consumers
    )


def untold(s: Situation) -> dict[str, Outcome]:
    """The places of the open run whose newest push was refused or ended unknown, by name, with which of the two."""
    if s.facts.run is None or not s.run.new:
        return {}
    failed = (Outcome.REFUSED, Outcome.UNKNOWN)
    told = ((traits.name, known) for traits, known in s.consumers if known.pushed == s.run.new)
    return {name: Outcome(known.push_outcome) for name, known in told if known.push_outcome in failed}


def _told_outcome(known: ConsumerFacts) -> str:
    """A push's outcome as JSON and status write it; a person's word ends the wait for a person."""
    if known.push_outcome == Outcome.WAITING and known.attested_at:
        return "acknowledged"
    words = {Outcome.DONE: "acknowledged", Outcome.WAITING: "waiting for a person", Outcome.REFUSED: "refused"}
    return words.get(Outcome(known.push_outcome), "unknown") if known.push_outcome else "not pushed"
