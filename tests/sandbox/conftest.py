"""A world of AWS alone for each test, calm unless a test asks for its lags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World

AWS_ALONE = Scenario(gmail=False)
MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    """Starts worlds that end with the test."""
    with ExitStack() as stack:
        count = iter(range(100))

        def make(scenario: Scenario = AWS_ALONE, **options: Any) -> World:
            return stack.enter_context(World.start(tmp_path / f"world-{next(count)}", scenario=scenario, **options))

        yield make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """A calm world."""
    return make_world(calm=True)
