"""Stages for the sagas; every one of them is searched for secrets when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.history.events import Adopted
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import create, open_journal
from rotator.sandbox.configuration import Place
from rotator.sandbox.scenario import Scenario
from tests.saga.launching import Zygote
from tests.saga.stage import Stage, build, prepare


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Runs of the program without a second of imports each."""
    started = Zygote()
    yield started
    started.close()


@pytest.fixture
def build_stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Make stages; when the test ends, no secret may lie anywhere but in its place."""
    made: list[Stage] = []
    with ExitStack() as stack:

        def make(**how: Any) -> Stage:
            home = tmp_path / f"home-{len(made)}"
            home.mkdir(mode=0o700)
            stage = build(home, **how)
            stack.enter_context(stage.stack)
            made.append(stage)
            return stage

        yield make
        for stage in made:
            assert stage.leaks() == []


@pytest.fixture
def stage(build_stage: Callable[..., Stage], zygote: Zygote) -> Stage:
    """A calm world, not adopted yet."""
    return build_stage(calm=True, launcher=zygote)


@pytest.fixture(scope="session")
def adopted(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Iterator[Path]:
    """The state directory of a user that was adopted: worlds of one seed have the same keys."""
    stage = build(tmp_path_factory.mktemp("adopted"), launcher=zygote, calm=True)
    with stage.stack:
        prepare(stage)
        key = stage.adopt()
        forget_places(stage.world.place, stage.world.scenario, KeyId(key))
        yield stage.world.place.state


def forget_places(place: Place, scenario: Scenario, key: KeyId) -> None:
    """Make the journal one of before places were recorded, so that it fits the same places in another directory."""
    seal, whose = KeyFileSeal.load(str(place.seal_key)), (scenario.account, scenario.user)
    with open_journal(place.journal, seal, *whose, lock=False) as journal:
        first, *others = journal.events()
        credential = journal.vault.open(key, scenario.region)
    assert isinstance(first, Adopted)
    assert credential is not None
    for path in place.state.glob(f"{place.journal.name}*"):
        path.unlink()
    with create(place.journal, seal, *whose, replace(first, places=()), [(scenario.region, credential)]) as journal:
        for event in others:
            journal.append(event)
