"""`rotator config`: make, check and show the configuration file; print policy and schema."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rotator.cli import ask
from rotator.cli.options import DEFAULT_CONFIG, Options, command, plain_typer
from rotator.cli.text import counted
from rotator.core.errors import RotatorError

if TYPE_CHECKING:
    from rotator.config.initial import Answers

CONFIG = "ROTATOR_CONFIG"  # the variable that names the file where -c does not

app = plain_typer(no_args_is_help=True)


@app.callback()
def config() -> None:
    """Make, check and show the configuration file; print policy and schema."""


@app.command()
@command
def init(
    options: Options,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="The IAM user whose key is rotated.")] = "",
    mailbox: Annotated[
        str,
        typer.Option("--mailbox", envvar="ROTATOR_CONFIG_INIT_MAILBOX", metavar="ADDRESS", help="The Gmail mailbox."),
    ] = "",
    alias: Annotated[str, typer.Option("--alias", metavar="ADDRESS", help="Its send-as alias.")] = "",
    account: Annotated[str, typer.Option("--account", metavar="ID", help="The AWS account; asked of AWS else.")] = "",
    region: Annotated[
        str, typer.Option("--region", envvar="ROTATOR_CONFIG_INIT_REGION", metavar="REGION", help="SES's region.")
    ] = "us-east-1",
    consumer_name: Annotated[str, typer.Option("--consumer-name", metavar="NAME", help="What to call the alias.")] = "",
    sole_creator: Annotated[
        bool, typer.Option("--sole-creator", help="Nobody else creates access keys for this user.")
    ] = False,
    endpoint_host: Annotated[str, typer.Option("--endpoint-host", metavar="HOST", help="Not SES's usual host.")] = "",
    endpoint_port: Annotated[int, typer.Option("--endpoint-port", metavar="PORT", help="Not 587.")] = 0,
    ca_file: Annotated[str, typer.Option("--ca-file", metavar="FILE", help="Not the system's authorities.")] = "",
    state: Annotated[str, typer.Option("--state", metavar="DIR", help="Not /var/lib/rotator.")] = "",
) -> None:
    """Write the first configuration file (never over another) and make the key that seals secrets.

    What is missing is asked for at a terminal.
    """
    from rotator.config.initial import Answers

    answers = Answers(
        user=user or ask.text(options, "IAM user whose SMTP key is rotated?", "--user"),
        account=account or _account(options, region),
        region=region,
        mailbox=mailbox or ask.text(options, "Gmail mailbox?", "--mailbox"),
        alias=alias or ask.text(options, "Send-as alias in it?", "--alias"),
        sole_creator=sole_creator,
        consumer=consumer_name or None,
        endpoint_host=endpoint_host or None,
        endpoint_port=endpoint_port or None,
        ca_file=str(Path(ca_file).absolute()) if ca_file else None,
        state=str(Path(state).absolute() / "journal.db") if state else None,
        seal_key_file=str(Path(state).absolute() / "seal.key") if state else None,
    )
    _write(options, answers)


def _account(options: Options, region: str) -> str:
    """AWS's own answer where somebody is logged in, else a person's.  Raises ConfigurationError."""
    from rotator.wiring.first_use import account_of

    try:
        found = account_of(region)
    except RotatorError as error:
        options.screen.say(f"AWS could not be asked for the account: {error}")
        found = ""
    return found if found and not options.interactive else ask.text(options, "AWS account id?", "--account", found)


def _write(options: Options, answers: Answers) -> None:
    from rotator.config.files import make_directory
    from rotator.config.initial import initial_file, write_new
    from rotator.wiring.first_use import make_seal_key

    path = Path(options.config).absolute()
    text = initial_file(answers, os.environ)
    make_directory(str(path.parent))
    write_new(str(path), text)
    configuration = options.configuration()
    made = make_seal_key(configuration.seal_key_file)
    screen = options.screen
    screen.out(f"{path} is written, for you alone", "ok")
    screen.out(
        f"{configuration.seal_key_file} {'is made: keep a copy apart from the journal' if made else 'is used'}", "ok"
    )
    given = "" if options.config in (DEFAULT_CONFIG, os.environ.get(CONFIG)) else f" -c {shlex.quote(options.config)}"
    screen.out(f"Next: rotator config policy{given}     (what the program needs at IAM), then: rotator adopt{given}")
    fields = {"ok": True, "config": str(path), "seal_key": configuration.seal_key_file, "seal_key_made": made}
    screen.document("rotator/config-init/1", fields)


@app.command()
@command
def check(options: Options) -> None:
    """Read the file and say everything that is wrong with it, with line and column."""
    found = options.configuration()
    count = sum(len(user.consumers) for user in found.users)
    counts = f"{counted(len(found.users), 'user')}, {counted(count, 'consumer')}"
    options.screen.out(f"{found.path} is right: {counts}", "ok")
    options.screen.document("rotator/config-check/1", {"ok": True, "users": len(found.users), "consumers": count})


@app.command()
@command
def show(options: Options) -> None:
    """Every value in force, and where it comes from."""
    from rotator.config.settings import effective

    settings = effective(options.configuration())
    options.screen.table(("KEY", "VALUE", "ORIGIN"), [(one.path, one.value, one.origin) for one in settings])
    rows = [{"key": one.path, "value": one.value, "origin": one.origin} for one in settings]
    options.screen.document("rotator/config-show/1", {"ok": True, "settings": rows})


@app.command()
@command
def schema(options: Options) -> None:
    """The file's JSON Schema, for editors."""
    from rotator.config.json_schema import schema as of_file

    _print(options, "rotator/config-schema/1", "json_schema", of_file())


@app.command()
@command
def policy(
    options: Options,
    principal: Annotated[
        str, typer.Option("--principal", metavar="ARN", help="The role or user that rotator runs as.")
    ] = "",
) -> None:
    """The least IAM policy that the program needs, for exactly these users."""
    from rotator.config.iam_policy import iam_policy
    from rotator.config.store_policy import check_principal

    check_principal(principal)
    _print(options, "rotator/config-policy/1", "policy", iam_policy(options.configuration(), principal))


def _print(options: Options, name: str, field: str, found: dict[str, Any]) -> None:
    """The document itself for another program, or inside ours."""
    if options.screen.json:
        options.screen.document(name, {"ok": True, field: found})
    else:
        options.screen.raw(json.dumps(found, indent=2))
