"""An adopted user, and the program run inside the test."""

from __future__ import annotations

from tests.cli.conftest import adopted, run, world

__all__ = ["adopted", "run", "world"]
