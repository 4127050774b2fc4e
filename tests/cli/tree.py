"""Every command of the program, found by walking it: a new one is there by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from rotator.cli.main import COMMANDS, app

NOT_OURS = {"--help", "--version", "--install-completion", "--show-completion"}  # Typer's, no settings of a command


def _commands() -> Iterator[tuple[str, Any]]:
    root: Any = get_command(app)
    for name in COMMANDS:
        command = root.get_command(None, name)
        if hasattr(command, "commands"):
            yield from ((f"{name} {inner}", found) for inner, found in command.commands.items())
        else:
            yield name, command


CALLABLE: dict[str, Any] = dict(_commands())  # as it is typed -> the command


def options(command: Any) -> list[Any]:
    """The options of ours that a command has."""
    return [one for one in command.params if one.param_type_name == "option" and one.opts[0] not in NOT_OURS]
