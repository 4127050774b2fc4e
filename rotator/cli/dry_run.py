"""`rotator rotate --dry-run`, and the plan that is shown before the question: real look-ups, nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rotator.cli.failure import Failure, show
from rotator.cli.options import Options
from rotator.cli.rehearsal import rehearse
from rotator.cli.text import counted, mask_ids
from rotator.core import steps
from rotator.core.errors import Exit
from rotator.core.policy import Mode
from rotator.core.predict import NEW_KEY, Planned, plan
from rotator.core.protocol import PROTOCOL
from rotator.core.refusals import told
from rotator.core.steps import Look
from rotator.core.times import when

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.core.policy import Policy
    from rotator.rotation.loop import Rotation
    from rotator.rotation.opening import Request

DRY_RUN_ID = "(dry run)"
NOTHING = {"not due": "its key is not due", "retired": "that key is retired already; nothing would be created"}
EFFECTS = (
    steps.Create, steps.Discard, steps.Push, steps.SendCanary, steps.Deactivate, steps.Revoke, steps.Reactivate,
    steps.Delete, steps.Verify,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the plan: protocol number, step, what it is about, and how."""

    n: int
    step: str
    target: str
    detail: str


@dataclass(slots=True)
class Outlook:
    """What a run now would do, and what was looked at to say so."""

    title: str
    lines: list[Line] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    refusal: Failure | None = None
    would_change: bool = False


def dry_run(options: Options, configuration: Configuration, user: str, request: Request) -> int:
    """Show the plan.  Returns 0, 7 if something would change, or the code that the real run would refuse with."""
    from rotator.wiring import rotating

    rotating.refuse_if_at_work(configuration, user)
    outlook = outlook_of(configuration, user, request)
    outlook.checked.append("lock free")
    _show(options, outlook)
    refusal = outlook.refusal
    options.screen.out("Nothing was changed.")
    if refusal:
        show(options.screen, refusal)
    options.screen.document(
        "rotator/plan/1",
        {
            "ok": refusal is None,
            "user": user,
            "would_change": outlook.would_change,
            "steps": [
                {"n": one.n, "step": one.step, "target": mask_ids(one.target), "detail": mask_ids(one.detail)}
                for one in outlook.lines
            ],
            "checked": outlook.checked,
            "refusal": None if refusal is None else {"id": refusal.id, "message": refusal.message, "fix": refusal.fix},
        },
    )
    if refusal:
        return refusal.exit_code
    return Exit.WOULD_CHANGE if outlook.would_change else Exit.OK


def show_plan_if_new(options: Options, configuration: Configuration, user: str, request: Request) -> bool:
    """Show the plan if this run would be opened or become more urgent; an open one was agreed to when it began."""
    outlook = outlook_of(configuration, user, request, only_new=True)
    if outlook.would_change:
        _show(options, outlook)
    return outlook.would_change


def outlook_of(configuration: Configuration, user: str, request: Request, *, only_new: bool = False) -> Outlook:
    """Look at everything a run would look at and play the decision forward.  Raises RotatorError."""
    from rotator.rotation.opening import begin
    from rotator.wiring import rotating

    with rotating.reading(configuration, user) as reading:
        run = reading.facts.run
        if only_new and run is not None and run.mode >= request.mode:
            return Outlook("")
        rotation = rehearse(reading)
        if nothing := begin(rotation, request, DRY_RUN_ID):
            return Outlook(f"Nothing to do for {user}: {NOTHING[nothing]}")
        outlook = Outlook(_title(configuration, rotation, user, request))
        _survey(rotation, outlook)
        _preflight(rotation, outlook)
        return _planned(rotation, outlook, user)


def _survey(rotation: Rotation, outlook: Outlook) -> None:
    rotation.look(Look.IDENTITY)
    for key in rotation.situation.listed:
        rotation.look(Look.LAST_USE, key)
    keys, run = len(rotation.situation.listed), rotation.facts.run
    outlook.checked += [f"IAM read ok ({counted(keys, 'key')})", "journal and seal ok"]
    for traits in rotation.parts.policy.consumers:
        if traits.reads_back and run is not None and run.new:
            rotation.look(Look.READ_BACK, traits.name)


def _title(configuration: Configuration, rotation: Rotation, user: str, request: Request) -> str:
    settings, facts = configuration.user(user), rotation.facts
    if facts.run is not None and facts.run.id != DRY_RUN_ID:
        return f"Would continue run {facts.run.id} of {user}"
    key = rotation.situation.listed.get(facts.current)
    if key is None:
        return f"Would rotate {user} in {settings.region} (its adopted key is gone)"
    age, limit = (rotation.time.now() - key.created) // 86400, settings.max_age_s // 86400
    mode = "" if request.mode is Mode.SCHEDULED else f", {request.mode.text}"
    return f"Would rotate {user} in {settings.region} (key {mask_ids(key.id)} is {age} days old, limit {limit}{mode})"


