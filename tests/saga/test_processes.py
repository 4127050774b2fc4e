"""Real processes that are stopped, told to end, or started in a crowd."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.core.errors import Exit
from tests.saga.launching import Process, Zygote
from tests.saga.living import live, survived
from tests.saga.stage import Stage, prepare
from tests.saga.tracing import launched, needs_strace, resume, stands_still, state, traced, under

Build = Callable[..., Stage]
CROWD = 20
LONGER_THAN_A_REQUEST_S = 21.0  # an intent is void after 20 s
WAIT_S = 60.0


@pytest.fixture
def due(build_stage: Build, adopted: Path, zygote: Zygote) -> Stage:
    """A user that was adopted and whose key is due."""
    stage = build_stage(calm=True, launcher=zygote, template=adopted)
    prepare(stage)
    return stage


def seen(stage: Stage, name: str, process: Process) -> None:
    """Wait until the world was asked for `name`."""
    deadline = time.monotonic() + WAIT_S
    while name not in stage.calls():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_stopped_owner_is_named_as_stopped(due: Stage) -> None:
    """SIGSTOP: the lock is still held, and the next process says by whom, and that it stands still."""
    with survived(due, "stopped and continued"):
        due.world.faults.arm("smtp_535", 2)
        owner = due.start("rotate", "--yes")
        seen(due, "AUTH", owner)
        owner.send_signal(signal.SIGSTOP)
        while state(owner.pid) != "T":
            time.sleep(0.01)
        creations = due.world.keys.creations
        done = due.rotator("rotate", "--yes", code=Exit.LOCKED)
        assert f"pid {owner.pid} " in done.err
        assert "stopped" in done.err
        assert due.world.keys.creations == creations
        owner.send_signal(signal.SIGCONT)
        assert owner.wait(WAIT_S) == Exit.HELP_NEEDED  # past its limit of 90 days; the key it made is Active
    assert due.world.keys.creations == creations


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_it_tries_no_more_logins(due: Stage, number: signal.Signals) -> None:
    """SIGINT and SIGTERM: a series of refused logins ends after the one in hand, nothing is begun after it, 128 + n."""
    with survived(due, number.name):
        due.world.faults.arm("smtp_535", 100)
        process = due.start("rotate", "--yes")
        seen(due, "AUTH", process)
        process.send_signal(number)
        assert process.wait(WAIT_S) == 128 + number
        assert "sendAs.patch" not in due.calls()
        due.world.faults.arm("smtp_535", 0)
        (run,) = due.rotator("history", "--json").json["runs"]
        kinds = [one["kind"] for one in due.rotator("history", run["run"], "--json").json["timeline"]]
        assert kinds[-1] == "key created", kinds


def test_a_second_signal_does_not_wait(due: Stage) -> None:
    """Whoever insists is obeyed at once, and the next run finishes all the same."""
    with survived(due, "two signals"):
        due.world.faults.arm("smtp_535", 100)
        process = due.start("rotate", "--yes")
        seen(due, "AUTH", process)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 128 + signal.SIGINT
        due.world.faults.arm("smtp_535", 0)


def test_a_crowd_creates_one_key(due: Stage) -> None:
    """Twenty processes at the same moment: one works, the others say who does, and one key is made."""
    before = due.world.keys.creations
    crowd = [due.start("rotate", "--yes") for _ in range(CROWD)]
    codes = [process.wait(WAIT_S) for process in crowd]
    assert due.world.keys.creations == before + 1
    assert due.calls().count("iam:CreateAccessKey") == 1
    assert set(codes) <= {Exit.HELP_NEEDED, Exit.LOCKED}
    assert codes.count(Exit.LOCKED) >= 1
    live(due, next(iter(due.keys())))


EFFECTS = {
    "CreateAccessKey": (b"reateIntended", "iam:CreateAccessKey"),
    "a push": (b"ushIntended", "sendAs.patch"),
    "a canary": (b"anaryIntended", "messages.send"),
}


def _written(log: Path) -> bytes:
    try:
        return log.read_bytes()
    except FileNotFoundError:  # the journal was just closed, or is not open yet
        return b""


@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize(("intent", "effect"), EFFECTS.values(), ids=EFFECTS.keys())
def test_nothing_is_sent_after_a_long_sleep(due: Stage, intent: bytes, effect: str) -> None:
    """Stopped between an intent and its effect for longer than a request may live: the effect is not sent any more."""
    log = due.world.place.journal.with_name("journal.db-wal")
    with survived(due, f"asleep before {effect}"):
        with launched(due, under(due.home / "stopped.trace", "fdatasync:signal=STOP:when=1+", calls=("fdatasync",))):
            process = due.start("rotate", "--yes")
            pid = traced(process)
        while not stands_still(pid) or intent not in _written(log):  # until it is written, and not yet on the disk
            assert process.poll() is None
            if stands_still(pid) and intent not in _written(log):  # nothing is written while it stands still
                os.kill(pid, signal.SIGCONT)
        before = due.calls().count(effect)
        time.sleep(LONGER_THAN_A_REQUEST_S)
        assert resume(process, pid) == Exit.FAILED
        assert due.calls().count(effect) == before == 0
        assert "paused between intent and effect" in (due.home / "process-0.log").read_text()
