"""Stages for the sagas; every one of them is searched for secrets when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

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
        stage.adopt()
        yield stage.world.place.state
