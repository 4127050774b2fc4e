"""The dead man's switch: what it hears, and that nobody waits for it."""

from __future__ import annotations

import time
import uuid

import pytest

from rotator.notices.ping import LONGEST_BODY, Ping
from tests.notices.listening import Listener

RUN = "3f2c1c9e-0000-4000-8000-000000000000"


def ping(listener: Listener, slept: list[float] | None = None, attempt_s: float = 5.0) -> Ping:
    """One run's pings; pauses are noted, not slept."""
    return Ping(f"{listener.url}/abc/", RUN, attempt_s, (slept if slept is not None else []).append)


def test_start_and_end_are_told_with_the_run(listener: Listener) -> None:
    """The same run id, so that the switch can tell two runs apart and measure them."""
    one = ping(listener)
    assert (one.start(), one.end(3, "push failed: …")) == ("", "")
    assert listener.got == [
        ("POST", f"/abc/start?rid={RUN}", ""),
        ("POST", f"/abc/3?rid={RUN}", "push failed: …"),
    ]


def test_only_the_last_words_go_and_no_character_is_cut(listener: Listener) -> None:
    """Ten thousand bytes, which is what such services keep."""
    ping(listener).end(0, "…" * 5000 + "end")
    ((_, _, body),) = listener.got
    assert body.endswith("…end")
    assert LONGEST_BODY - 3 < len(body.encode()) <= LONGEST_BODY


FAILURES = {
    "a server that is unwell is asked three times": ([500, 502, 503], "503", 3, 2),
    "the second try helps": ([500, 200], "", 2, 1),
    "a connection that is closed": ([0, 0, 0], "RemoteDisconnected", 3, 2),
    "told that there is no such switch: not asked again": ([404], "404", 1, 0),
    "a redirection is no answer": ([302, 302, 302], "302", 3, 2),
}


@pytest.mark.parametrize(("statuses", "why", "asked", "paused"), FAILURES.values(), ids=FAILURES.keys())
def test_a_ping_that_fails_says_why(
    listener: Listener, statuses: list[int], why: str, asked: int, paused: int
) -> None:
    """Two retries, and then the run goes on without it."""
    slept: list[float] = []
    listener.statuses = list(statuses)
    assert ping(listener, slept).start() == why
    assert (len(listener.got), len(slept)) == (asked, paused)


def test_a_server_that_keeps_silent_is_left_behind(listener: Listener) -> None:
    """Each try has its own time, however the silence is kept."""
    listener.statuses = [-1, -1, -1]
    began = time.monotonic()
    assert ping(listener, attempt_s=0.2).start() in {"no answer in time", "TimeoutError"}
    assert time.monotonic() - began < 5


def test_nobody_listens() -> None:
    """A port that is closed is as good as a server that is away."""
    assert Ping("http://127.0.0.1:1/abc", str(uuid.uuid4()), sleep=lambda _: None).start() == "ConnectionRefusedError"
