"""The world of the audit's tests, with alarms in the file and deployed."""

from __future__ import annotations

import pytest

from rotator.sandbox.world import World
from tests.alarms.deploying import add_section, deploy
from tests.audit.conftest import run, world

__all__ = ["run", "world"]

ONCALL = "oncall@queenofsandiego.com"


@pytest.fixture
def deployed(world: World) -> World:
    """Every alarm is there and tells a topic; its only subscriber has clicked."""
    add_section(world)
    deploy(world, ONCALL)
    world.paging.confirm(ONCALL)
    return world
