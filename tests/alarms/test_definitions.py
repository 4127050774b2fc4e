"""Each alarm, to its threshold, statistic and what it makes of missing data."""

from __future__ import annotations

import pytest

from rotator.alarms.definitions import Watched, alarms
from rotator.core.alarm import Alarm
from rotator.core.policy import DAY_S, Policy, Traits

USER = Watched.by(Policy("smtp", "1", (Traits("a", "human", "e"),)))
FOUND = {one.name: one for one in alarms([USER], daily_limit=50_000)}
HOUR_S = 3600
AT_LEAST, ABOVE = "GreaterThanOrEqualToThreshold", "GreaterThanThreshold"

# name -> namespace, metric, dimensions, statistic, period, periods, comparison, threshold, missing data
EXPECTED = {
    "rotator-bounce-rate-review": (
        "AWS/SES", "Reputation.BounceRate", (), "Average", HOUR_S, 1, AT_LEAST, 0.05, "ignore"),
    "rotator-bounce-rate-pause": (
        "AWS/SES", "Reputation.BounceRate", (), "Average", HOUR_S, 1, AT_LEAST, 0.10, "ignore"),
    "rotator-complaint-rate-review": (
        "AWS/SES", "Reputation.ComplaintRate", (), "Average", HOUR_S, 1, AT_LEAST, 0.001, "ignore"),
    "rotator-complaint-rate-pause": (
        "AWS/SES", "Reputation.ComplaintRate", (), "Average", HOUR_S, 1, AT_LEAST, 0.005, "ignore"),
    "rotator-daily-quota": ("AWS/SES", "Send", (), "Sum", DAY_S, 1, AT_LEAST, 40_000.0, "notBreaching"),
    "rotator-reject": ("AWS/SES", "Reject", (), "Sum", HOUR_S, 1, ABOVE, 0.0, "notBreaching"),
    "rotator-smtp-key-age": (
        "Rotator", "KeyAgeSeconds", (("User", "smtp"),), "Maximum", DAY_S, 2, ABOVE, 90 * DAY_S, "breaching"),
    "rotator-smtp-open-rotation": (
        "Rotator", "OpenRotationSeconds", (("User", "smtp"),), "Maximum", DAY_S, 1, ABOVE, 12 * DAY_S, "notBreaching"),
    "rotator-smtp-old-key-used": (
        "Rotator", "OldKeyUsed", (("User", "smtp"),), "Maximum", DAY_S, 1, AT_LEAST, 1, "notBreaching"),
    "rotator-smtp-audit-failed": (
        "Rotator", "AuditFailed", (("User", "smtp"),), "Maximum", DAY_S, 1, AT_LEAST, 1, "ignore"),
}  # fmt: skip


def told(one: Alarm) -> tuple[object, ...]:
    """Everything that decides when it rings."""
    return (
        one.namespace, one.metric, one.dimensions, one.statistic, one.period_s, one.evaluation_periods,
        one.comparison, one.threshold, one.missing,
    )  # fmt: skip


def test_there_is_no_alarm_that_is_not_listed_here() -> None:
    """A new one comes with its line in the table."""
    assert FOUND.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_each_alarm_rings_when_it_should(name: str) -> None:
    """Threshold, statistic, period, comparison and missing data."""
    assert told(FOUND[name]) == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_cloudwatch_would_take_it(name: str) -> None:
    """Its limits: names of 255 characters, descriptions of 1024, whole minutes, at most 7 days in all."""
    one = FOUND[name]
    assert len(one.name) <= 255
    assert len(one.description) <= 1024
    assert one.period_s % 60 == 0
    assert one.period_s * one.evaluation_periods <= 7 * DAY_S


@pytest.mark.parametrize("name", EXPECTED)
def test_whoever_is_woken_finds_the_page(name: str) -> None:
    """The description names the runbook."""
    assert FOUND[name].description.endswith(f"See {FOUND[name].page}")


def test_without_a_known_limit_there_is_no_alarm_on_it() -> None:
    """A guessed limit would ring for nothing, or never."""
    assert "rotator-daily-quota" not in {one.name for one in alarms([USER], daily_limit=None)}


def test_two_users_have_alarms_of_their_own() -> None:
    """Names and dimensions differ; the account's alarms are there once."""
    other = Watched("other", DAY_S, DAY_S)
    names = [one.name for one in alarms([USER, other], daily_limit=None, prefix="x")]
    assert len(names) == len(set(names)) == 5 + 4 + 4
    assert all(one.startswith("x-") for one in names)
