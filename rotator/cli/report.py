"""`rotator report`: one HTML file for whoever was away."""

from __future__ import annotations

import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli.options import AnyUser, Options, command
from rotator.cli.standing import Standing, stand
from rotator.core.errors import ConfigurationError, NoJournal, RotatorError

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.report.snapshot import UserSnapshot

USERS_AT_ONCE = 8
WAITING = "waiting for a person"


@command
def report(
    options: Options,
    user: AnyUser = None,
    out: Annotated[
        str, typer.Option("--out", "-o", envvar="ROTATOR_REPORT_OUT", metavar="FILE", help="The file to write.")
    ] = "report.html",
) -> int:
    """One self-contained HTML file: keys against their limit, rotations, rates, what waits for a person."""
    from rotator.report import content, page
    from rotator.report.snapshot import Snapshot
    from rotator.wiring import reporting

    configuration = options.configuration()
    users = _users(configuration, user)
    now = max(at for at, _ in users) or int(time.time())  # AWS's time, where anybody could be looked up
    rates, growth = reporting.rates(configuration, now), reporting.growth(configuration, now)
    told = content.report(Snapshot(now, tuple(one for _, one in users), rates, growth))
    _write(Path(out), page.html(told))
    options.screen.out(f"{told.verdict}.  The report is {out}", "ok" if told.ok else "warning")
    options.screen.document(page.SCHEMA, {"file": out, **page.document(told)})
    return 0


def _users(configuration: Configuration, user: str | None) -> list[tuple[int, UserSnapshot]]:
    """(time of the look, snapshot) of every wanted user, looked up side by side."""
    wanted = configuration.chosen(user)
    with ThreadPoolExecutor(USERS_AT_ONCE) as pool:
        return list(pool.map(lambda one: _user(configuration, one.name, one.region), wanted))


def _user(configuration: Configuration, name: str, region: str) -> tuple[int, UserSnapshot]:
    from rotator.report.snapshot import UserSnapshot
    from rotator.wiring import rotating

    try:
        standing, events = stand(configuration, name), rotating.history(configuration, name).events
    except NoJournal:
        return 0, UserSnapshot(name, region)
    return standing.now, UserSnapshot(
        user=name,
        region=region,
        policy=standing.policy,
        events=events,
        keys=standing.keys,
        last_use=standing.last_use,
        states={key.id: standing.state_of(key) for key in standing.keys},
        questions=tuple(_questions(standing)),
        overdue=standing.overdue,
        stuck=standing.stuck,
        untold=tuple(one.name for one in standing.untold),
        missing=_reason(standing.unreachable),
    )


def _questions(standing: Standing) -> list[str]:
    """What only a person can do now."""
    waiting = [f"{one.name} has to be given the new password by hand: rotator handover {standing.user} {one.name}"
               for one in standing.consumers if one.push == WAITING]  # fmt: skip
    behind = [f"{one.sentence}" for one in standing.drifted]
    untold = [f"{one.name} could not be told ({one.how}): {one.why}" for one in standing.untold]
    stuck = untold or ([standing.comes] if standing.stuck and standing.comes else [])
    return [*waiting, *behind, *stuck]


def _reason(error: RotatorError | None) -> str:
    return "" if error is None else f"IAM could not be asked: {error}"


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a report.  Raises ConfigurationError if it cannot be written."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")  # nobody can lay a link there
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}", fix="name another file with -o", id="report-file"
        ) from None
