"""One world for all tests of the doctor, put back after each fault; only a test has its environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doctor.stage import Stage, healthy
from tests.worlds import move_in


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A healthy world; whoever breaks it puts it back."""
    with (
        pytest.MonkeyPatch.context() as environment,
        healthy(tmp_path_factory.mktemp("doctor"), environment.setenv) as world,
    ):
        environment.undo()
        yield world


@pytest.fixture
def stage(started: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The world, with its environment for one test."""
    move_in(started.world, monkeypatch)
    return started
