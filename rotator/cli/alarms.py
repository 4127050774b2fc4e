"""`rotator alarms`: whether every alarm is there and tells somebody; and a test that somebody is reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli import ask
from rotator.cli.findings import counted, row, show
from rotator.cli.options import Options, Yes, command, plain_typer
from rotator.core.errors import ConfigurationError, Exit, RemoteFault, RotatorError, StopError
from rotator.core.findings import Finding, failed
from rotator.core.ports import Acknowledged, Unknown

if TYPE_CHECKING:
    from rotator.wiring.alarms import Place

app = plain_typer(no_args_is_help=True)


@app.callback()
def alarms() -> None:
    """The alarms in CloudWatch: whether they are there, as they should be, and tell somebody."""


@app.command()
@command
def status(options: Options) -> int:
    """Every alarm beside its definition, and who is subscribed; changes nothing.  Exit 1: one is wrong, or rings."""
    from rotator.wiring import alarms as wiring_alarms

    found = [finding for place in wiring_alarms.places(options.configuration()) for finding in place.findings()]
    return _end(options, found)


@app.command("test")
@command
def ring(
    options: Options,
    alarm: Annotated[str, typer.Option("--alarm", metavar="NAME", help="Which one (else the first).")] = "",
    yes: Yes = False,
) -> int:
    """Let one alarm ring, so that whoever is subscribed is proven to be reached; it goes back by itself."""
    from rotator.wiring import alarms as wiring_alarms

    places = list(wiring_alarms.places(options.configuration()))
    chosen = [(place, one.alarm.name) for place in places for one in place.there if alarm in ("", one.alarm.name)]
    if not chosen:
        raise _nothing_there(alarm, places)
    place, name = chosen[0]
    found = list(place.told())
    if failed(found):
        return _end(options, found)
    if not yes and options.interactive and not ask.yes(options, f"{name} will ring, and people are told. Go on?"):
        options.screen.out("Nothing was changed.")
        return _told(options, found)
    answer = place.ring(name)
    if not isinstance(answer, Acknowledged):
        error = RemoteFault if isinstance(answer, Unknown) else StopError
        raise error(answer.detail, fix="rotator config policy allows it", runbook="runbooks/reputation-alarm.md")
    options.screen.say(f"{name} rings: within a minute everybody subscribed must have a mail that calls itself a test.")
    options.screen.say("Nobody had one: runbooks/reputation-alarm.md#nobody-is-told.  It goes back by itself.")
    return _told(options, found, rang=name)


def _nothing_there(alarm: str, places: Sequence[Place]) -> RotatorError:
    """A name that is not among those there; or none is there, which a template mends."""
    there = ", ".join(one.alarm.name for place in places for one in place.there)
    if there:
        return ConfigurationError(f"no alarm {alarm!r} is there", fix=f"there are: {there}")
    return StopError(
        f"no alarm is there in {', '.join(place.region for place in places)}",
        why="nobody is told of anything: the alarms were never deployed, or somebody took them away",
        fix="rotator infra render sending > sending.yaml, and deploy it as the page says; then again",
        runbook="runbooks/infrastructure.md#deploy",
    )


def _end(options: Options, found: list[Finding]) -> int:
    show(options.screen, found)
    options.screen.out(f"{counted(found)}.")
    if failed(found):
        options.screen.say(f"(exit {int(Exit.FAILED)})", always=True)
    return _told(options, found)


def _told(options: Options, found: list[Finding], rang: str | None = None) -> int:
    """The document and the exit code; `rang` None: no alarm was made to ring."""
    code = int(Exit.FAILED) if failed(found) else 0
    fields = {"ok": code == 0, "rang": rang, "findings": [row(one) for one in found]}
    options.screen.document("rotator/alarms/1", fields)
    return code
