"""The program itself, killed by `kill -9` at any page: run again, it ends with the same files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rotator.sandbox.record import When
from rotator.sandbox.world import World
from tests.gates.source_tree import ROOT
from tests.prove import figures
from tests.suppression.conftest import Office

PAGES = 3 + 1  # of the list, and of what changed meanwhile
COMMAND = [sys.executable, "-m", "rotator", "suppression", "export", "--rate", "1000", "--no-input"]


@pytest.fixture
def paged(office: Office) -> list[str]:
    """A list of three short pages."""
    office.world.ses.suppression.paging.longest = 4
    return sorted(office.suppress(12))


def _process(world: World) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(COMMAND, env=environment | world.environment(), stdout=subprocess.PIPE)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("page", range(PAGES))
def test_killed_at_a_page_it_goes_on(world: World, paged: list[str], page: int, moment: When) -> None:
    """The request may have reached SES or not: the page is read again, and nothing is missing or twice."""
    world.record.hold(world.record.count() + page, moment)  # an export asks for nothing but pages
    with _process(world) as first:
        assert world.record.wait_until_held(20) is not None
        first.send_signal(signal.SIGKILL)
        assert first.wait(20) == -signal.SIGKILL
    world.record.release()
    with _process(world) as second:
        told, _ = second.communicate(timeout=30)
    assert second.returncode == 0
    (path,) = [Path(line.strip()) for line in told.decode().splitlines() if line.startswith("  ")]
    figures.count("kills", 1, "real processes")
    assert path.read_text("utf-8").splitlines() == [f"{address},BOUNCE" for address in paged]
