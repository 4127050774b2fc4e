"""How one process's work on a user is shown: the lines at the end, and the JSON of `rotate` and its kin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rotator.cli.failure import Failure, show
from rotator.cli.render import Screen
from rotator.cli.text import iso, mask_ids
from rotator.core import next_step as decision
from rotator.core import steps
from rotator.core.errors import Exit
from rotator.core.parts import Progress
from rotator.core.protocol import PROTOCOL
from rotator.core.refusals import told
from rotator.core.times import when
from rotator.rotation.loop import Ending
from rotator.rotation.outcome import Report

DAILY = "something must run `rotator rotate --all --if-due` daily (rotator schedule cron)"


class Steps:
    """Shows each step as it is finished, and keeps them for the JSON document."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.done: list[dict[str, Any]] = []

    def show(self, name: str, detail: str, status: str = "ok", ms: int | None = None) -> None:
        """One step by its name."""
        self._screen.step(status, name, mask_ids(detail), ms)
        self.done.append({"step": name, "status": status, "ms": ms, "detail": mask_ids(detail)})

    def observe(self, progress: Progress) -> None:
        """One step that the rotation has done and recorded; look-ups are not shown."""
        if not progress.name:
            return
        target, detail = _target(progress.step), progress.detail
        if not detail or target not in detail:
            detail = f"{target}: {detail}" if detail else target
        self.show(progress.name, detail, progress.status, progress.ms)
        if isinstance(progress.step, steps.Create) and progress.status == "ok":
            self._screen.say("  IAM needs 10 to 20 s until SES accepts a new key")


def _target(step: steps.Step) -> str:
    match step:
        case steps.Push(consumer=name) | steps.SendCanary(consumer=name):
            return name
        case steps.Verify(endpoint=name):
            return name
        case steps.Deactivate(retired=what) | steps.Delete(what=what) | steps.Discard(what=what):
            return what.key
        case steps.Revoke(key=key) | steps.Reactivate(key=key) | steps.Forget(key=key):
            return key
        case _:
            return ""


def document(report: Report, done: Sequence[dict[str, Any]], rule: str) -> dict[str, Any]:
    """The fields of rotator/rotate/1."""
    return {
        "ok": report.exit_code is Exit.OK,
        "user": report.user,
        "run": report.run or None,
        "outcome": report.outcome,
        "exit_code": int(report.exit_code),
        "summary": mask_ids(report.summary),
        "why": mask_ids(report.why),
        "fix": report.fix,
        "runbook": report.runbook,
        "steps": list(done),
        "consumers": [{"name": one.name, "push": one.push, "rung": one.rung} for one in report.consumers],
        "mail_flows_on": [mask_ids(one) for one in report.mail_flows_on],
        "warnings": [mask_ids(one) for one in report.warnings],
        "revoke_first": report.revoke_first or None,
        "next": report.next or None,
        "due": iso(report.until),
        "decided_by": rule,
    }


def show_report(screen: Screen, report: Report, ending: Ending | None, steps_shown: Steps) -> None:
    """The lines at the end; the screen knows by now whether mail flows.

    Incidents speak first; failures go to stderr, where all failures go.
    """
    for warning in report.warnings:
        screen.say(mask_ids(warning), "warning", always=True)
    if report.revoke_first:
        screen.say(f"End it now: {report.revoke_first}", always=True)
    screen.mail_flows_on = report.mail_flows_on
    if ending is None:
        if report.exit_code is not Exit.OK:
            show(screen, _failure(report))
        return
    if _as_planned(ending, report.user):
        _went_well(screen, report, ending, steps_shown)
    else:
        show(screen, _failure(report))


def _as_planned(ending: Ending, user: str) -> bool:
    """Whether this is a stop that the protocol plans for, even if it has taken so long that a person should know."""
    match ending.step:
        case steps.Wait(urgent=urgent):
            return not urgent
        case steps.Ask():
            return told(ending.step, user).exit_code is Exit.OK
        case _:
            return isinstance(ending.step, steps.Finish)


def _failure(report: Report) -> Failure:
    return Failure(
        int(report.exit_code),
        report.outcome,
        mask_ids(report.summary),
        mask_ids(report.why),
        report.fix,
        report.runbook,
        report.next,
    )


def _went_well(screen: Screen, report: Report, ending: Ending, steps_shown: Steps) -> None:
    number = ending.step.number
    if isinstance(ending.step, steps.Wait | steps.Ask):
        until = f"until {when(report.until)}: " if report.until else ""
        steps_shown.show(PROTOCOL[number], f"{until}{report.summary}", "waiting")
    if report.mail_flows_on and isinstance(ending.step, steps.Ask):
        screen.say(screen.flow)
    screen.out("\n".join(_last_lines(report, ending)))
    if report.exit_code is not Exit.OK:
        screen.say(f"(exit {int(report.exit_code)})", always=True)


def _last_lines(report: Report, ending: Ending) -> Iterator[str]:
    """What a person or a timer's mail reads last; one line unless somebody has to do something."""
    if isinstance(ending.step, steps.Finish):
        yield f"{report.user}: {mask_ids(report.summary)}"
    elif isinstance(ending.step, steps.Ask):
        yield f"{report.user}: {mask_ids(report.summary)}"
        yield f"Next: {report.fix}"
    else:
        waits = f"{report.user}: {PROTOCOL[ending.step.number]}, {mask_ids(report.summary)}"
        due = f"due {when(report.until)}, nothing to do by hand; {DAILY}" if report.until else DAILY
        yield f"{waits}.  Next: {due}"
        if report.still:
            yield f"Exit {int(report.exit_code)} only means: {mask_ids(report.still)}."


def rule_line(rule: str) -> str:
    """Which rule spoke, and what it says of itself."""
    spoke = next((one for one in decision.RULES if one.__name__ == rule), None)
    said = (spoke.__doc__ or "").strip().split("\n")[0] if spoke else ""
    return f"decided by {rule}: {said}"
