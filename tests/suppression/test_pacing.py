"""SES allows one call a second, and so many are made."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from rotator.suppression.pacing import Pace, patiently
from tests.suppression.conftest import Office


class Time:
    """A process's own clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_calls_are_spaced_from_start_to_start() -> None:
    """What a call and the disk take is not added to the second."""
    time = Time()
    pace, starts = Pace(1.0, time.monotonic, time.sleep), []
    for took in (0.0, 0.3, 2.5, 0.0):
        pace.wait()
        starts.append(time.now)
        time.now += took
    assert starts == [100.0, 101.0, 102.0, 104.5]


def test_at_its_pace_a_service_that_counts_refuses_nothing(office: Office) -> None:
    """The sandbox with SES's rate answers every page at once, and none of them by 429."""
    office.suppress(12)
    office.world.ses.calls_per_second = 1.0

    def sleep(seconds: float) -> None:
        office.world.clock.advance(timedelta(seconds=seconds))

    pace = Pace(1.0, lambda: office.world.clock.now().timestamp(), sleep)
    source = office.source()
    token = ""
    for _ in range(5):
        token = patiently(pace, partial(source.page, token)).token
    refused = [entry for entry in office.world.record.entries() if entry.outcome.startswith("429")]
    assert refused == []
