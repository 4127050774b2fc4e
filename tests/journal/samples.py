"""What the journal's suites write into journals, and how they start a second process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import rotator
from rotator.core.access_keys import KeyId
from rotator.core.history.events import KINDS, Adopted, Event, RunFinished, RunOpened
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential

ACCOUNT, USER = "123456789012", "jada+ses@example.com"
KEY, NEXT_KEY = KeyId("AKIAIOSFODNN7EXAMPLE"), KeyId("AKIAI44QH8DHBEXAMPLE")
REGION, OTHER_REGION = "us-east-1", "eu-west-1"
ADOPTED = Adopted(1_700_000_000, ACCOUNT, USER, "AIDACKCEVSQ6C2EXAMPLE", KEY, ("admin-alias",))
OPENED = RunOpened(1_700_000_100, "run-1", 0, "age", KEY, ("admin-alias",))
DIFFICULT = "BGx+/=\"'\\ {}$\u20ac\n"  # what passwords and templates break on

SAMPLE_OF_TYPE = {"int": 7, "bool": True, "str": 'text "quoted" \u20ac\n', "tuple[str, ...]": ("a", "", "b c")}


def credential(key: KeyId = KEY, password: str = DIFFICULT) -> SmtpCredential:
    """An SMTP credential with a password that is hard to carry."""
    return SmtpCredential(key, Secret(password))


def one_of_each() -> list[Event]:
    """An event of every kind there is, in an order that a journal accepts."""
    between = [kind for kind in KINDS.values() if kind not in (RunOpened, RunFinished)]
    return [sample(RunOpened), *map(sample, between), sample(RunFinished)]


def sample(kind: type[Event]) -> Event:
    """An event of `kind` with every field filled."""
    values: dict[str, Any] = {one.name: SAMPLE_OF_TYPE[str(one.type)] for one in fields(kind)}
    return kind(**values)


def start(code: str, *arguments: str | Path, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """A second Python process running `code`, with pipes; `before` are the words of a wrapping command."""
    command = [*before, sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(Path(rotator.__file__).parents[1])}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    """End a process that `start` gave and close its pipes."""
    process.kill()
    process.communicate()
