"""SIGINT and SIGTERM end the program between two steps, and cut its waits short."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import yaml

from rotator.cli.signals import Interrupted, Signals
from rotator.core.errors import Exit
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.cli.conftest import Run, change_consumer


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


def _wait_for(world: World, call: str, since: int) -> None:
    """Until the world has seen that call."""
    end = time.monotonic() + 30
    while not any(one.name == call for one in world.record.entries(since)):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_sigterm_finishes_the_step(adopted: World) -> None:
    """A service that is stopped ends with 143 between two steps, and the next run finishes the job."""
    config, relay = adopted.place.config, adopted.place.sasl_passwd
    file = yaml.safe_load(config.read_text("utf-8"))
    file["users"][0]["consumers"][0]["after"] = ["/bin/sleep", "1"]  # keeps the push busy for a moment
    config.write_text(yaml.safe_dump(file), "utf-8")
    before, end = relay.read_bytes(), time.monotonic() + 30
    command = [sys.executable, "-m", "rotator", "rotate"]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE, text=True) as program:
        while relay.read_bytes() == before:
            assert time.monotonic() < end
            time.sleep(0.02)
        program.terminate()
        told = program.communicate()[1]
    assert (program.returncode, "✓ push" in told, "was finished" in told) == (Exit.TERMINATED, True, True), told
    again = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert (again.returncode, "push" in again.stderr) == (0, False), again.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_verification_that_waits_for_ses(adopted: World, number: int) -> None:
    """SES says 454 for minutes: a signal ends the step between two logins, and the screen knows what was done."""
    adopted.faults.arm("smtp_454", 999)
    before = adopted.record.count()
    command = [sys.executable, "-m", "rotator", "rotate", "--no-input"]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE, text=True) as program:
        _wait_for(adopted, "AUTH", since=before)
        program.send_signal(number)
        told = program.communicate(timeout=60)[1]  # the step's own limit is 600 s
    assert (program.returncode, "✓ create" in told, "✗ verify" in told) == (128 + number, True, False), told
    assert "between two logins" in told
    assert "Nothing was changed" not in told
    assert re.search(r"As far as keys go, mail flows: AKIA\S+ and AKIA\S+ are both Active", told), told
    adopted.faults.arm("smtp_454", 0)
    again = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert (again.returncode, "create" in again.stderr, "✓ push" in again.stderr) == (0, False, True), again.stderr


def test_a_signal_ends_the_wait_for_a_test_mail(mailboxes: World, run: Run) -> None:
    """A test mail to a mailbox that nobody can read is awaited for a minute: a signal does not wait for it."""
    change_consumer(mailboxes, "news-alias", canary_to="friend@example.org")
    command = [sys.executable, "-m", "rotator", "rotate", "--no-input"]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE, text=True) as program:
        end = time.monotonic() + 40
        while not any(one["name"] == "messages.send" for one in Sandbox(mailboxes.admin_url).record()):
            assert time.monotonic() < end
            time.sleep(0.05)
        began = time.monotonic()
        program.send_signal(signal.SIGTERM)
        told = program.communicate(timeout=50)[1]
    assert (program.returncode, "a test mail was awaited" in told) == (Exit.TERMINATED, True), told
    assert time.monotonic() - began < 15  # the wait itself takes 60 s
    done = run("status")
    assert "  news-alias           acknowledged           acknowledged" in done.out
    assert "confirm comes next: rotator rotate --user jada-ses-smtp" in done.out
