"""The program killed before its n-th write, fsync, rename or unlink; a disk that fails at the n-th of them.

A sample runs always, every point with `make prove`.  What was killed is always the real program under strace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.core.errors import Exit
from tests.prove import figures
from tests.saga.launching import Zygote
from tests.saga.living import survived
from tests.saga.stage import USER, Stage, build, prepare
from tests.saga.tracing import DISK, counted, needs_strace, struck

pytestmark = needs_strace
Build = Callable[..., Stage]
ROTATE = ("rotate", "--yes", "--if-due")
TURNS = (0, 1)  # a run without waiting takes two processes: up to the quiet, and to its end
PARTS = 6
EVERY_NTH = 13  # of the sample
RARE = ("fsync", "rename", "renameat", "link", "write")  # few: all of them
FAILURES = {
    "pwrite64:error=ENOSPC": 41,
    "fdatasync:error=EIO": 11,
    "ftruncate:error=EIO": 3,
    "fsync:error=EIO": 1,
    "renameat:error=EROFS": 1,
}


def turned(stage: Stage, turns: int) -> None:
    """The first turns of a run, undisturbed."""
    for _ in range(turns):
        stage.rotator(*ROTATE, code=None)
        stage.advance(hours=5)


@pytest.fixture(scope="session")
def calls(adopted: Path, tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> list[Counter[str]]:
    """How often each turn of a happy run makes each call."""
    stage = build(tmp_path_factory.mktemp("counted"), template=adopted, launcher=zygote, calm=True)
    with stage.stack:
        prepare(stage)
        found = []
        for _ in TURNS:
            found.append(counted(stage, *ROTATE))
            stage.advance(hours=5)
        assert len(stage.keys()) == 1
        return found


def strike(build_stage: Build, adopted: Path, zygote: Zygote, turn: int, inject: str) -> int:
    """One stage, struck once in one turn; the promises are held and the run is finished.  The exit code."""
    stage = build_stage(template=adopted, launcher=zygote, calm=True)
    prepare(stage)
    with survived(stage, f"turn {turn}, {inject}"):
        turned(stage, turn)
        code = struck(stage, inject, *ROTATE)
        stage.advance(minutes=2)
    left = {path.name for path in stage.world.place.sasl_passwd.parent.iterdir()}
    assert left == {"sasl_passwd", ".sasl_passwd.previous"}, f"turn {turn}, {inject}: {left}"
    stage.world.stop()
    return code


def points(calls: Counter[str]) -> list[tuple[str, int]]:
    """Every call of a run: its name and number."""
    return [(name, n) for name in (*DISK, "write") for n in range(1, calls[name] + 1)]


def sampled(every: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Some of each frequent call, and all of the rare ones."""
    return [one for at, one in enumerate(every) if one[0] in RARE or at % EVERY_NTH == 0]


@pytest.mark.parametrize("turn", TURNS)
def test_killed_before_some_system_calls(
    build_stage: Build, adopted: Path, calls: list[Counter[str]], zygote: Zygote, turn: int
) -> None:
    """Killed before a write, fsync, truncation, rename or unlink: no half pair, no lost key, no jam, no file left."""
    chosen = sampled(points(calls[turn]))
    assert len(chosen) >= 3
    for name, n in chosen:
        strike(build_stage, adopted, zygote, turn, f"{name}:signal=KILL:when={n}")
    figures.count("kills", len(chosen), "system calls")


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("turn", TURNS)
def test_killed_before_every_system_call(
    build_stage: Build, adopted: Path, calls: list[Counter[str]], zygote: Zygote, turn: int, part: int
) -> None:
    """The same for every one of them."""
    chosen = points(calls[turn])[part::PARTS]
    killed = [strike(build_stage, adopted, zygote, turn, f"{name}:signal=KILL:when={n}") for name, n in chosen]
    assert killed.count(-9) >= 0.9 * len(killed)  # a call or two fewer is made when a name is shorter
    figures.count("kills", len(chosen), "system calls")


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("failure", FAILURES)
def test_a_disk_that_fails_stops_the_run(
    build_stage: Build, adopted: Path, calls: list[Counter[str]], zygote: Zygote, failure: str, turn: int
) -> None:
    """Full, broken or read-only at some call: told as that, never as a bug, and a healthy disk finishes the run."""
    total = calls[turn][failure.partition(":")[0]]
    for n in range(1, total + 1, FAILURES[failure]):
        code = strike(build_stage, adopted, zygote, turn, f"{failure}:when={n}")
        assert code != Exit.BUG, f"turn {turn}, {failure}:when={n}"
    figures.count("schedules", len(range(1, total + 1, FAILURES[failure])), "failing disk")


def test_killed_while_it_makes_the_seal_key(build_stage: Build, zygote: Zygote) -> None:
    """First use, killed before any of its system calls: the next adoption works, and there is one seal key."""
    arguments = ("adopt", "--no-input")
    first = fresh(build_stage, zygote)
    made = counted(first, *arguments, calls=(*DISK, "write"))
    assert made["write"] >= 1
    killed = 0
    for name, n in sampled(points(made)):
        stage = fresh(build_stage, zygote)
        killed += struck(stage, f"{name}:signal=KILL:when={n}", *arguments) == -9
        stage.rotator(*arguments, code=None)  # if it was killed at its very end, there is nothing to adopt any more
        stage.seal_key = stage.world.place.seal_key.read_text().strip()
        assert stage.rotator("history", "--verify").code == 0, f"{name} {n}"
        assert [path.name for path in stage.world.place.state.glob("*seal*")] == ["seal.key"]
        stage.world.stop()
    assert killed >= 5
    figures.count("kills", killed, "system calls")


def fresh(build_stage: Build, zygote: Zygote) -> Stage:
    """A user that nobody adopted, on a machine without state."""
    stage = build_stage(launcher=zygote, calm=True)
    prepare(stage)
    stage.world.place.seal_key.unlink()
    stage.world.place.state.rmdir()
    assert len(stage.world.keys.now_held(USER)) == 1
    return stage
