"""`rotator suppression`: the list of addresses that SES sends nothing to."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rotator.cli.options import Options, command, plain_typer
from rotator.cli.signals import signals
from rotator.cli.text import iso, span, when
from rotator.core.access_keys import Instant
from rotator.core.durations import parse_duration
from rotator.core.errors import ConfigurationError
from rotator.core.suppression import PAUSED_PAGE, Reason, Suppressed

if TYPE_CHECKING:
    from rotator.suppression.asking import Answer
    from rotator.suppression.export import Exported, Progress

app = plain_typer(no_args_is_help=True)
LIST_LIMIT = 1000  # rows that a person or a pipe takes; for more there is the export
SHRUNK = 0.5  # of the list before: what a paused account's list looks like when AWS has deleted it

Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="One region; all that are configured else.")
]
Rate = Annotated[float, typer.Option("--rate", metavar="N", min=0.01, max=10_000, help="Calls a second; SES allows 1.")]


class Form(StrEnum):
    """The forms of an export."""

    CSV = "csv"
    JSON = "json"


@app.callback()
def suppression() -> None:
    """The list of addresses that SES sends nothing to: it says 250 and drops the mail."""


@app.command()
@command
def export(
    options: Options,
    region: Region = None,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", help="Where the files go; `suppression` beside the journal.")
    ] = "",
    style: Annotated[
        Form, typer.Option("--format", help="csv, or json: one object a line; SES imports both.")
    ] = Form.CSV,
    rate: Rate = 1.0,
) -> None:
    """Write the whole list into files that SES can import; goes on where a killed one stopped."""
    from rotator import wiring_suppression

    shown = _Shown(options)
    configuration = options.configuration()
    with (
        signals.finishing_steps(),
        wiring_suppression.lists(
            configuration, region, calls_per_second=rate, directory=out, sleep=signals.sleep
        ) as lists,
    ):
        done = []
        for one in lists.export(style.value, shown):
            _show_export(options, one)
            done.append(_exported(one))
    options.screen.document("rotator/suppression-export/1", {"ok": True, "exports": done})


@app.command("list")
@command
def list_(
    options: Options,
    region: Region = None,
    reason: Annotated[Reason | None, typer.Option("--reason", help="Only these.")] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="7d|DATE", help="Only what changed since then (7d, or 2026-01-31).")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="At most so many a region.")
    ] = LIST_LIMIT,
) -> None:
    """Show the list as it is now, the latest first; what is too long for that is exported."""
    from rotator import wiring_suppression

    with wiring_suppression.lists(options.configuration(), region) as lists:
        found = lists.listed(limit, [reason.value] if reason else [], _since(since))
    rows = [(one.region, row) for one in found for row in one.rows]
    options.screen.table(
        ("REGION", "ADDRESS", "REASON", "SINCE"), [(at, row.address, row.reason, when(row.at)) for at, row in rows]
    )
    more = [one.region for one in found if one.more]
    if more:
        text = f"{', '.join(more)}: there is more than {limit}; SES gives no order.  Next: rotator suppression export"
        options.screen.say(text, "warning", always=True)
    fields = {"ok": True, "complete": not more, "rows": [{"region": at, **_row(row)} for at, row in rows]}
    options.screen.document("rotator/suppression/1", fields)


@app.command()
@command
def why(
    options: Options,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address that gets no mail.")],
    region: Region = None,
) -> None:
    """Say whether an address is suppressed, since when, and for which mail."""
    from rotator import wiring_suppression

    if address.count("@") != 1 or address.strip("@") != address:
        raise ConfigurationError(f"{address!r} is no address", fix="rotator suppression why somebody@example.com")
    with wiring_suppression.lists(options.configuration(), region) as lists:
        answers = lists.why(address)
    for one in answers:
        _show_answer(options, address, one)
    fields = {"ok": True, "address": address.lower(), "suppressed": any(one.now for one in answers)}
    options.screen.document("rotator/suppression-why/1", {**fields, "regions": [_answer(one) for one in answers]})


# --- how it is shown -----------------------------------------------------------------------------------------------


class _Shown:
    """The line that moves while an export is at work."""

    def __init__(self, options: Options) -> None:
        self._options, self._began, self._from = options, time.monotonic(), 0

    def __call__(self, progress: Progress) -> None:
        """Show how far it is; a signal ends the process here, where the page is kept."""
        signals.check()
        if progress.pages <= 1 or not self._from:
            self._from = progress.rows
            self._began = time.monotonic()
        seconds = time.monotonic() - self._began
        rate = (progress.rows - self._from) / seconds if seconds > 0 else 0.0
        self._options.screen.bar(bar(progress, rate))


def bar(progress: Progress, rate: float) -> str:
    """`us-east-1  [#####-----]  50000 of about 100000 rows  1000/s  50 s left`; without a former export no total."""
    text = f"{progress.region}  {progress.rows} rows  page {progress.pages}"
    if progress.expected:
        share = min(1.0, progress.rows / progress.expected)
        drawn = "#" * int(share * 20)
        text = f"{progress.region}  [{drawn:-<20}]  {progress.rows} of about {progress.expected} rows"
    text += f"  {rate:.0f}/s" if rate else ""
    if progress.expected and rate:
        text += f"  {_left((progress.expected - progress.rows) / rate)} left"
    return text + (f"  begun anew {progress.restarts} times" if progress.restarts else "")


def _left(seconds: float) -> str:
    return f"{max(0, int(seconds))} s" if seconds < 120 else span(int(seconds))


def _show_export(options: Options, one: Exported) -> None:
    done, screen = one.done, options.screen
    counts = f"{done.total} addresses: {done.bounces} bounced, {done.complaints} complained"
    again = ", gone on with" if one.continued else ""
    again += f", begun anew {one.restarts} times" if one.restarts else ""
    screen.out(f"{done.region}  {counts} ({one.pages} pages{again})", "ok")
    for path in one.files:
        screen.out(f"  {path}")
    if one.before is not None and done.total < one.before.total * SHRUNK:
        screen.say(
            f"{done.region}: on {when(one.before.began)} there were {one.before.total}.  AWS deletes the list of an "
            f"account that was paused for 90 days; the older files hold it ({PAUSED_PAGE})",
            "warning",
            always=True,
        )


def _exported(one: Exported) -> dict[str, Any]:
    done = one.done
    return {
        "region": done.region, "since": iso(done.began), "until": iso(done.finished), "addresses": done.total,
        "bounces": done.bounces, "complaints": done.complaints, "files": list(one.files), "pages": one.pages,
        "restarts": one.restarts, "continued": one.continued,
    }  # fmt: skip


def _show_answer(options: Options, address: str, one: Answer) -> None:
    screen = options.screen
    if one.now is not None:
        row = one.now.row
        screen.out(f"{one.region}  {address} is suppressed: {row.reason}, {when(row.at)}", "failed")
        for name, text in (("message", one.now.message_id), ("feedback", one.now.feedback_id)):
            if text:
                screen.out(f"    {name}  {text}")
        return
    screen.out(f"{one.region}  {address} is not on the account's list", "ok")
    if one.kept is not None:
        row, at = one.kept
        screen.out(f"    it was on {when(at)}: {row.reason}, {when(row.at)}")


def _answer(one: Answer) -> dict[str, Any]:
    found = one.now.row if one.now else one.kept[0] if one.kept else None
    return {
        "region": one.region,
        "suppressed": one.now is not None,
        "reason": found.reason if found else None,
        "since": iso(found.at) if found else None,
        "message_id": (one.now.message_id or None) if one.now else None,
        "feedback_id": (one.now.feedback_id or None) if one.now else None,
        "exported": iso(one.kept[1]) if one.kept else None,
    }


def _row(row: Suppressed) -> dict[str, Any]:
    return {"address": row.address, "reason": row.reason, "since": iso(row.at), "until": None}


def _since(text: str) -> Callable[[Instant], Instant | None]:
    """From AWS's time to the earliest time that is wanted.  Raises ConfigurationError."""
    if not text:
        return lambda _: None
    try:
        day = Instant(int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()))
    except ValueError:
        seconds = parse_duration(text)
        return lambda now: Instant(now - seconds)
    return lambda _: day
