"""`rotator schedule`: text for a timer; nothing is installed."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli.options import Options, command, plain_typer
from rotator.core.errors import ConfigurationError

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.schedule.systemd import Setup

UNITS = Path("/etc/systemd/system")
app = plain_typer(no_args_is_help=True)


@app.callback()
def schedule() -> None:
    """Print what makes a timer run rotator: crontab lines, or units of systemd; nothing is installed."""


@app.command()
@command
def cron(
    options: Options,
    as_user: Annotated[
        str,
        typer.Option(
            "--as-user",
            envvar="ROTATOR_SCHEDULE_CRON_AS_USER",
            metavar="NAME",
            help="Add the user field of /etc/crontab and /etc/cron.d.",
        ),
    ] = "",
) -> None:
    """Print the crontab lines: the daily run, the daily look at the suppression list, the monthly audit."""
    from rotator.schedule.cron import cron_line
    from rotator.schedule.jobs import JOBS

    path, host = str(Path(options.config).absolute()), socket.gethostname()
    lines = [cron_line(program(), path, host, as_user or None, job) for job in JOBS]
    if options.screen.json:
        options.screen.document("rotator/schedule/1", {"ok": True, "cron": lines[0], "lines": lines})
    else:
        options.screen.raw("\n".join(lines))
        place = "a file of /etc/cron.d, which root owns" if as_user else "`crontab -e`"
        options.screen.say(f"Put them into {place}; cron mails whatever is said, and whatever fails says more.")


@app.command()
@command
def systemd(
    options: Options,
    as_user: Annotated[
        str,
        typer.Option(
            "--as-user",
            envvar="ROTATOR_SCHEDULE_SYSTEMD_AS_USER",
            metavar="NAME",
            help="The service user; a fixed one, who owns the journal.",
        ),
    ] = "rotator",
    out: Annotated[
        str,
        typer.Option(
            "--out",
            envvar="ROTATOR_SCHEDULE_SYSTEMD_OUT",
            metavar="DIR",
            help="Write one file a unit there, over none but our own.",
        ),
    ] = "",
) -> None:
    """Print a sandboxed service and a timer for each of the same three, made for what the file names."""
    from rotator.schedule.systemd import units

    found = units(_setup(options.configuration(), str(Path(options.config).absolute()), as_user))
    if out:
        _write(Path(out), found)
        options.screen.out(f"{len(found)} units are written to {out}", "ok")
    elif not options.screen.json:
        options.screen.raw("\n".join(f"# /etc/systemd/system/{name}\n{text}" for name, text in found.items()).rstrip())
    copied = f"sudo cp {out}/rotator* /etc/systemd/system/ && " if out and Path(out).absolute() != UNITS else ""
    timers = " ".join(_timers(found))
    options.screen.say(f"Next: {copied}sudo systemctl daemon-reload && sudo systemctl enable --now {timers}")
    options.screen.document("rotator/schedule/1", {"ok": True, "units": found, "out": out or None})


def _timers(found: dict[str, str]) -> list[str]:
    return [name for name in found if name.endswith(".timer")]


def _setup(configuration: Configuration, config_path: str, user: str) -> Setup:
    """What the units have to know; every directory in which a configured file is replaced."""
    from rotator.config.kinds import Command, CredentialFile
    from rotator.schedule.systemd import Setup

    consumers = [one for user in configuration.users for one in user.consumers]
    files = [one for one in consumers if isinstance(one, CredentialFile)]
    paths = [path for one in files for path in (one.path, *one.replicas)]
    if configuration.metrics_file is not None:
        paths.append(configuration.metrics_file)
    return Setup(
        program=program(),
        config_path=config_path,
        user=user,
        state=configuration.state,
        seal_key_file=configuration.seal_key_file if configuration.seal_kms_key is None else None,
        writes=tuple(dict.fromkeys(str(Path(path).parent) for path in paths)),
        users=len(configuration.users),
        programs=any(isinstance(one, Command) for one in consumers) or any(one.after for one in files),
    )


def _write(directory: Path, found: dict[str, str]) -> None:
    """One file a unit, 0644; one that somebody else made is never overwritten.  Raises ConfigurationError."""
    from rotator.schedule.systemd import MADE_BY

    try:
        foreign = [name for name in found if _is_foreign(directory / name, MADE_BY)]
        if foreign:
            raise ConfigurationError(
                f"{directory / foreign[0]} was not made by rotator and is not overwritten", fix="move it away first"
            )
        for name, text in found.items():
            path = directory / name
            path.write_text(text, "utf-8")
            path.chmod(0o644)
    except OSError as error:
        fix = f"mkdir {directory}" if isinstance(error, FileNotFoundError) else "name a directory that you may write to"
        raise ConfigurationError(f"{directory}: {error.strerror}", fix=fix) from None


def _is_foreign(path: Path, made_by: str) -> bool:
    return path.is_symlink() or (path.exists() and not path.read_text("utf-8", "replace").startswith(made_by))


def program() -> str:
    """The absolute path of the command `rotator`: this one, or the one that belongs to this Python."""
    beside = Path(sys.executable).parent / "rotator"
    called = shutil.which(sys.argv[0]) if Path(sys.argv[0]).name == "rotator" else None
    return str(Path(called or (beside if beside.exists() else shutil.which("rotator") or beside)).absolute())
