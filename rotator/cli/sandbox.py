"""`rotator sandbox`: a whole world on this machine.  The only module of the program that knows of it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shlex
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli.options import Options, command, plain_typer
from rotator.cli.signals import Interrupted
from rotator.core.durations import parse_duration
from rotator.core.errors import ConfigurationError, Exit

if TYPE_CHECKING:
    from rotator.sandbox.world import World

app = plain_typer(no_args_is_help=True)
BANNER = """\
+---------------------------------------------------------------+
|  SANDBOX.  Not AWS, not SES, not Gmail: a world on 127.0.0.1  |
|  with made-up keys.  No mail leaves this machine.             |
+---------------------------------------------------------------+"""


@app.callback()
def sandbox() -> None:
    """A whole world on this machine, to try everything without an account."""
    if importlib.util.find_spec("moto") is None:
        raise ConfigurationError(
            "the sandbox is not installed here", why="it needs moto and flask", fix="pip install 'rotator[sandbox]'"
        )


@app.command()
@command
def up(
    options: Options,
    calm: Annotated[bool, typer.Option("--calm", help="No lags at all.")] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME[:COUNT]", help="Something that goes wrong; `help` lists."),
    ] = None,
    directory: Annotated[str, typer.Option("--directory", metavar="DIR", help="Where its files lie, kept.")] = "",
) -> None:
    """Serve the world until Ctrl-C, with a configuration file; print what to export.

    In the background: eval "$(rotator sandbox up &)"
    """
    if fault and "help" in fault:
        _list_faults(options)
        return
    with _directory(directory) as place, _world(place, calm=calm, faults=_faults(fault or [])) as world:
        options.screen.say(BANNER, always=True)
        exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in world.environment().items())
        if options.screen.json:
            options.screen.document("rotator/sandbox/1", {"ok": True, "environment": world.environment()})
            options.screen.finish(Exit.OK)  # now: it serves until a signal
        else:
            options.screen.raw(exports)
        options.screen.say(f"Files in {place}.  Next, there: rotator adopt.  Ctrl-C ends it.")
        _let_the_reader_go()
        with contextlib.suppress(Interrupted):
            threading.Event().wait()  # until a signal
    options.screen.say("The sandbox is gone.")


def _list_faults(options: Options) -> None:
    import rotator.sandbox.world  # noqa: F401 - its modules declare their faults
    from rotator.sandbox.faults import KNOWN

    options.screen.table(("FAULT", "WHAT HAPPENS"), sorted(KNOWN.items()))
    options.screen.document("rotator/faults/1", {"ok": True, "faults": KNOWN})


def _faults(given: list[str]) -> dict[str, int]:
    """`smtp_454:3` -> three times.  Raises ConfigurationError."""
    found = {}
    for one in given:
        name, _, count = one.partition(":")
        if count and not count.isdecimal():
            raise ConfigurationError(f"--fault {one!r}: the count is a whole number", fix="--fault smtp_454:3")
        found[name] = int(count or 1)
    return found


@contextmanager
def _directory(chosen: str) -> Iterator[Path]:
    """The chosen directory, kept; or one of our own, gone at the end."""
    if chosen:
        yield Path(chosen).absolute()
        return
    with tempfile.TemporaryDirectory(prefix="rotator-sandbox-") as place:
        yield Path(place)


@contextmanager
def _world(place: Path, *, calm: bool, faults: dict[str, int]) -> Iterator[World]:
    from rotator.sandbox.faults import UnknownFault
    from rotator.sandbox.world import World

    try:
        world = World.start(place, calm=calm, faults=faults)
    except (UnknownFault, ValueError) as error:
        raise ConfigurationError(str(error), fix="rotator sandbox up --fault help") from None
    with world:
        yield world


def _let_the_reader_go() -> None:
    """Close a pipe on standard output, so that `eval "$(rotator sandbox up &)"` goes on."""
    if not sys.stdout.isatty():
        sys.stdout.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@app.command()
@command
def demo(options: Options) -> int:
    """Play the whole story: a stale key, a rotation to its end, and a crash in the middle of another."""
    from rotator.sandbox.demo import play

    screen = options.screen
    screen.say(BANNER, always=True)
    played = play(screen.say if screen.json else screen.out)
    code = Exit.FAILED if played.broken else Exit.OK
    fields = {"ok": code is Exit.OK, "seconds": round(played.seconds, 1)}
    screen.document("rotator/demo/1", {**fields, "claims": played.claims, "broken": played.broken or None})
    return int(code)


@app.command()
@command
def advance(
    options: Options,
    how_long: Annotated[str, typer.Argument(metavar="72h", help="How far to move the sandbox's clock.")],
    sandbox_admin: Annotated[
        str, typer.Option("--sandbox-admin", metavar="URL", help="The sandbox's control port, as `up` prints it.")
    ] = "",
) -> None:
    """Move the clock of a running sandbox forward."""
    from urllib.error import URLError

    from rotator.sandbox.client import Sandbox, SandboxError

    seconds = parse_duration(how_long)
    if not sandbox_admin:
        raise ConfigurationError("no sandbox is named", fix="export what `rotator sandbox up` printed")
    try:
        now = Sandbox(sandbox_admin).advance(seconds)
    except (ValueError, SandboxError, URLError) as error:
        raise ConfigurationError(f"the sandbox did not answer: {error}", fix="is it up? rotator sandbox up") from None
    options.screen.out(f"The sandbox's clock shows {now:%d %b %Y %H:%M} UTC")
    options.screen.document("rotator/advance/1", {"ok": True, "now": now.strftime("%Y-%m-%dT%H:%M:%SZ")})
