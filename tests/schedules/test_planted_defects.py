"""Whoever plants a known defect is found out: the schedules are held to that, or they would prove nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rotator.core.policy import Mode
from tests.schedules.life import Configuration
from tests.schedules.planted import DEFECTS
from tests.schedules.search import explore
from tests.schedules.world import ALIAS

GIVEN_AWAY = "relay holds AKIA0000000000000001, which is (Inactive|deleted)"
TWICE = (Mode.EMERGENCY, Mode.EMERGENCY)
CASES = {
    "roll back on a lost push reply": (Configuration(), 1, GIVEN_AWAY),
    "no drain": (Configuration(modes=TWICE, between_s=0), 1, GIVEN_AWAY),
    "delete the oldest of two keys": (Configuration(), 1, "relay holds AKIA0000000000000000, which is Inactive"),
    "discard without provenance": (
        Configuration(stranger=True),
        0,
        "deactivate of AKIA0000000000000001, which is a person's own key",
    ),
    "a canary taken before SES refuses the old key": (
        Configuration(consumers=(ALIAS,), modes=TWICE[:1], sealed=False, ses_lag_s=600),
        1,
        "news holds AKIA0000000000000000, which (stays Inactive|is deleted)",
    ),
    "reactivate a compromised key": (
        Configuration(consumers=(ALIAS,), modes=TWICE[:1]),
        1,
        "AKIA0000000000000000 leaked and is switched on again",
    ),
    "the old key goes before anybody was seen to do without": (
        Configuration(consumers=(ALIAS,), modes=TWICE[:1], sealed=False, incident=(2, Mode.EMERGENCY, "new")),
        1,
        "news holds AKIA0000000000000000, which is deleted",
    ),
}
LATE = ("late", *(f"late {calls}" for calls in range(1, 40)))


def test_every_known_defect_is_planted() -> None:
    """No planted defect goes unsearched."""
    assert CASES.keys() == DEFECTS.keys()


@pytest.mark.parametrize("defect", CASES)
def test_a_planted_defect_is_found(defect: str) -> None:
    """With the defect a promise breaks, and the story says how; without it none does, under the same faults."""
    configuration, faults, promise = CASES[defect]
    found = explore(replace(configuration, rules=DEFECTS[defect]()), faults, lates=LATE)
    assert re.match(promise, found.verdict), found
    assert found.story
    assert explore(configuration, faults, lates=LATE).verdict == ""
