"""Lives that nobody thought of: generated configurations and faults, and a large seeded sample with three faults."""

from __future__ import annotations

import os
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rotator.core.policy import Mode
from tests.prove.figures import count
from tests.schedules.life import Configuration
from tests.schedules.planted import DEFECTS
from tests.schedules.sampling import EVERYBODY, any_configuration, lead, sampled
from tests.schedules.world import ALIAS, DAY, FILE, Broken

SHARDS = 4
SAMPLE_S = 600 / SHARDS  # ten minutes of one core, shared out
SEED = int(os.environ.get("SCHEDULES_SEED", "1"))

MODES = st.sampled_from(Mode)
CONFIGURATIONS = st.builds(
    Configuration,
    consumers=st.lists(st.sampled_from(EVERYBODY), min_size=1, max_size=3, unique=True).map(tuple),
    modes=st.lists(MODES, min_size=1, max_size=2).map(tuple),
    sole_creator=st.booleans(),
    sealed=st.booleans(),
    age_s=st.integers(0, 400 * DAY),
    stranger=st.booleans(),
    between_s=st.sampled_from((0, 60, 80 * DAY)),
    grace_s=st.integers(60, 3 * DAY),
    quiet_s=st.integers(60, 2 * DAY),
    watch_s=st.integers(60, 7 * DAY),
    ses_lag_s=st.integers(0, 700),
    call_s=st.integers(0, 7),
    last_used_tells=st.booleans(),
    incident=st.none() | st.tuples(st.integers(1, 9), MODES.filter(bool), st.sampled_from(("old", "new"))),
    abort_before=st.sampled_from((0, 0, 2, 3)),
)
PLANS = st.dictionaries(st.integers(1, 150), st.integers(0, 20), max_size=4)


def one_life(configuration: Configuration, plan: dict[int, int | str], what: str) -> None:
    """Lead it and count it; what breaks is told with its replay."""
    lead(configuration, plan)
    count("schedules", 1, what)


@settings(max_examples=150)
@given(configuration=CONFIGURATIONS, plan=PLANS)
def test_whatever_life_and_whatever_faults(configuration: Configuration, plan: dict[int, int | str]) -> None:
    """Whoever holds the key, whatever people order, and up to four faults: no promise breaks, every run finishes."""
    one_life(configuration, plan, "up to 4 faults, generated")


@pytest.mark.slow
@settings(max_examples=3000, suppress_health_check=[HealthCheck.too_slow])
@given(configuration=CONFIGURATIONS, plan=PLANS)
def test_many_lives_and_faults(configuration: Configuration, plan: dict[int, int | str]) -> None:
    """The same, twenty times as long."""
    one_life(configuration, plan, "up to 4 faults, generated")


def test_three_faults_in_a_small_sample() -> None:
    """A seeded sample of lives with three faults: the first hundred of those that `make prove` leads."""
    for number in range(100):
        one_life(*sampled(SEED, number), "3 faults, sampled")


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_three_faults_in_a_large_sample(shard: int) -> None:
    """Ten minutes of them; the seed and the last number are printed, and every failure with what replays it."""
    end, number = time.monotonic() + SAMPLE_S, shard
    while time.monotonic() < end:
        one_life(*sampled(SEED, number), "3 faults, sampled")
        number += SHARDS
    print(f"seed {SEED}, schedules {shard}, {shard + SHARDS} ... {number - SHARDS}")
    assert number > shard


def test_a_schedule_is_replayed_exactly() -> None:
    """What a life met, given as its plan, leads to the same life again."""
    configuration, plan = sampled(SEED, 3)
    led = lead(configuration, plan)
    assert led.met
    again = lead(configuration, led.met)
    assert (again.met, again.story) == (led.met, led.story)


@pytest.mark.parametrize("defect", ["roll back on a lost push reply", "reactivate a compromised key"])
def test_a_sample_finds_planted_defects_too(defect: str) -> None:
    """A sample that misses a plain defect would be worth nothing: here it meets both within a few hundred lives."""
    draw, rules = random.Random(SEED), DEFECTS[defect]()

    def lives() -> None:
        for _ in range(600):
            one = Configuration(consumers=(draw.choice((FILE, ALIAS)),), modes=(Mode.EMERGENCY,), rules=rules)
            lead(one, {draw.randint(1, 40): draw.randrange(1000) for _ in range(3)})

    with pytest.raises(Broken, match="replay: lead"):
        lives()


def test_a_sample_is_made_of_different_lives() -> None:
    """The sample's configurations differ: people, alarms, lags and strangers all occur."""
    draw = random.Random(SEED)
    lives = {any_configuration(draw) for _ in range(200)}
    assert len(lives) == 200
    assert any(one.incident for one in lives)
    assert any(one.stranger for one in lives)
    assert {len(one.consumers) for one in lives} == {1, 2, 3}
