"""CloudWatch's GetMetricData about SES's rates, as strict as AWS."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rotator.sandbox.reputation import BOUNCES, COMPLAINTS, MOST_QUERIES
from rotator.sandbox.world import World
from tests.sandbox.clients import aws, first_key, logged_in

DAY = timedelta(days=1)


def query(id: str = "a", metric: str = BOUNCES, period: int = 86400, stat: str = "Average") -> dict[str, Any]:
    """One series."""
    return {"Id": id, "MetricStat": {"Metric": {"Namespace": "AWS/SES", "MetricName": metric},
                                     "Period": period, "Stat": stat}}  # fmt: skip


def ask(world: World, *queries: dict[str, Any], days: float = 10, **more: Any) -> dict[str, Any]:
    """The answer for the days up to now."""
    until = world.clock.now()
    given = {"MetricDataQueries": list(queries), "StartTime": until - days * DAY, "EndTime": until}
    found: dict[str, Any] = aws(world, "cloudwatch").get_metric_data(**given | more)
    return found


REFUSED: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "an end before its beginning": ([query()], {"days": -1}, "StartTime must be less"),
    "one id twice": ([query(), query()], {}, "invalid"),
    "an id that begins with a capital": ([query("A")], {}, "invalid"),
    "more series than a request may have": ([query(f"a{n}") for n in range(MOST_QUERIES + 1)], {}, "too many"),
    "minutes of months ago": ([query(period=300)], {"days": 64}, "multiple of 3600"),
    "minutes of weeks ago": ([query(period=60)], {"days": 16}, "multiple of 300"),
    "half a minute": ([query(period=30)], {}, "multiple of 60"),
    "a token of somebody else's": ([query()], {"NextToken": "x"}, "next token"),
}


@pytest.mark.parametrize(("queries", "more", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_what_aws_refuses_is_refused(
    world: World, queries: list[dict[str, Any]], more: dict[str, Any], text: str
) -> None:
    """With a 400 and a reason."""
    with pytest.raises(ClientError, match=text):
        ask(world, *queries, **more)


def test_newest_first_unless_asked_otherwise(world: World) -> None:
    """AWS's default order."""
    for ago in (2, 0):
        world.ses.reputation.count((world.clock.now() - ago * DAY).date(), 10, bounced=ago)
    (row,) = ask(world, query())["MetricDataResults"]
    assert row["Values"] == [0.1, 0.2, 0.2]
    assert row["Timestamps"] == sorted(row["Timestamps"], reverse=True)
    (row,) = ask(world, query(), ScanBy="TimestampAscending", MaxDatapoints=2)["MetricDataResults"]
    assert (row["Values"], row["StatusCode"]) == ([0.2, 0.2], "PartialData")


def test_a_metric_of_another_name_has_no_values(world: World) -> None:
    """As with AWS: no error, an empty series."""
    world.ses.reputation.count(world.clock.now().date(), 10)
    assert ask(world, query(metric="Reputation.Typo"))["MetricDataResults"][0]["Values"] == []


def test_a_mail_to_somebody_counts_and_one_to_the_simulator_does_not(world: World) -> None:
    """The simulator has no effect on the reputation."""
    with logged_in(world) as smtp:
        assert smtp.send("news@queenofsandiego.com", "success@simulator.amazonses.com").startswith("250")
        assert ask(world, query())["MetricDataResults"][0]["Values"] == []
        assert smtp.send("news@queenofsandiego.com", "somebody@example.org").startswith("250")
    found = ask(world, query(), query("b", COMPLAINTS))["MetricDataResults"]
    assert [row["Values"] for row in found] == [[0.0], [0.0]]


def test_the_smtp_user_reads_no_figures(world: World) -> None:
    """A key that may send may not look."""
    with pytest.raises(ClientError, match="cloudwatch:GetMetricData"):
        aws(world, "cloudwatch", first_key(world)).get_metric_data(
            MetricDataQueries=[query()], StartTime=world.clock.now() - DAY, EndTime=world.clock.now()
        )
