"""The program run inside the test, in an environment of its own: exit code, stdout and stderr."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from rotator.cli.main import main
from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.world import World
from rotator.wiring.first_use import make_seal_key
from tests.worlds import lived_in

LAPTOP = {"type": "human", "name": "laptop", "instructions": "Thunderbird"}
DUE = Scenario(keys=(InitialKey(age_days=81),), gmail=False)  # due, not past its limit; a relay is told by itself
FILE = """\
version: 1
state: {state}/journal.db
seal: {{key_file: {state}/seal.key}}
users:
  - name: jada-ses-smtp
    account: "123456789012"
    region: us-east-1
    consumers:
      - {{type: human, name: laptop, instructions: Thunderbird}}
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document it must be."""
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs `rotator ARGUMENTS…`, standard input closed unless a text is given; signal handlers are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def command(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main(list(arguments))
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    yield command
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a right configuration file, which ROTATOR_CONFIG names, and a seal key; nothing was adopted."""
    make_seal_key(str(tmp_path / "state" / "seal.key"))
    write(tmp_path, FILE.format(state=tmp_path / "state"))
    monkeypatch.setenv("ROTATOR_CONFIG", str(tmp_path / "config.yaml"))
    return tmp_path


def write(place: Path, text: str) -> Path:
    """Write the configuration file as `config init` would: for its owner alone."""
    path = place / "config.yaml"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path


def add_user(config: Path, name: str, *, first: bool = False) -> None:
    """Another user in the file, like the one there is but with a relay's file of its own."""
    file = yaml.safe_load(config.read_text("utf-8"))
    user = json.loads(json.dumps(file["users"][0]).replace("sasl_passwd", "other")) | {"name": name}
    file["users"].insert(0 if first else 1, user)
    config.write_text(yaml.safe_dump(file), "utf-8")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A calm world with one key that is due and one relay; its environment is the test's."""
    with lived_in(tmp_path, monkeypatch, DUE) as started:
        yield started


@pytest.fixture
def adopted(world: World, run: Run) -> World:
    """The same, adopted with its secret."""
    done = run("adopt", "--secret-stdin", stdin=world.keys.now_held(world.scenario.user)[0].secret)
    assert done.code == 0, done.err
    return world


@pytest.fixture
def mailboxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[World]:
    """A calm world with Gmail in it and a key that is due, adopted."""
    with lived_in(tmp_path, monkeypatch, Scenario(keys=DUE.keys)) as started:
        secret = started.keys.now_held(started.scenario.user)[0].secret
        assert run("adopt", "--secret-stdin", stdin=secret).code == 0
        yield started


def change(world: World, **changes: Any) -> None:
    """Other settings for the one user of the file."""
    file = yaml.safe_load(world.place.config.read_text("utf-8"))
    file["users"][0] |= changes
    world.place.config.write_text(yaml.safe_dump(file), "utf-8")


def consumers(world: World) -> list[dict[str, Any]]:
    """The places of the one user, as the file has them."""
    found: list[dict[str, Any]] = yaml.safe_load(world.place.config.read_text("utf-8"))["users"][0]["consumers"]
    return found


def change_consumer(world: World, name: str, **changes: Any) -> None:
    """Other settings for one consumer."""
    change(world, consumers=[one | changes if one["name"] == name else one for one in consumers(world)])


def with_laptop(world: World) -> None:
    """A place more, which a person feeds."""
    change(world, consumers=[*consumers(world), LAPTOP])
