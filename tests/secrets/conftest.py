"""Stages as the sagas have them, and watchers of what processes show to others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.saga.conftest import adopted, build_stage, zygote
from tests.secrets.watching import ProcessWatcher

__all__ = ["adopted", "build_stage", "watcher", "zygote"]


@pytest.fixture
def watcher() -> Iterator[ProcessWatcher]:
    """Command line and environment of every process that lives meanwhile."""
    watching = ProcessWatcher()
    watching.start()
    yield watching
    watching.end()
