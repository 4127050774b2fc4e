"""SIGINT and SIGTERM end the program between two steps."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from rotator.cli.signals import Interrupted, Signals


@pytest.fixture
def signals() -> Iterator[Signals]:
    """The program's handling of signals, put back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    installed = Signals()
    installed.install()
    yield installed
    for number, handler in before.items():
        signal.signal(number, handler)


def _send(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0)  # a bytecode boundary: the handler has run


def test_a_step_in_hand_is_finished(signals: Signals) -> None:
    """The first signal waits for the end of the step, and the exit code names it."""
    done: list[str] = []

    def work() -> None:
        with signals.finishing_steps():
            _send(signal.SIGTERM)
            done.append("the step")
            signals.check()
            done.append("the next step")

    with pytest.raises(Interrupted) as stopped:
        work()
    assert (done, stopped.value.exit_code, str(stopped.value)) == (["the step"], 143, "SIGTERM")


def test_a_second_signal_does_not_wait(signals: Signals) -> None:
    """Whoever insists is obeyed at once, which is as safe as a crash."""

    def insist() -> None:
        with signals.finishing_steps():
            _send(signal.SIGTERM)
            _send(signal.SIGINT)

    with pytest.raises(Interrupted, match="SIGINT") as stopped:
        insist()
    assert stopped.value.exit_code == 130


def test_outside_a_rotation_a_signal_ends_the_command(signals: Signals) -> None:
    """A question or a table is not finished for a person who pressed Ctrl-C."""
    with pytest.raises(Interrupted):
        _send(signal.SIGINT)


def test_a_signal_at_the_very_end_is_not_lost(signals: Signals) -> None:
    """The exit code says that the program was told to stop, even if there was nothing left to do."""
    with pytest.raises(Interrupted), signals.finishing_steps():
        _send(signal.SIGTERM)


def test_a_wait_between_steps_ends_early(signals: Signals) -> None:
    """Nobody waits for a wait: it holds nothing."""
    began = time.monotonic()
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    with pytest.raises(Interrupted), signals.finishing_steps():
        signals.sleep(30)
    timer.join()
    assert time.monotonic() - began < 5


def test_an_interruption_is_no_failed_step(signals: Signals) -> None:
    """No `except Exception` on the way out can take it for something to go on after."""
    assert not issubclass(Interrupted, Exception)
