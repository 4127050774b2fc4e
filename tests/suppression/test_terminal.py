"""The line that moves: on a terminal alone."""

from __future__ import annotations

import os

from rotator.sandbox.world import World
from tests.cli.conftest import Run, run  # noqa: F401 - a fixture
from tests.cli.terminal import at_terminal
from tests.gates.source_tree import ROOT
from tests.suppression.conftest import Office

EXPORT = ("suppression", "export", "--rate", "1000")


def test_a_terminal_sees_how_far_it_is(world: World, office: Office) -> None:
    """The line is written over, and gone when the result stands there."""
    office.world.ses.suppression.paging.longest = 4
    office.suppress(12)
    environ = {**os.environ, **world.environment(), "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    seen = at_terminal(EXPORT, environ)
    assert seen.code == 0
    assert "\rus-east-1  8 rows  page 2" in seen.screen
    assert "\r\x1b[K✓ us-east-1  12 addresses" in seen.screen


def test_a_pipe_gets_the_result_alone(office: Office, run: Run) -> None:  # noqa: F811
    """No line that moves, no control character."""
    office.suppress(12)
    told = run(*EXPORT)
    assert "\r" not in told.out + told.err
    assert "\x1b" not in told.out + told.err
    assert "page 1" not in told.err
