"""`rotator gmail login`: the token of a personal mailbox."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rotator.cli.options import Options, command, plain_typer

app = plain_typer(no_args_is_help=True)


@app.callback()
def gmail() -> None:
    """Get the token of a mailbox."""


@app.command()
@command
def login(
    options: Options,
    mailbox: Annotated[
        str,
        typer.Option("--mailbox", envvar="ROTATOR_GMAIL_LOGIN_MAILBOX", metavar="ADDRESS", help="Whose mailbox it is."),
    ],
    client_secrets: Annotated[
        str, typer.Option("--client-secrets", metavar="FILE", help="The OAuth client of type Desktop app, as JSON.")
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            envvar="ROTATOR_GMAIL_LOGIN_OUT",
            metavar="FILE",
            help="Where the token is kept, for you alone (0600).",
        ),
    ],
) -> None:
    """Let a person agree in the browser, and keep the token that comes of it."""
    from rotator.wiring import mailboxes

    def say(url: str) -> None:
        options.screen.say(f"Open this address in the browser of {mailbox}, and agree:\n  {url}", always=True)

    target = Path(out).absolute()
    kept = mailboxes.gmail_login(options.configuration(), mailbox, Path(client_secrets).absolute(), target, say=say)
    options.screen.out(f"The token of {mailbox} is in {kept}", "ok")
    options.screen.out(f"Next: credentials: {{authorized_user: {kept}}} in the file, then rotator config check")
    options.screen.document("rotator/gmail-login/1", {"ok": True, "mailbox": mailbox, "out": str(kept)})