def _preflight(rotation: Rotation, outlook: Outlook) -> None:
    """What the run would try before it creates a key, tried now; the seal is tried in memory."""
    if rotation.facts.run is None or rotation.facts.run.new:
        return
    rotation.preflight()
    problems = rotation.observed.preflight or ()
    outlook.checked += [f"{'warning' if one.warning else 'failed'}: {one.seen}" for one in problems]
    if not problems:
        outlook.checked.append("endpoints, permission and consumers ok")


def _planned(rotation: Rotation, outlook: Outlook, user: str) -> Outlook:
    s = rotation.situation
    played = list(plan(s.facts, s.observed, s.policy, s.now))
    outlook.lines = [
        Line(1, "lock", user, "one run at a time"),
        Line(
            2, "survey", f"account {s.facts.account}", ", ".join(f"{one.id} {one.status}" for one in s.listed.values())
        ),
        *([Line(3, "preflight", "", "tried now, see below")] if s.observed.preflight is not None else []),
        *_with_read_back(list(_lines(played)), s.policy),
    ]
    outlook.would_change = any(isinstance(one.step, EFFECTS) for one in played)
    last = played[-1].step
    if isinstance(last, steps.Refuse):
        entry = told(last, user)
        outlook.refusal = Failure(int(entry.exit_code), last.id, entry.text, entry.why, entry.fix, entry.runbook)
        outlook.would_change = False
        outlook.checked = [one for one in outlook.checked if one != f"failed: {entry.text}"]  # told in full below
    return outlook


def _with_read_back(lines: list[Line], policy: Policy) -> list[Line]:
    """The lines with one for each place that is told and then read back, which is all the proof that it needs."""
    told_now = {one.target for one in lines if one.step == PROTOCOL[6]}
    read = [one.name for one in policy.consumers if one.reads_back and one.name in told_now]
    until = next((at for at, one in enumerate(lines) if one.n > 6), len(lines))
    return [*lines[:until], *(Line(7, PROTOCOL[7], name, "read back") for name in read), *lines[until:]]


def _lines(played: Sequence[Planned]) -> Iterator[Line]:
    """The steps, one line for what is repeated (a canary a day) and the last time of a wait."""
    found: dict[tuple[int, str, str], Line] = {}
    for one in played:
        line = _line(one)
        if line is not None:
            found[line.n, line.step, line.target] = line
    yield from found.values()


def _line(planned: Planned) -> Line | None:
    step = planned.step
    match step:
        case steps.Wait(number=number, until=until, why=why):
            return Line(number, PROTOCOL[number], "", f"until {when(until)}: {why}")
        case steps.Ask(number=number, targets=names, what=what):
            return Line(number, PROTOCOL[number], ", ".join(names), _asked(what))
        case steps.SendCanary(consumer=name, number=number):
            return Line(number, PROTOCOL[number], name, _canary(number))
        case steps.Create():
            return Line(4, "create", "", "new access key")
        case steps.Verify(endpoint=endpoint):
            return Line(5, "verify", endpoint, "SMTP AUTH, several in a row (IAM needs 10 to 20 s)")
        case steps.Push(consumer=name):
            return Line(6, "push", name, "")
        case _:
            return _line_of_key(step)


def _line_of_key(step: steps.Step) -> Line | None:
    match step:
        case steps.Discard(what=orphan):
            return Line(4, "discard", orphan.key, "a new key that nobody was given")
        case steps.Deactivate(retired=retired):
            return Line(9, "deactivate", retired.key, "then wait until SES refuses it")
        case steps.Revoke(key=key):
            return Line(9, "deactivate", key, "revoked at once; mail of its holders is deferred")
        case steps.Reactivate(key=key, why=why):
            return Line(9, "reactivate", key, why)
        case steps.Delete(what=gone):
            return Line(11, "delete", gone.key, f"{gone.why}; its sealed password is erased")
        case _:
            return None


def _canary(number: int) -> str:
    return {7: "canary", 9: "canary, now that SES refuses the old key"}.get(number, "a canary a day")


def _asked(what: str) -> str:
    return "a person pastes it (handover) and says so (confirm); no deadline" if what == "hand-over" else what


def _show(options: Options, outlook: Outlook) -> None:
    screen = options.screen
    screen.out(outlook.title)
    shown = [(one, mask_ids(one.target).replace(NEW_KEY, "the new key")) for one in outlook.lines]
    width = max((len(target) for _, target in shown), default=0)
    for one, target in shown:
        screen.out(f" {one.n:>2} {one.step:<11} {target:<{width}}  {mask_ids(one.detail)}".rstrip())
    if outlook.checked:
        screen.out(f"Checked now: {mask_ids('; '.join(outlook.checked))}.")
