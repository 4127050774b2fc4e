"""What `--help` costs and promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rotator.cli.main import COMMANDS
from rotator.cli.options import variable_of
from tests.cli.conftest import Run
from tests.cli.tree import CALLABLE, options

HEAVY = {"boto3", "botocore", "google", "googleapiclient", "pydantic", "rich", "yaml", "cryptography", "sqlite3"}


def _imported(*arguments: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "rotator", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


LIGHT = {"--help": HEAVY, "--version": HEAVY - {"sqlite3"}}  # whose version is asked for


@pytest.mark.parametrize(("argument", "heavy"), LIGHT.items(), ids=LIGHT.keys())
def test_top_level_help_loads_nothing_heavy(argument: str, heavy: set[str]) -> None:
    """Asking what there is loads no client of AWS or Google, no validation and no tables."""
    assert _imported(argument) & heavy == set()


def test_help_lists_every_command(run: Run) -> None:
    """The list in the help is the table of commands, each with a line."""
    told = run("--help").out
    assert [name for name in COMMANDS if not re.search(rf"^  {name} +\S", told, re.MULTILINE)] == []


@pytest.mark.parametrize("path", CALLABLE)
def test_every_command_explains_itself_in_plain_text(run: Run, path: str) -> None:
    """Help is text that any terminal, pipe or mail can show: no boxes, no colour."""
    done = run(*path.split(), "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: rotator {path} ")
    assert not re.search("[─│╭\x1b]", done.out)


def test_every_command_has_the_common_options() -> None:
    """Whoever knows one command knows how to configure, silence and script all of them."""
    common = {
        "--config", "-c", "--json", "--quiet", "-q", "--verbose", "-v", "--debug", "--color", "--no-input",
        "--log-format",
    }  # fmt: skip
    offered = {path: {name for one in command.params for name in one.opts} for path, command in CALLABLE.items()}
    assert {path: common - names for path, names in offered.items() if common - names} == {}


def test_every_option_can_be_given_by_its_variable() -> None:
    """Every option has ROTATOR_<OPTION>, or with its command before it, so that a unit file or a shell can carry it."""
    wrong = [
        f"{path} {one.opts[0]}: {one.envvar}"
        for path, command in CALLABLE.items()
        for one in options(command)
        if one.envvar not in _variables(path, one.opts[0])
    ]
    assert wrong == []


def _variables(path: str, option: str) -> Iterator[str]:
    """The names that an option's variable may have: its own, after nothing, its group or its command."""
    words = path.split()
    for n in range(len(words) + 1):
        yield variable_of("-".join([*words[:n], option.removeprefix("--")]))


def test_a_variable_is_one_thing_in_every_command() -> None:
    """Whoever exports a variable for one command does not change what another does."""
    meanings: dict[str, set[str]] = {}
    for command in CALLABLE.values():
        for one in options(command):
            meanings.setdefault(one.envvar, set()).add(one.help)
    several = {variable: told for variable, told in meanings.items() if len(told) > 1}
    assert several.pop("ROTATOR_USER") == {  # the one user whom everything is about, whichever word says so
        "The IAM user; needed if the file has several.",
        "One IAM user; all of the file else.",
        "The IAM user whose key is rotated.",
    }
    assert several == {}


def test_no_option_takes_a_secret() -> None:
    """A secret in an argument or a variable could be read by others; the one option about secrets is a flag."""
    about = [
        (path, one.opts[0], one.is_flag)
        for path, command in CALLABLE.items()
        for one in options(command)
        if re.search("secret|password|token", one.opts[0])
    ]
    assert about == [("adopt", "--secret-stdin", True), ("gmail login", "--client-secrets", False)]  # a file's path


def test_a_variable_stands_in_for_its_option(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """ROTATOR_JSON=1 is --json."""
    monkeypatch.setenv("ROTATOR_JSON", "1")
    assert run("explain", "5").document["codes"][0]["code"] == 5
