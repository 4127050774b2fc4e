"""The options that every command has, declared once, and what they add up to.

Every option can also be given as ROTATOR_<OPTION>; no key of the configuration file can.  An option that is something
else in another command (`--out`, `--region`) is ROTATOR_<COMMAND>_<OPTION>, so that no variable reaches a command that
it was not meant for.  No option holds a secret: those come from a prompt or a pipe.
"""

from __future__ import annotations

import copy
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
from typer.models import OptionInfo

from rotator.cli import render
from rotator.cli.render import Screen

if TYPE_CHECKING:
    from rotator.config.model import Configuration

DEFAULT_CONFIG = "/etc/rotator/config.yaml"


class Color(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class LogFormat(StrEnum):
    """The form of the lines on stderr."""

    TEXT = "text"
    JSON = "json"


# Options that several commands share, each declared here and nowhere else.
User = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="The IAM user; needed if the file has several.")
]
AnyUser = Annotated[str | None, typer.Option("--user", metavar="NAME", help="One IAM user; all of the file else.")]
Key = Annotated[str, typer.Option("--key", metavar="AKIA…", help="The access key id it is about.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the journal.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 for warnings too.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer the question with yes; changes nothing else.")]


def plain_typer(**more: Any) -> typer.Typer:
    """A Typer app as all of ours are: plain help, plain errors, no boxes."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, **more)


def _common(
    config: Annotated[
        str, typer.Option("--config", "-c", metavar="FILE", help=f"The configuration file ({DEFAULT_CONFIG}).")
    ] = DEFAULT_CONFIG,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, also on failure.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress; failures are still told.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also which rule decided, what was seen.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on stderr, without secrets.")] = False,
    color: Annotated[Color, typer.Option("--color", help="When to colour.")] = Color.AUTO,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask anything.")] = False,
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="Form of stderr.")] = LogFormat.TEXT,
) -> Options:
    """The signature is the declaration; the value is what a command gets."""
    chosen = Screen(json, quiet, verbose, debug, color.value, log_format.value)
    return Options(config, no_input, render.use(chosen))


@dataclass(frozen=True, slots=True)
class Options:
    """What the common options came to."""

    config: str
    no_input: bool
    screen: Screen
    _read: list[Configuration] = field(default_factory=list)

    def configuration(self) -> Configuration:
        """The configuration file, read once.  Raises ConfigurationError with every problem at once."""
        from rotator.config.loader import load

        if not self._read:
            self._read.append(load(self.config, os.environ))
        return self._read[0]

    @property
    def interactive(self) -> bool:
        """Whether somebody sits there who can be asked."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()


def command(function: Callable[..., int | None]) -> Callable[..., int]:
    """Give a command the common options: it gets them as `options`, its own as they are, and returns an exit code."""
    own = [one for one in inspect.signature(function, eval_str=True).parameters.values() if one.name != "options"]
    common = list(inspect.signature(_common, eval_str=True).parameters.values())

    @wraps(function)
    def run(**given: Any) -> int:
        options = _common(**{one.name: given.pop(one.name) for one in common})
        options.screen.about["command"] = function.__name__.strip("_")
        options.screen.shout()
        code = int(function(options, **given) or 0)
        options.screen.finish(code)
        return code

    declared = [_with_variable(one) for one in (*own, *common)]
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in declared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _with_variable(parameter: inspect.Parameter) -> inspect.Parameter:
    """The parameter, readable from ROTATOR_<OPTION> if it is an option that names no variable of its own."""
    if get_origin(parameter.annotation) is not Annotated:
        return parameter
    kind, declared, *_ = get_args(parameter.annotation)
    if not isinstance(declared, OptionInfo):
        return parameter
    declared = copy.copy(declared)
    declared.envvar = declared.envvar or variable_of(str(declared.default))  # inside Annotated its name stands there
    return parameter.replace(annotation=Annotated[kind, declared])


def variable_of(option: str) -> str:
    """`--no-input` -> `ROTATOR_NO_INPUT`."""
    return f"ROTATOR_{option.removeprefix('--').replace('-', '_').upper()}"
