"""`rotator adopt`: first contact."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli import ask
from rotator.cli.failure import UNTOUCHED
from rotator.cli.options import Key, Options, User, command
from rotator.cli.text import mask_ids
from rotator.core.access_keys import mask
from rotator.core.secret import Secret
from rotator.core.smtp_credential import shape_of

if TYPE_CHECKING:
    from rotator.config.model import Configuration

WITHOUT = (
    "Without its password, whether SES refuses the old key is not asked but waited for (one hour after the\n"
    "deactivation), and the old password cannot be handed over.  Give it later: rotator adopt --user {user}"
)


@command
def adopt(
    options: Options,
    user: User = None,
    key: Key = "",
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the key's secret or SMTP password from standard input.")
    ] = False,
) -> None:
    """Make the journal, and record the key that the consumers hold today.

    The key is the only Active one, or the one named.  Its secret access key or SMTP password is asked for without
    echo, proven by a login and sealed; an empty answer goes without it.
    """
    from rotator.wiring import rotating

    options.screen.flow = UNTOUCHED
    configuration = options.configuration()
    _make_seal_key_if_first(options, configuration)

    def read_secret(key_id: str) -> Secret | None:
        given = _secret(options, key_id, from_pipe=secret_stdin)
        if given is not None:
            options.screen.say(f"Given: {shape_of(given).value}.  It is tried by a login; this takes a few seconds.")
        return given

    done = rotating.adopt(configuration, user, key=key, read_secret=read_secret)
    screen = options.screen
    screen.out(f"{done.user} is adopted; its consumers hold {mask(done.key) or 'no key'}", "ok")
    sealed = f"Its password was proven and sealed: {mask_ids(done.proof)}"
    screen.out(sealed if done.sealed else WITHOUT.format(user=done.user))
    screen.out(f"Next: rotator rotate --user {done.user} --dry-run")
    fields = {
        "ok": True,
        "user": done.user,
        "key": mask(done.key),
        "sealed": done.sealed,
        "proof": mask_ids(done.proof),
    }
    screen.document("rotator/adopt/1", fields)


def _make_seal_key_if_first(options: Options, configuration: Configuration) -> None:
    """A file written by hand has no seal key yet; one that is missing beside a journal is lost, not new."""
    from rotator.wiring.first_use import make_seal_key
    from rotator.wiring.parts import key_wrapper

    if os.path.lexists(configuration.state):
        return
    if make_seal_key(configuration.seal_key_file, key_wrapper(configuration)):
        options.screen.say(f"{configuration.seal_key_file} is made: keep a copy apart from the journal")


def _secret(options: Options, key_id: str, *, from_pipe: bool) -> Secret | None:
    if from_pipe:
        return ask.piped()
    if not options.interactive:
        return None
    return ask.hidden(options, f"Secret access key or SMTP password of {key_id} (hidden; empty = go without):")
