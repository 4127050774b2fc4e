"""SIGKILL before and after every outside call of a rotation; running again always ends well.

The calls are enumerated from the sandbox's own record of a happy rotation.  An auditor looks at the world all
the while.  The run has neither grace, quiet nor watch, so that two processes do it all: the waits between the
steps hold nothing that could be killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.saga.launching import Process, Zygote
from tests.saga.stage import CONSUMERS, HELD_S, Stage, build, prepare

TURNS_AT_MOST = 12
SHARDS = 12  # so that both cores have work
LOOK_S = 0.02


class Auditor(threading.Thread):
    """Looks at the world again and again: nobody on a deleted key, the relay's file never on an Inactive one."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self._stage, self._enough = stage, threading.Event()
        self.broken: list[str] = []

    def run(self) -> None:
        while not self._enough.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """One look; a key counts as deleted only if it is gone before and after the consumers were read."""
        before, held, after = self._stage.keys(), self._stage.held(), self._stage.keys()
        for name in CONSUMERS:
            key = held[name]
            if key not in before and key not in after:
                self.broken.append(f"{name} holds {key}, which is deleted")
        relay = held["relay"]
        if before.get(relay) == after.get(relay) == "Inactive":
            self.broken.append(f"the relay's file holds {relay}, which is Inactive")

    def end(self) -> None:
        """Stop looking."""
        self._enough.set()
        self.join()


@contextmanager
def audited(stage: Stage) -> Iterator[Auditor]:
    """An auditor at work."""
    auditor = Auditor(stage)
    auditor.start()
    try:
        yield auditor
    finally:
        auditor.end()


def live(stage: Stage, old: str) -> None:
    """Turns until the run is over: one Active key, not the old one, and nothing left to do."""
    for _ in range(TURNS_AT_MOST):
        done = stage.rotator("rotate", "--yes", "--if-due", "--json", code=None)
        if done.code == 0 and done.json["outcome"] in ("rotated", "nothing due"):
            return
        if "whose" in done.out:
            (orphan,) = set(stage.keys()) - {old}
            stage.rotator("discard", "--key", orphan, "--reason", "nobody has it", code=None)
        stage.advance(hours=5)
    raise AssertionError(f"wedged: {stage.said[-1]}")


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
        (old,) = stage.keys()
        with audited(stage) as auditor:
            assert kill_at(stage, stage.world.record.count() + call, when), f"call {call} {happy_calls[call]}"
            live(stage, old)
        auditor.look()
        where = f"killed {when} call {call} ({happy_calls[call]})"
        assert auditor.broken == [], where
        (key,) = stage.keys()
        assert stage.active() == {key} != {old}, where
        assert {stage.held()[name] for name in CONSUMERS} == {key}, where
        stage.world.stop()


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
