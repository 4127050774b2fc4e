"""`rotator suppression`: the list of addresses that SES sends nothing to."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from rotator.cli import around
from rotator.cli.options import Options, command, plain_typer
from rotator.cli.signals import signals
from rotator.cli.suppression_view import (
    MovingLine,
    Told,
    answer_fields,
    export_fields,
    look_fields,
    row_fields,
    show_answer,
    show_export,
    show_look,
    show_saved,
)
from rotator.core import times
from rotator.core.access_keys import Instant
from rotator.core.errors import ConfigurationError, Exit
from rotator.core.suppression import Reason
from rotator.core.times import when

app = plain_typer(no_args_is_help=True)
LIST_LIMIT = 1000  # rows that a person or a pipe takes; for more there is the export

Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        envvar="ROTATOR_SUPPRESSION_REGION",
        metavar="REGION",
        help="One region; all that are configured else.",
    ),
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
        str,
        typer.Option(
            "--out",
            "-o",
            envvar="ROTATOR_SUPPRESSION_EXPORT_OUT",
            metavar="DIR",
            help="Where the files go; `suppression` beside the journal.",
        ),
    ] = "",
    style: Annotated[
        Form,
        typer.Option(
            "--format",
            envvar="ROTATOR_SUPPRESSION_EXPORT_FORMAT",
            help="csv, or json: one object a line; SES imports both.",
        ),
    ] = Form.CSV,
    rate: Rate = 1.0,
) -> None:
    """Write the whole list into files that SES can import; goes on where a killed one stopped."""
    from rotator.wiring import suppression as wiring_suppression

    shown = MovingLine(options)
    configuration = options.configuration()
    around.begin(options, configuration, "suppression export", scheduled=False)
    with (
        signals.finishing_steps(),
        wiring_suppression.lists(
            configuration, region, calls_per_second=rate, directory=out, sleep=signals.sleep
        ) as lists,
    ):
        done = []
        for one in lists.export(style.value, shown):
            show_export(options, one)
            done.append(_measured(export_fields(one)))
    options.screen.document("rotator/suppression-export/1", {"ok": True, "exports": done})


def _measured(exported: dict[str, Any]) -> dict[str, Any]:
    """The same, noted for Prometheus: only an export has seen the whole list."""
    for reason in ("bounces", "complaints"):
        labels = {"reason": reason.removesuffix("s"), "region": exported["region"]}
        around.figure("rotator_suppressed_addresses", exported[reason], **labels)
    return exported


@app.command()
@command
def alert(options: Options, region: Region = None, rate: Rate = 1.0) -> int:
    """Tell once what is new on the list; for a timer.  Exports the list when the account leaves HEALTHY."""
    from rotator.wiring import suppression as wiring_suppression

    configuration, shown = options.configuration(), MovingLine(options)
    around.begin(options, configuration, "suppression", scheduled=region is None)
    looks, exports = [], []
    with (
        signals.finishing_steps(),
        wiring_suppression.lists(configuration, region, calls_per_second=rate, sleep=signals.sleep) as lists,
    ):
        for look in lists.look(Told(options, configuration), configuration.suppression.alert_on):
            looks.append(look)
            show_look(options, look)
            if lists.must_export(look):
                saved = lists.only(look.region).export(Form.CSV.value, shown)
                exports += [_measured(export_fields(one)) for one in saved]
                show_saved(options, exports[-1])
    undelivered = [notice for one in looks for notice in one.undelivered]
    for notice in undelivered:
        options.screen.say(
            f"{notice}: nobody took the notice; it is told again at the next look", "failed", always=True
        )
    code = int(Exit.FAILED) if undelivered else 0
    fields = {
        "ok": not undelivered,
        "looks": [look_fields(one) for one in looks],
        "exports": exports,
    }
    options.screen.document("rotator/suppression-alert/1", fields)
    return code


@app.command("list")
@command
def list_(
    options: Options,
    region: Region = None,
    reason: Annotated[
        Reason | None, typer.Option("--reason", envvar="ROTATOR_SUPPRESSION_LIST_REASON", help="Only these.")
    ] = None,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            envvar="ROTATOR_SUPPRESSION_LIST_SINCE",
            metavar="7d|DATE",
            help="Only what changed since then (7d, or 2026-01-31).",
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="At most so many a region.")
    ] = LIST_LIMIT,
) -> None:
    """Show the list as it is now, the latest first; what is too long for that is exported."""
    from rotator.wiring import suppression as wiring_suppression

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
    fields = {"ok": True, "complete": not more, "rows": [{"region": at, **row_fields(row)} for at, row in rows]}
    options.screen.document("rotator/suppression/1", fields)


@app.command()
@command
def why(
    options: Options,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address that gets no mail.")],
    region: Region = None,
) -> None:
    """Say whether an address is suppressed, since when, and for which mail.

    An answer is exit code 0, whichever it is; a script reads `suppressed` of --json.
    """
    from rotator.wiring import suppression as wiring_suppression

    if address.count("@") != 1 or address.strip("@") != address:
        raise ConfigurationError(f"{address!r} is no address", fix="rotator suppression why somebody@example.com")
    with wiring_suppression.lists(options.configuration(), region) as lists:
        answers = lists.why(address)
    for one in answers:
        show_answer(options, address, one)
    fields = {"ok": True, "address": address.lower(), "suppressed": any(one.now for one in answers)}
    options.screen.document("rotator/suppression-why/1", {**fields, "regions": [answer_fields(one) for one in answers]})


def _since(text: str) -> Callable[[Instant], Instant | None]:
    """From AWS's time to the earliest time that is wanted; None: all.  Raises ConfigurationError."""
    if not text:
        return lambda _: None
    earliest = times.since(text)
    return lambda now: Instant(earliest(now))
