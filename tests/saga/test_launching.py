"""A fork of a process that has imported the program is the program: what is proven with forks is proven."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.saga.launching import Launcher, Started, Zygote
from tests.saga.living import live
from tests.saga.stage import Stage, prepare

Build = Callable[..., Stage]


def test_both_ways_ask_the_world_the_same(build_stage: Build, adopted: Path, zygote: Zygote) -> None:
    """A whole rotation started by the interpreter and one of forks make the same outside calls, and say the same."""
    asked, said = [], []
    for launcher in (Started(), zygote):
        stage = build_stage(calm=True, launcher=launcher, template=adopted)
        prepare(stage)
        since = stage.world.record.count()
        live(stage, next(iter(stage.keys())))
        asked.append(stage.calls(since))
        said.append([line.split()[:2] for one in stage.said for line in one.splitlines() if line.startswith("✓")])
    assert asked[0] == asked[1]
    assert said[0] == said[1] != []


@pytest.mark.parametrize("way", ["started", "forked"])
def test_codes_streams_and_signals_come_back(build_stage: Build, zygote: Zygote, way: str) -> None:
    """Exit codes, standard input and output, and the signal that ended it, in both ways."""
    launcher: Launcher = Started() if way == "started" else zygote
    stage = build_stage(calm=True, launcher=launcher)
    (key,) = stage.world.keys.now_held("jada-ses-smtp")
    assert stage.rotator("derive", "--region", "us-east-1", stdin=key.secret).out == f"{stage.world.password_of(key)}\n"
    stage.said.pop()  # `derive` shows a password, which is what it is for
    assert stage.rotator("rotate", "--user", "nobody", code=2).err.endswith("(exit 2)\n")
    stage.world.record.hold("sts:GetCallerIdentity", "before")
    process = stage.start("adopt", "--no-input")
    assert stage.world.record.wait_until_held(30) is not None
    assert process.poll() is None
    process.kill()
    assert process.wait(10) == -signal.SIGKILL == process.poll()
