"""Alarms and metrics of one region, and who is subscribed to their topics.

Wire facts: botocore 1.44.5 models `cloudwatch` and `sns`.  A subscription that nobody confirmed has the word
PendingConfirmation in place of its ARN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rotator.core.alarm import Alarm, Comparison, Datum, Missing, Standing, Subscription
from rotator.core.errors import RemoteFault
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls

MAX_PAGES = 50
PENDING = "PendingConfirmation"


class CloudWatchAlarms:
    """Implements `rotator.core.alarm.Alarms`."""

    def __init__(self, *, session: AwsSession, region: str) -> None:
        """Nothing is asked yet."""
        self._session, self._calls = session, AwsCalls(session, "cloudwatch", region)

    def standing(self, prefix: str) -> tuple[Standing, ...]:
        """Every metric alarm of that prefix; one with a form that no alarm of ours has is left out."""
        pages = _pages(self._calls, "describe_alarms", AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm"])
        rows = [row for page in pages for row in page.get("MetricAlarms", [])]
        return tuple(one for one in map(_standing, rows) if one is not None)

    def ring(self, name: str, reason: str, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """SetAlarmState."""
        return _done(
            self._calls.write("set_alarm_state", deadline, AlarmName=name, StateValue="ALARM", StateReason=reason)
        )

    def publish(self, namespace: str, data: Sequence[Datum], deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """PutMetricData, without times: CloudWatch takes its own."""
        rows = [
            {
                "MetricName": str(one.metric),
                "Dimensions": [{"Name": "User", "Value": one.user}],
                "Value": one.value,
                "Unit": one.unit,
            }
            for one in data
        ]
        return _done(self._calls.write("put_metric_data", deadline, Namespace=namespace, MetricData=rows))

    def subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        """ListSubscriptionsByTopic, every page."""
        calls = AwsCalls(self._session, "sns", topic.split(":")[3])
        pages = _pages(calls, "list_subscriptions_by_topic", TopicArn=topic)
        rows = [row for page in pages for row in page.get("Subscriptions", [])]
        return tuple(Subscription(str(row.get("Protocol", "")), row.get("SubscriptionArn") != PENDING) for row in rows)


def daily_limit(session: AwsSession, region: str) -> float | None:
    """How many mails SES allows in 24 hours there; None where it sets no limit.  Raises AccessError, RemoteFault."""
    reply = AwsCalls(session, "sesv2", region).read("get_account", Deadline.after(REQUEST_DEADLINE_S)) or {}
    limit = (reply.get("SendQuota") or {}).get("Max24HourSend")
    if not isinstance(limit, int | float):
        raise RemoteFault("GetAccount: the reply does not say how many mails are allowed in 24 hours")
    return float(limit) if limit >= 0 else None  # -1: unlimited


def _pages(calls: AwsCalls, operation: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
    more: dict[str, Any] = {}
    for _ in range(MAX_PAGES):
        page = calls.read(operation, Deadline.after(REQUEST_DEADLINE_S), **arguments, **more) or {}
        yield page
        if not page.get("NextToken"):
            return
        more = {"NextToken": str(page["NextToken"])}
    raise RemoteFault(f"{operation}: more than {MAX_PAGES} pages")


def _standing(row: Mapping[str, Any]) -> Standing | None:
    """The alarm of one row; None for one over a formula or of a comparison and rule that we do not use."""

    def read(name: str) -> str:
        return str(row.get(name, ""))

    try:
        alarm = Alarm(
            name=read("AlarmName"),
            description=read("AlarmDescription"),
            namespace=read("Namespace"),
            metric=read("MetricName"),
            dimensions=tuple(sorted((one["Name"], one["Value"]) for one in row.get("Dimensions", []))),
            statistic=read("Statistic"),
            period_s=int(row.get("Period", 0)),
            evaluation_periods=int(row.get("EvaluationPeriods", 0)),
            comparison=Comparison(read("ComparisonOperator")),
            threshold=float(row["Threshold"]),
            missing=Missing(row.get("TreatMissingData") or "missing"),
            page="",
        )
    except (KeyError, ValueError):
        return None
    actions = tuple(str(one) for one in row.get("AlarmActions", []))
    return Standing(alarm, read("StateValue"), actions, bool(row.get("ActionsEnabled", False)))


def _done(answer: dict[str, Any] | Refused | Unknown) -> Acknowledged | Refused | Unknown:
    return Acknowledged() if isinstance(answer, dict) else answer
