"""SIGKILL before and after every outside call of a rotation; running again always ends well.

The calls are enumerated from the sandbox's own record of a happy rotation.  An auditor looks at the world all
the while.  The run has neither grace, quiet nor watch, so that two processes do it all: the waits between the
steps hold nothing that could be killed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prove import figures
from tests.saga.launching import Process, Zygote
from tests.saga.living import LOOK_S, TURNS_AT_MOST, live, survived
from tests.saga.stage import HELD_S, Stage, build, prepare

SHARDS = 12  # so that both cores have work


def kill_at(stage: Stage, call: int, when: str) -> bool:
    """Run turns until the program reaches that call, and kill it there; False if it never does."""
    stage.world.record.hold(call, when)  # type: ignore[arg-type]
    for _ in range(TURNS_AT_MOST):
        process = stage.start("rotate", "--yes", "--if-due")
        held = _held_or_ended(stage, process)
        process.kill()
        process.wait()
        if held:
            stage.world.record.release()
            stage.advance(minutes=2)
            return True
        stage.advance(hours=5)
    return False


def _held_or_ended(stage: Stage, process: Process) -> bool:
    for _ in range(int(HELD_S / LOOK_S)):
        if stage.world.record.wait_until_held(LOOK_S) is not None:
            return True
        if process.poll() is not None:
            return False
    raise AssertionError("the program neither ended nor reached the call")


@pytest.fixture(scope="session")
def happy_calls(adopted: Path, tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> list[str]:
    """The outside calls of a happy rotation, in order."""
    stage = build(tmp_path_factory.mktemp("happy"), template=adopted, launcher=zygote, calm=True)
    with stage.stack:
        prepare(stage)
        (old,) = stage.keys()
        since = stage.world.record.count()
        live(stage, old)
        return stage.calls(since)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_any_call(
    build_stage: Callable[..., Stage], adopted: Path, happy_calls: list[str], zygote: Zygote, shard: int, when: str
) -> None:
    """Killed at any outside call: the promises hold at every moment, and the next runs finish with one Active key."""
    for call in range(shard, len(happy_calls), SHARDS):
        stage = build_stage(template=adopted, launcher=zygote, calm=True)
        prepare(stage)
        with survived(stage, f"killed {when} call {call} ({happy_calls[call]})"):
            assert kill_at(stage, stage.world.record.count() + call, when), f"call {call} {happy_calls[call]}"
        stage.world.stop()
    figures.count("kills", len(range(shard, len(happy_calls), SHARDS)), "real processes")


def test_others_may_create_keys_asks(build_stage: Callable[..., Stage], adopted: Path, zygote: Zygote) -> None:
    """Where other people create keys too, a key left by a killed create is asked about and not touched."""
    stage = build_stage(template=adopted, launcher=zygote, calm=True)
    prepare(stage, sole_creator=False)
    (old,) = stage.keys()
    assert kill_at(stage, "iam:CreateAccessKey", "after")  # type: ignore[arg-type]
    (orphan,) = set(stage.keys()) - {old}
    asked = stage.rotator("rotate", "--yes", code=3)
    assert orphan in asked.text
    assert stage.active() == {old, orphan}
    stage.rotator("discard", "--key", orphan, "--reason", "nobody has it", code=None)
    live(stage, old)
    assert orphan not in set(stage.keys())
    assert len(stage.active()) == 1
