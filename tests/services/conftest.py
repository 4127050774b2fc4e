"""Worlds for the services: the sandbox, seen only over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.services.iam import IamAccessKeys
from tests.worlds import move_in

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeWorld]:
    """A calm world without Gmail, unless told otherwise, in whose environment the test then lives."""
    with ExitStack() as stack:

        def make(*, gmail: bool = False, calm: bool = True, lags: Any = None, **scenario: Any) -> World:
            chosen = Scenario(gmail=gmail, **scenario)
            world = stack.enter_context(World.start(tmp_path / "world", calm=calm, scenario=chosen, lags=lags))
            move_in(world, monkeypatch)
            return world

        yield make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """The calm world."""
    return make_world()


@pytest.fixture
def access_keys(world: World) -> IamAccessKeys:
    """IAM for the world's SMTP user."""
    return IamAccessKeys(session=AwsSession(), user=world.scenario.user, region=world.scenario.region)
