"""`rotator schedule`: text for a timer; nothing is installed."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from rotator.cli.options import Options, command, plain_typer

app = plain_typer(no_args_is_help=True)


@app.callback()
def schedule() -> None:
    """Print the daily line that keeps rotations going; nothing is installed."""


@app.command()
@command
def cron(
    options: Options,
    as_user: Annotated[
        str, typer.Option("--as-user", metavar="NAME", help="Add the user field of /etc/crontab and /etc/cron.d.")
    ] = "",
) -> None:
    """Print one crontab line: daily, and only if something is due."""
    from rotator.schedule import cron_line

    path = str(Path(options.config).absolute())
    line = cron_line(program(), path, socket.gethostname(), as_user or None)
    if options.screen.json:
        options.screen.document("rotator/schedule/1", {"ok": True, "cron": line})
    else:
        options.screen.raw(line)
        options.screen.say("Put it into `crontab -e`; cron mails whatever fails.")


def program() -> str:
    """The absolute path of the command `rotator`: this one, or the one that belongs to this Python."""
    beside = Path(sys.executable).parent / "rotator"
    called = shutil.which(sys.argv[0]) if Path(sys.argv[0]).name == "rotator" else None
    return str(Path(called or (beside if beside.exists() else shutil.which("rotator") or beside)).absolute())
