"""SES's reputation rates as CloudWatch remembers them: one average a day.

GetMetricData answers in pages, each with a part of any of its series; it keeps daily figures for 15 months
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html).  Shapes: botocore 1.44.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rotator.core.access_keys import Instant
from rotator.core.errors import RemoteFault
from rotator.core.policy import DAY_S
from rotator.core.ports import Deadline
from rotator.core.reputation import NAMESPACE, RATES
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls

MAX_PAGES = 50
ALL_PAGES_S = 30.0
UNUSABLE = {"Forbidden", "InternalError"}  # a series' StatusCode; "PartialData" is one that goes on on the next page
Points = tuple[tuple[int, float], ...]


class ReputationRates:
    """The rates of one region."""

    def __init__(self, *, session: AwsSession, region: str) -> None:
        """Nothing is asked yet."""
        self._calls = AwsCalls(session, "cloudwatch", region)

    def read(self, since: Instant, until: Instant) -> Mapping[str, Points]:
        """Metric -> (first second of the day, that day's average), oldest first; no days before the first mail.

        From the day of `since` to the day of `until`.  Raises AccessError, RemoteFault.
        """
        found: dict[str, dict[int, float]] = {one.metric: {} for one in RATES}
        metrics = {_id(n): one.metric for n, one in enumerate(RATES)}
        for page in self._pages(since, until):
            for row in page.get("MetricDataResults", []):
                _check(row)
                if row.get("Id") in metrics:
                    found[metrics[row["Id"]]] |= _points(row)
        return {metric: tuple(sorted(points.items())) for metric, points in found.items()}

    def _pages(self, since: Instant, until: Instant) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {
            "MetricDataQueries": [_query(n, one.metric) for n, one in enumerate(RATES)],
            "StartTime": _midnight(since),
            "EndTime": _midnight(until + DAY_S),
            "ScanBy": "TimestampAscending",
        }
        deadline = Deadline.after(ALL_PAGES_S)
        for _ in range(MAX_PAGES):
            page = self._calls.read("get_metric_data", deadline, **asked) or {}
            yield page
            if not page.get("NextToken"):
                return
            asked["NextToken"] = str(page["NextToken"])
        raise RemoteFault(f"GetMetricData: more than {MAX_PAGES} pages")


def _query(number: int, metric: str) -> dict[str, Any]:
    series = {"Metric": {"Namespace": NAMESPACE, "MetricName": metric}, "Period": DAY_S, "Stat": "Average"}
    return {"Id": _id(number), "MetricStat": series}


def _id(number: int) -> str:
    return f"rate{number}"


def _midnight(at: int) -> datetime:
    return datetime.fromtimestamp(at // DAY_S * DAY_S, UTC)


def _check(row: Mapping[str, Any]) -> None:
    if row.get("StatusCode") in UNUSABLE:
        raise RemoteFault(f"GetMetricData: {row['StatusCode']}")


def _points(row: Mapping[str, Any]) -> Iterator[tuple[int, float]]:
    times, values = row.get("Timestamps", []), row.get("Values", [])
    if len(times) != len(values):
        raise RemoteFault("GetMetricData: not as many values as times")
    return ((int(at.timestamp()), float(value)) for at, value in zip(times, values, strict=True))
