"""SES's reputation rates, and CloudWatch's GetMetricData for them; every other figure is moto's.

Rules: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html.  Limitations: AWS does
not publish over how much mail it computes a rate; here it is over what was sent in the last 30 days.  There is one
value a day, at midnight.  Nothing but AWS/SES's two rates is answered here, by their average.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rotator.sandbox.wire import AwsError, Call, Reply, json_reply

NAMESPACE = "AWS/SES"
BOUNCES, COMPLAINTS = "Reputation.BounceRate", "Reputation.ComplaintRate"
LOOKS_BACK = timedelta(days=30)
KEPT = timedelta(days=455)
MOST_QUERIES, MOST_POINTS = 500, 100_800
QUERY_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
# How long ago the earliest time lies -> what the period has to be a multiple of.
COARSE, FINE_S = ((timedelta(days=63), 3600), (timedelta(days=15), 300)), 60
Points = list[tuple[datetime, float]]


@dataclass(slots=True)
class Reputation:
    """What became of one account's mail in one region, day by day.  Mail to the simulator does not count."""

    days: dict[date, list[int]] = field(default_factory=dict)  # sent, bounced for good, complained about

    def count(self, on: date, sent: int = 0, bounced: int = 0, complained: int = 0) -> None:
        """Add to a day."""
        if sent or bounced or complained:
            of_day = self.days.setdefault(on, [0, 0, 0])
            for at, more in enumerate((sent, bounced, complained)):
                of_day[at] += more

    def rates(self, metric: str, until: date) -> Points:
        """One value a day from the first mail on."""
        if not self.days:
            return []
        first = min(self.days)
        wanted = (first + timedelta(days=n) for n in range((until - first).days + 1))
        return [(datetime(on.year, on.month, on.day, tzinfo=UTC), self._rate(metric, on)) for on in wanted]

    def _rate(self, metric: str, on: date) -> float:
        counted = [of_day for day, of_day in self.days.items() if on - LOOKS_BACK < day <= on]
        sent = sum(one[0] for one in counted)
        bad = sum(one[1 if metric == BOUNCES else 2] for one in counted)
        return bad / sent if sent else 0.0


class Figures:
    """Answers GetMetricData about SES's rates."""

    def __init__(self, reputation_of: Callable[[str], Reputation], now: Callable[[], datetime]) -> None:
        self._reputation_of, self._now = reputation_of, now
        self.page_size = MOST_POINTS  # a test makes it small, to have pages
        self.status = "Complete"  # what every series says of itself

    def context(self, call: Call) -> dict[str, list[str]]:
        """What a policy's conditions may ask of a call to CloudWatch."""
        namespace = _asked(call).get("Namespace", "")
        return {"aws:requestedregion": [call.region], "cloudwatch:namespace": [namespace] if namespace else []}

    def answer(self, call: Call) -> Reply | None:
        """The answer, or None if moto shall give it.  Raises AwsError."""
        asked = _asked(call)
        queries = asked.get("MetricDataQueries", [])
        if call.action != "GetMetricData" or not any(_namespace(one) == NAMESPACE for one in queries):
            return None
        since, until = (datetime.fromtimestamp(float(asked[name]), UTC) for name in ("StartTime", "EndTime"))
        self._check(queries, since, until)
        rows = [(one["Id"], *point) for one in queries for point in self._series(call.region, one, since, until)]
        return self._page(queries, rows, asked)

    def _check(self, queries: list[Any], since: datetime, until: datetime) -> None:
        if since >= until:
            raise _invalid("The parameter StartTime must be less than the parameter EndTime.")
        ids = [str(one.get("Id", "")) for one in queries]
        if len(queries) > MOST_QUERIES or len(set(ids)) != len(ids) or not all(map(QUERY_ID.fullmatch, ids)):
            raise _invalid("The value for parameter MetricDataQueries is invalid: ids, or too many of them.")
        coarse = next((seconds for ago, seconds in COARSE if self._now() - since > ago), FINE_S)
        for one in queries:
            period = one["MetricStat"]["Period"]
            if period < coarse or period % coarse:
                raise _invalid(f"Period must be a multiple of {coarse} for that StartTime.")
            if _namespace(one) != NAMESPACE or one["MetricStat"]["Stat"] != "Average":
                raise _invalid("the sandbox answers for the average of SES's rates alone")

    def _series(self, region: str, query: Mapping[str, Any], since: datetime, until: datetime) -> Iterator[Any]:
        metric, period = query["MetricStat"]["Metric"], query["MetricStat"]["Period"]
        if metric.get("Dimensions") or metric["MetricName"] not in (BOUNCES, COMPLAINTS):
            return
        buckets: dict[float, list[float]] = {}
        earliest = max(since, self._now() - KEPT)
        for at, value in self._reputation_of(region).rates(metric["MetricName"], self._now().date()):
            if earliest <= at < until:
                buckets.setdefault(at.timestamp() // period * period, []).append(value)
        yield from ((at, sum(values) / len(values)) for at, values in buckets.items())

    def _page(self, queries: list[Any], rows: list[Any], asked: Mapping[str, Any]) -> Reply:
        token, size = asked.get("NextToken", "0"), min(int(asked.get("MaxDatapoints", MOST_POINTS)), self.page_size)
        if not str(token).isdecimal() or int(token) > len(rows):
            raise AwsError(400, "InvalidNextToken", "The next token specified is invalid.")
        begins, ends = int(token), int(token) + size
        found = []
        for one in queries:
            points = [(at, value) for of, at, value in rows[begins:ends] if of == one["Id"]]
            if asked.get("ScanBy", "TimestampDescending") == "TimestampDescending":
                points.reverse()
            times, values = [at for at, _ in points], [value for _, value in points]
            partial = any(of == one["Id"] for of, _, _ in rows[ends:])
            status = "PartialData" if partial else self.status
            found.append({"Id": one["Id"], "Label": one["Id"], "StatusCode": status,
                          "Timestamps": times, "Values": values})  # fmt: skip
        more = {"NextToken": str(ends)} if ends < len(rows) else {}
        return json_reply({"MetricDataResults": found, "Messages": []} | more)


def _asked(call: Call) -> dict[str, Any]:
    """The request's JSON; nothing where it is in another form, which only moto reads."""
    try:
        asked = json.loads(call.body)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _namespace(query: Mapping[str, Any]) -> str:
    return str(query.get("MetricStat", {}).get("Metric", {}).get("Namespace", ""))


def _invalid(text: str) -> AwsError:
    return AwsError(400, "ValidationError", text)
