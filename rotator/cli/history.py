"""`rotator history`: past rotations from the journal, one of them as a timeline, and the journal's chain."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from rotator.cli.ending import mode_name
from rotator.cli.options import Options, User, command
from rotator.cli.text import DAY_S, PROTOCOL, iso, mask_ids, when
from rotator.core import events as ev
from rotator.core.durations import parse_duration
from rotator.core.errors import ConfigurationError
from rotator.core.policy import Mode

# Where in the protocol an event belongs; a person's word and what was seen stand where they count.
NUMBERS: dict[type[ev.Event], int] = {
    ev.RunOpened: 1, ev.ModeRaised: 1, ev.Compromised: 2, ev.Lost: 2, ev.CreateIntended: 4, ev.KeyCreated: 4,
    ev.CreateSettled: 4, ev.Disowned: 4, ev.LoggedIn: 5, ev.Verified: 5, ev.VerifyFailed: 5, ev.PushIntended: 6,
    ev.PushSettled: 6, ev.Revealed: 6, ev.Attested: 7, ev.ReadBack: 7, ev.CanaryIntended: 7, ev.CanarySettled: 7,
    ev.OldRefused: 9, ev.RunFinished: 11,
}  # fmt: skip
TIMES = {"at", "until", "sent", "born"}


@dataclass(slots=True)
class Told:
    """One run as the journal tells it, with its events and their numbers in the journal."""

    opened: ev.RunOpened
    new: str = ""
    outcome: str = "open"
    finished: int | None = None
    mode: int = 0
    off_at: int = 0  # when the old key was switched off
    events: list[tuple[int, int, ev.Event]] = field(default_factory=list)  # journal number, protocol number, event

    def add(self, n: int, event: ev.Event) -> None:
        """Take in the next event of the run."""
        if isinstance(event, ev.KeyCreated):
            self.new = event.key
        elif isinstance(event, ev.ModeRaised):
            self.mode = event.mode
        elif isinstance(event, ev.RunFinished):
            self.outcome, self.finished = event.outcome, event.at
        elif isinstance(event, ev.EffectSettled) and event.key == self.opened.old:
            self.off_at = event.at if event.effect == ev.Effect.DEACTIVATE else 0
        self.events.append((n, number_of(event, self.off_at), event))


@command
def history(
    options: Options,
    run: Annotated[str, typer.Argument(metavar="[RUN]", help="One run, as a timeline.")] = "",
    user: User = None,
    since: Annotated[
        str, typer.Option("--since", metavar="90d|DATE", help="Only runs opened since then (90d, or 2026-01-31).")
    ] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Say what the chain of the journal was checked to.")] = False,
) -> None:
    """Past rotations from the journal; one of them as a timeline.  The chain is always checked."""
    from rotator import wiring

    earliest = _since(since)
    found = wiring.history(options.configuration(), user)
    told = [one for one in runs(found.events) if one.opened.at >= earliest]
    fields: dict[str, Any] = {"ok": True, "events": len(found.events), "head": found.head}
    if run:
        chosen = _named(told, run)
        _timeline(options, chosen)
        fields["run"] = _row(chosen)
        fields["timeline"] = [_event(*one) for one in chosen.events]
    else:
        _list(options, told)
        fields["runs"] = [_row(one) for one in told]
    if verify:
        options.screen.out(f"The chain of {len(found.events)} events is whole; head {found.head}", "ok")
    options.screen.document("rotator/history/1", fields)


def runs(events: Sequence[ev.Event]) -> list[Told]:
    """The runs that the events tell of, oldest first; what happened between two runs belongs to neither."""
    found: list[Told] = []
    for n, event in enumerate(events, start=1):
        if isinstance(event, ev.RunOpened):
            found.append(Told(event, mode=event.mode))
        if not found or found[-1].finished is not None:
            continue
        found[-1].add(n, event)
    return found


def _since(text: str) -> int:
    """The earliest time that is wanted.  Raises ConfigurationError."""
    if not text:
        return 0
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return int(time.time()) - parse_duration(text)


def _named(told: Sequence[Told], run: str) -> Told:
    for one in told:
        if one.opened.run == run:
            return one
    known = ", ".join(one.opened.run for one in told[-5:]) or "none"
    raise ConfigurationError(f"no run {run!r} in the journal", fix=f"the newest: {known}", id="unknown-run")


def _list(options: Options, told: Sequence[Told]) -> None:
    if not told:
        options.screen.out("No rotation yet.  Next: rotator rotate --dry-run")
        return
    rows = [
        (
            one.opened.run,
            mode_name(Mode(one.mode)),
            when(one.opened.at),
            when(one.finished) if one.finished else "",
            one.outcome,
            mask_ids(f"{one.opened.old or 'none'} → {one.new or 'none'}"),
            one.opened.reason,
        )
        for one in told
    ]
    options.screen.table(("RUN", "MODE", "OPENED", "FINISHED", "OUTCOME", "KEYS", "REASON"), rows)


def _timeline(options: Options, told: Told) -> None:
    rows = []
    for n, number, event in told.events:
        at = f"{datetime.fromtimestamp(event.at, UTC):%Y-%m-%d %H:%M:%S}"
        step = PROTOCOL.get(number, "")
        rows.append((str(n), at, str(number or ""), step, _name(event), mask_ids(_said(event))))
    options.screen.table(("EVENT", "UTC", "NO", "STEP", "WHAT", "DETAIL"), rows)


def number_of(event: ev.Event, off_at: int = 0) -> int:
    """The protocol number of an event; 0 for one that belongs to no step.  `off_at`: the old key is off since then."""
    if isinstance(event, ev.EffectIntended | ev.EffectSettled):
        return 11 if event.effect == ev.Effect.DELETE else 9
    if off_at and isinstance(event, ev.CanaryIntended | ev.CanarySettled | ev.ReadBack):
        return 10 if event.at >= off_at + DAY_S else 9  # the first day belongs to the deactivation
    return NUMBERS.get(type(event), 0)


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


def _row(told: Told) -> dict[str, Any]:
    return {
        "run": told.opened.run,
        "mode": mode_name(Mode(told.mode)),
        "since": iso(told.opened.at),
        "until": iso(told.finished),
        "outcome": told.outcome,
        "old": mask_ids(told.opened.old),
        "new": mask_ids(told.new),
        "reason": told.opened.reason,
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
