"""`rotator history`: past rotations from the journal, one of them as a timeline, and the journal's chain."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from rotator.cli.options import Options, User, command
from rotator.cli.text import iso, mask_ids
from rotator.core import times
from rotator.core.errors import ConfigurationError
from rotator.core.history import events as ev
from rotator.core.history.past import PastRun, runs
from rotator.core.policy import Mode
from rotator.core.protocol import PROTOCOL
from rotator.core.times import when

TIMES = {"at", "until", "sent", "born"}


@command
def history(
    options: Options,
    run: Annotated[str, typer.Argument(metavar="RUN", help="One run, as a timeline.")] = "",
    user: User = None,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            envvar="ROTATOR_HISTORY_SINCE",
            metavar="90d|DATE",
            help="Only runs opened since then (90d, or 2026-01-31).",
        ),
    ] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Say what the chain of the journal was checked to.")] = False,
) -> None:
    """Past rotations from the journal; one of them as a timeline.  The chain is always checked."""
    from rotator.wiring import rotating

    earliest = times.since(since)(int(time.time())) if since else 0
    found = rotating.history(options.configuration(), user)
    told = [one for one in runs(found.events) if one.opened.at >= earliest]
    fields: dict[str, Any] = {"ok": True, "events": len(found.events), "head": found.head}
    if run:
        chosen = _named(told, run)
        _timeline(options, chosen)
        fields["run"] = _row(chosen)
        fields["timeline"] = [_event(*one) for one in chosen.events]
    else:
        _list(options, told, options.configuration().user(user).name)
        fields["runs"] = [_row(one) for one in told]
    if verify:
        options.screen.out(f"The chain of {len(found.events)} events is whole; head {found.head}", "ok")
    options.screen.document("rotator/history/1", fields)


def _named(told: Sequence[PastRun], run: str) -> PastRun:
    for one in told:
        if one.opened.run == run:
            return one
    known = ", ".join(one.opened.run for one in told[-5:]) or "none"
    raise ConfigurationError(f"no run {run!r} in the journal", fix=f"the newest: {known}", id="unknown-run")


def _list(options: Options, told: Sequence[PastRun], user: str) -> None:
    if not told:
        options.screen.out(f"No rotation yet.  Next: rotator rotate --user {user} --dry-run")
        return
    rows = [
        (
            one.opened.run,
            Mode(one.mode).text,
            when(one.opened.at),
            when(one.finished) if one.finished else "",
            one.outcome,
            mask_ids(f"{one.opened.old or 'none'} → {one.new or 'none'}"),
            _reasons(one),
        )
        for one in told
    ]
    options.screen.table(("RUN", "MODE", "OPENED", "FINISHED", "OUTCOME", "KEYS", "REASON"), rows)


def _reasons(told: PastRun) -> str:
    """Why it was opened, and why it was raised since: `laptop lost; abused now`."""
    raised = (event.reason for _, _, event in told.events if isinstance(event, ev.ModeRaised))
    return "; ".join(dict.fromkeys(filter(None, (told.opened.reason, *raised))))


def _timeline(options: Options, told: PastRun) -> None:
    rows = []
    for n, number, event in told.events:
        at = f"{datetime.fromtimestamp(event.at, UTC):%Y-%m-%d %H:%M:%S}"
        step = PROTOCOL.get(number, "")
        rows.append((str(n), at, str(number or ""), step, _name(event), mask_ids(_said(event))))
    options.screen.table(("EVENT", "UTC", "NO", "STEP", "WHAT", "DETAIL"), rows)


def _name(event: ev.Event) -> str:
    """`PushSettled` -> `push settled`."""
    name = type(event).__name__
    return "".join(f" {one.lower()}" if one.isupper() and at else one.lower() for at, one in enumerate(name))


def _said(event: ev.Event) -> str:
    """The fields that are not times, as `name value`."""
    return ", ".join(_fields(event))


def _fields(event: ev.Event) -> Iterator[str]:
    for name, value in asdict(event).items():
        if name in TIMES or value in ("", (), 0, False):
            continue
        shown = " ".join(value) if isinstance(value, tuple) else str(value)
        yield f"{name.replace('_', ' ')} {shown}"


def _row(told: PastRun) -> dict[str, Any]:
    return {
        "run": told.opened.run,
        "mode": Mode(told.mode).text,
        "since": iso(told.opened.at),
        "until": iso(told.finished),
        "outcome": told.outcome,
        "old": mask_ids(told.opened.old),
        "new": mask_ids(told.new),
        "reason": _reasons(told),
    }


def _event(n: int, number: int, event: ev.Event) -> dict[str, Any]:
    said = mask_ids(_said(event))
    return {
        "event": n,
        "at": iso(event.at),
        "n": number,
        "step": PROTOCOL.get(number, ""),
        "kind": _name(event),
        "what": said,
    }
