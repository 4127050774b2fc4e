"""`rotator handover` and `rotator confirm`: places that only a person can feed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli.options import Options, User, command
from rotator.cli.work import at_work, go_on, who, whose_consumer
from rotator.core.access_keys import mask
from rotator.core.errors import ConfigurationError
from rotator.core.times import when

if TYPE_CHECKING:
    from rotator.config.model import EndpointSettings
    from rotator.core.facts import Facts
    from rotator.rotation.interventions import HandOver

Names = Annotated[
    list[str],
    typer.Argument(metavar="[USER] CONSUMER", help="The consumer; whose it is, if several users have one so named."),
]
SECURITY = {"starttls": "STARTTLS (Gmail: TLS)", "tls": "TLS from the start (Gmail: SSL)"}
CANNOT_TELL = (
    "A canary cannot tell the two keys apart while both are Active: only one that arrives after the old key is off\n"
    "proves that this place has the new one."
)

UNTIMED = "AWS could not be asked what time it is: the reveal is journalled with the time of the newest entry"


@command
def handover(
    options: Options,
    names: Names,
    user: User = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show it on this terminal.")] = False,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            envvar="ROTATOR_HANDOVER_OUT",
            metavar="FILE",
            help="Write it to a new file that only you can read.",
        ),
    ] = "",
) -> None:
    """Give a person user name and password of a place fed by hand: new ones in a rotation, else those in use.

    Each time is journalled.
    """
    from rotator.rotation import interventions

    _refuse_leaks(options, reveal=reveal, out=out)
    owner, consumer = whose_consumer(options, names, user)
    with at_work(options, owner) as work:
        given = interventions.hand_over(work.rotation, consumer, who())
        name, then = work.rotation.facts.user, _then(work.rotation.facts, consumer)
    endpoint = options.configuration().user(name).endpoint(given.endpoint)
    if given.untimed is not None:
        options.screen.say(f"{UNTIMED}: {given.untimed}", "warning", always=True)
    lines = "\n".join(_lines(given, endpoint))
    if out:
        from rotator.config.files import write_new

        write_new(str(Path(out).absolute()), lines + "\n")
        options.screen.out(f"Written to {out} (only you can read it); delete it once it is pasted.", "ok")
    else:
        options.screen.say("Shown on this terminal only; this reveal is journalled.")
        options.screen.raw(lines)
    options.screen.out(f"Next: {then}")
    fields = {"ok": True, "user": name, "consumer": consumer, "key": mask(given.credential.key), "out": out or None}
    options.screen.document("rotator/handover/1", fields)


def _then(facts: Facts, consumer: str) -> str:
    """What the person does once it is pasted, and how urgent that is."""
    if facts.run is None:
        return f"send a mail through {consumer} and look whether it bounces (no rotation is open, nothing to confirm)"
    refused = "the old key is off: its mail is refused until then"
    urgency = refused if _old_is_off(facts) else "no deadline; both keys stay Active"
    return f"rotator confirm {facts.user} {consumer}     ({urgency})"


def _old_is_off(facts: Facts) -> bool:
    return facts.run is not None and bool(facts.run.old) and facts.key(facts.run.old).deactivated_at > 0


def _refuse_leaks(options: Options, *, reveal: bool, out: str) -> None:
    """A password goes to a terminal or to a private file, never into a pipe, a log or a JSON document."""
    if bool(out) == reveal:
        raise ConfigurationError(
            "say where the password goes: to this terminal or to a file", fix="--reveal, or --out FILE"
        )
    if reveal and (options.screen.json or not sys.stdout.isatty()):
        raise ConfigurationError(
            "--reveal shows the password on a terminal only, and standard output is none here",
            why="a pipe or a log would keep it",
            fix="--out FILE writes it to a new file that only you can read",
            id="no-terminal",
        )
    if out and os.path.lexists(out):
        raise ConfigurationError(f"{out} exists and is never overwritten", fix="name a new file")


def _lines(given: HandOver, endpoint: EndpointSettings) -> Iterator[str]:
    yield f"  server    {endpoint.host}"
    yield f"  port      {endpoint.port}"
    yield f"  security  {SECURITY[endpoint.security]}"
    yield f"  user      {given.credential.key}"
    yield f"  password  {given.credential.password.reveal()}"
    yield f"  check     the user-name field must show {given.credential.key}"
    yield from (f"  {number}. {step}" for number, step in enumerate(given.instructions, start=1))


@command
def confirm(options: Options, names: Names, user: User = None) -> int:
    """Say that a place fed by hand has the new credential now; your name and the time are kept, and the run goes on."""
    from rotator.rotation import interventions

    owner, consumer = whose_consumer(options, names, user)
    with at_work(options, owner) as work:
        interventions.confirm(work.rotation, consumer, who())
        work.survey()
        work.steps.show("confirm", f"{consumer}: attested by {who()}, {when(work.rotation.time.now())}")
        if not _old_is_off(work.rotation.facts):
            options.screen.say(CANNOT_TELL)
        report, fields = go_on(options, work)
    options.screen.document("rotator/rotate/1", fields)
    return int(report.exit_code)
