"""The program: which command, and what becomes of a failure.

`main_inner` runs a command and raises; `main` tells whatever was raised and turns it into an exit code.  Commands are
imported when they are called, so that `rotator --help` loads neither boto3 nor google nor pydantic.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command
from typer.utils import parse_boolean_env_var

from rotator.cli import around, core_dumps, render
from rotator.cli.crash import keep, redacted
from rotator.cli.failure import Failure, tell
from rotator.cli.options import plain_typer
from rotator.cli.render import Screen
from rotator.cli.signals import Interrupted, signals
from rotator.cli.streams import open_closed
from rotator.core.errors import Exit, RotatorError
from rotator.core.trust import KEY_LOG

# Command -> module in this package and its line in the help.
COMMANDS: dict[str, tuple[str, str]] = {
    "adopt": ("adopt", "First contact: make the journal and record the key that the consumers hold."),
    "status": ("status", "Keys, ages, due dates, consumers and the open rotation."),
    "rotate": ("rotate", "Start a rotation, or continue the open one."),
    "abort": ("decisions", "Drop the open rotation, as long as nobody was given the new key."),
    "discard": ("decisions", "Say that the key of an unclear create is nobody's: it is deleted."),
    "forget": ("decisions", "Say that a consumer no longer in the file holds nothing any more."),
    "reactivate": ("decisions", "Switch the old key on again; the run stays open at push."),
    "correct-clock": ("decisions", "Say what time it is, after a wrong Date from AWS got into the journal."),
    "handover": (
        "handover",
        "Give a person user name and password of a place fed by hand: new ones in a rotation, else those in use.",
    ),
    "confirm": ("handover", "Say that such a place has the new credential now."),
    "suppression": ("suppression", "The suppression list: export it, tell what is new, say why an address is on it."),
    "audit": ("audit", "One real mail through every place, and a look at what is there and should not be."),
    "alarms": ("alarms", "Whether every alarm is there, as it should be, and tells somebody; a test of that."),
    "infra": ("infra", "SES as CloudFormation: templates and policies for what is configured."),
    "derive": ("derive", "The SMTP password of a secret access key, from a pipe or a prompt."),
    "doctor": ("doctor", "Which layer is broken, from DNS to the recipient, and what to do."),
    "history": ("history", "Past rotations; one of them as a timeline; the journal's chain."),
    "report": ("report", "Write one HTML page: keys, rotations, rates, what waits for a person."),
    "explain": ("explain", "What a code, an error, an SMTP reply or a bounce means, and what to do."),
    "config": ("config", "Make, check and show the configuration file; print policy and schema."),
    "gmail": ("gmail", "Get the token of a mailbox."),
    "schedule": ("schedule", "Print crontab lines or systemd units that keep rotations going."),
    "sandbox": ("sandbox", "A whole world on this machine, to try everything without an account."),
}


class Commands(TyperGroup):
    """The commands, each imported when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"rotator.cli.{COMMANDS[cmd_name][0]}")
        group = getattr(module, "app", None)
        if group is not None:
            return get_command(group)
        single = plain_typer()
        single.command(cmd_name)(getattr(module, cmd_name.replace("-", "_")))
        return get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list in the help, from the table: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does it; the suggestion for a slip of the finger needs the names."""
        names: Any = dict.fromkeys(COMMANDS)
        self.commands = names
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=Commands, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


def _show_version(asked: bool) -> None:
    if asked:
        from rotator.cli import version

        version.show(render.screen())
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show version, commit and libraries, and exit."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="With --version: one JSON document.")] = False,
) -> None:
    """Rotate the IAM key behind an Amazon SES SMTP password without anyone losing a mail.

    Exit codes: rotator explain exit-codes.  Every option can also be given as the variable that its help names.
    """
    if json:
        raise typer.BadParameter("--json belongs behind the command: rotator status --json")


def main_inner(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.  Raises what the command raises."""
    ended = get_command(app)(args=list(arguments), prog_name="rotator", standalone_mode=False)
    return int(ended or 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; tell whatever goes wrong, and return the exit code that a timer acts on."""
    return around.ended(_told(arguments))


def _told(arguments: Sequence[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    open_closed()
    json_asked = "--json" in given or parse_boolean_env_var(os.environ.get("ROTATOR_JSON"), default=False)
    render.use(Screen(json=json_asked))  # until the command has read its options
    signals.install()
    core_dumps.forbid()
    if core_dumps.forbid_key_log():
        render.screen().say(f"{KEY_LOG} is ignored: it would open what is sent", "warning", always=True)
    atexit.register(gc.freeze)  # nothing is freed by a last collection of a process that ends: a fifth of its time
    try:
        return main_inner(given)
    except RotatorError as error:
        return tell(Failure.of(error), error)
    except typer.TyperException as error:
        return _usage(error)
    except (Interrupted, KeyboardInterrupt) as stop:
        return tell(Failure.of_interruption(stop))
    except typer.Abort:
        return tell(Failure.of_interruption(KeyboardInterrupt()))
    except SystemExit:
        raise
    # The last net: a bug is told as one, whatever it is; a panic in a Rust extension (cryptography) is no Exception.
    except BaseException as error:  # noqa: BLE001
        return _bug(error)


def _usage(error: typer.TyperException) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # its text is the help itself
        render.screen().say(error.format_message(), always=True)
        return Exit.USAGE
    return tell(Failure.of_usage(error))


def _bug(error: BaseException) -> int:
    path = keep(error)
    tell(Failure.of_bug(error, path))
    if not path or render.screen().debug:
        render.screen().say(redacted(error), always=True)
    return Exit.BUG


if __name__ == "__main__":
    sys.exit(main())
