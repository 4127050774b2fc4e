"""The program in a world with Gmail, as the tests of the commands have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.world import World
from tests.cli.conftest import Run, run
from tests.worlds import lived_in

__all__ = ["run"]

ORDINARY = Scenario(keys=(InitialKey(age_days=10),))
DOMAIN = ORDINARY.domain
OPS, NEWS = f"ops@{DOMAIN}", f"news@{DOMAIN}"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[World]:
    """A calm world with a Workspace alias, a relay and a personal alias, adopted; its environment is the test's."""
    with lived_in(tmp_path, monkeypatch, ORDINARY) as started:
        done = run("adopt", "--secret-stdin", stdin=started.keys.now_held(started.scenario.user)[0].secret)
        assert done.code == 0, done.err
        yield started


def spoil(world: World) -> None:
    """Somebody changes the alias's password by hand, to one that SES never gave."""
    assert world.gmail is not None
    held = world.gmail.stored(OPS, NEWS)
    assert held is not None
    world.gmail.add_alias(OPS, NEWS, held.host, held.port, "starttls", held.username, "B" + "x" * 43)


def configure(world: World, old: str, new: str) -> None:
    """Change the world's configuration file."""
    text = world.place.config.read_text("utf-8")
    assert old in text
    world.place.config.write_text(text.replace(old, new), "utf-8")
