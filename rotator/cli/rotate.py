"""`rotator rotate`: start a rotation or continue the open one, of one user or of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rotator.cli import around, ask
from rotator.cli.ending import DAILY
from rotator.cli.failure import UNTOUCHED, Failure, show
from rotator.cli.incident import CANNOT_RECORD, by_hand, request_of, revoke_by_hand, still_on
from rotator.cli.options import Key, Options, Reason, User, Yes, command
from rotator.cli.text import mask_ids
from rotator.cli.work import Work, at_work, go_on, show_end
from rotator.core.errors import AccessError, ConfigurationError, Exit, RemoteFault, RotatorError
from rotator.core.policy import Mode
from rotator.core.times import when

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.rotation.opening import Request
    from rotator.rotation.outcome import Report

URGENT_FIRST = (70, 3, 1, 4, 6, 5)  # with --all the most urgent code wins


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for, beside the user."""

    request: Request
    yes: bool = False
    explain: bool = False


@command
def rotate(
    options: Options,
    user: User = None,
    every: Annotated[bool, typer.Option("--all", help="Every user of the file; the most urgent exit code.")] = False,
    if_due: Annotated[bool, typer.Option("--if-due", help="Do nothing if no key is due and no run is open.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="With --dry-run: exit 7 if something would change.")
    ] = False,
    explain_decision: Annotated[bool, typer.Option("--explain-decision", help="Say which rule decided.")] = False,
    grace: Annotated[
        str, typer.Option("--grace", metavar="72h", help="How long the old key stays Active, instead of the file's.")
    ] = "",
    emergency: Annotated[bool, typer.Option("--emergency", help="Get rid of --key: no grace, no quiet.")] = False,
    revoke_first: Annotated[
        bool, typer.Option("--revoke-first", help="Switch --key off at once; mail is deferred meanwhile.")
    ] = False,
    key: Key = "",
    reason: Reason = "",
    yes: Yes = False,
) -> int:
    """Start a rotation, or continue the open one; safe to run again at any time.

    It goes as far as it can: with work left it ends with the time of the next step, and something must run it daily.
    """
    options.screen.flow = UNTOUCHED
    mode = Mode.REVOKE_FIRST if revoke_first else Mode.EMERGENCY if emergency else Mode.SCHEDULED
    _refuse_nonsense(user=user, every=every, mode=mode, key=key, detailed=detailed_exitcode, dry_run=dry_run)
    configuration = options.configuration()
    wanted = Wanted(
        replace(request_of(options, configuration, user, mode, key, reason, if_due=if_due), grace_s=_grace(grace)),
        yes,
        explain_decision or options.screen.verbose,
    )
    if dry_run:
        from rotator.cli.dry_run import dry_run as planned

        code = planned(options, configuration, configuration.user(user).name, wanted.request)
        return int(Exit.OK if code == Exit.WOULD_CHANGE and not detailed_exitcode else code)
    around.begin(options, configuration, "rotate", scheduled=every or if_due)
    if every:
        return _all(options, configuration, wanted)
    code, fields = one_user(options, configuration.user(user).name, wanted)
    options.screen.document("rotator/rotate/1", fields)
    return code


def _refuse_nonsense(*, user: str | None, every: bool, mode: Mode, key: str, detailed: bool, dry_run: bool) -> None:
    if every and (user or mode or dry_run):
        raise ConfigurationError(
            "--all is for scheduled runs of every user", fix="leave out --all, or the other option"
        )
    if detailed and not dry_run:
        raise ConfigurationError("--detailed-exitcode is only for --dry-run", fix="add --dry-run")
    if key and not mode:
        raise ConfigurationError(
            "--key names the key of an incident", fix="add --emergency or --revoke-first, or leave out --key"
        )


def _grace(text: str) -> int | None:
    from rotator.core.durations import parse_duration

    return parse_duration(text) if text else None


def _all(options: Options, configuration: Configuration, wanted: Wanted) -> int:
    """Every user, whatever becomes of the others."""
    found: list[dict[str, Any]] = []
    for user in configuration.users:
        try:
            _, fields = one_user(options, user.name, wanted)
        except RotatorError as error:
            failure = Failure.of(error)
            options.screen.release(show=True)
            options.screen.say(f"{user.name}:", always=True)
            show(options.screen, failure)
            fields = {"user": user.name, "ok": False, "exit_code": failure.exit_code, "outcome": failure.id,
                      "summary": mask_ids(failure.message)}  # fmt: skip
        options.screen.mail_flows_on, options.screen.flow = (), UNTOUCHED
        found.append(fields)
    code = most_urgent([one["exit_code"] for one in found])
    options.screen.document("rotator/rotate-all/1", {"ok": code == 0, "users": found})
    return code


def most_urgent(codes: Sequence[int]) -> int:
    """The code that a timer must see."""
    rest = [code for code in codes if code and code not in URGENT_FIRST]
    return next((code for code in (*URGENT_FIRST, *rest) if code in codes), 0)


def one_user(options: Options, user: str, wanted: Wanted) -> tuple[int, dict[str, Any]]:
    """Go on with one user's rotation and show it: exit code and document.  Raises RotatorError, Interrupted."""
    if not _agreed(options, user, wanted):
        options.screen.out("Nothing was changed.")
        return 0, {"ok": True, "user": user, "outcome": "declined", "exit_code": 0}
    if wanted.request.if_due:
        options.screen.hold()
    try:
        report, fields = _turn(options, user, wanted)
    except CANNOT_RECORD as error:
        profile = options.configuration().aws.profile or ""
        raise by_hand(error, user, wanted.request, profile) from error
    options.screen.release(show=report.exit_code is not Exit.OK)
    return int(report.exit_code), fields


def _turn(options: Options, user: str, wanted: Wanted) -> tuple[Report, dict[str, Any]]:
    from rotator.rotation.opening import begin

    with at_work(options, user) as work:
        run = work.rotation.facts.run
        if run is not None:
            options.screen.say(f"Continuing run {run.id} ({run.mode.text})")
        work.rotating = wanted.request.mode is Mode.SCHEDULED  # an incident's order may not fit: told to who gave it
        try:
            nothing = begin(work.rotation, wanted.request)
            if nothing:
                return _nothing(options, work, nothing)
            work.survey()
            return go_on(options, work, explain=wanted.explain)
        except (AccessError, RemoteFault) as error:
            leaked = still_on(work.rotation.facts, wanted.request)
            if not leaked:
                raise
            profile = options.configuration().aws.profile or ""
            raise revoke_by_hand(error, user, leaked, profile) from error


def _nothing(options: Options, work: Work, nothing: str) -> tuple[Report, dict[str, Any]]:
    """Nothing is to be done: not due (unless a place went back to another key), or the leaked key is retired."""
    from rotator.rotation.opening import due_at
    from rotator.rotation.outcome import Report, behind

    user, due = work.rotation.facts.user, due_at(work.rotation)
    drifted = work.rotation.drifted() if nothing == "not due" else ()
    if drifted:
        report = behind(user, drifted, due, work.rotation.situation.carrying)
        return report, show_end(options, work, report, None)
    if nothing == "not due":
        says = f"nothing due: {mask_ids(work.rotation.facts.current)} is due {when(due)}" if due else "nothing due"
        options.screen.out(f"{user}: {says}; {DAILY}")
    else:
        says = "that key is retired already; nothing was created"
        options.screen.out(f"{user}: {says}")
    report = Report(user, "", "nothing due", Exit.OK, says, until=due, mail_flows_on=work.rotation.situation.carrying)
    return report, show_end(options, work, report, None)


def _agreed(options: Options, user: str, wanted: Wanted) -> bool:
    """Whether to go on: asked at a terminal, before a run is opened or becomes more urgent."""
    if wanted.yes or not options.interactive:
        return True
    if wanted.request.mode is Mode.REVOKE_FIRST:
        return ask.yes(options, f"Switch {wanted.request.key} off now? Mail is deferred until every consumer is told.")
    from rotator.cli.dry_run import show_plan_if_new

    return not show_plan_if_new(options, options.configuration(), user, wanted.request) or ask.yes(options, "Go on?")
