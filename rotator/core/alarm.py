"""A CloudWatch alarm as a value: as it is meant to be, and as it was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown


class Missing(StrEnum):
    """What CloudWatch concludes where no data is."""

    IGNORE = "ignore"  # the alarm keeps its state
    NOT_BREACHING = "notBreaching"
    BREACHING = "breaching"
    MISSING = "missing"  # CloudWatch's default: INSUFFICIENT_DATA; no alarm of ours says it


class Comparison(StrEnum):
    """How a value is compared with the threshold."""

    AT_LEAST = "GreaterThanOrEqualToThreshold"
    ABOVE = "GreaterThanThreshold"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as CloudWatch's PutMetricAlarm and CloudFormation take it; `page` is what whoever is woken reads."""

    name: str
    description: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str  # "Average", "Sum" or "Maximum"
    period_s: int
    evaluation_periods: int
    comparison: Comparison
    threshold: float
    missing: Missing
    page: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm as CloudWatch has it.  `alarm.page` is empty: CloudWatch knows no page."""

    alarm: Alarm
    state: str  # "OK", "ALARM", "INSUFFICIENT_DATA"
    actions: tuple[str, ...]  # ARNs of what is told when it rings
    enabled: bool  # whether they are told at all


@dataclass(frozen=True, slots=True)
class Datum:
    """One value to be published, about one IAM user; `unit` is CloudWatch's word."""

    metric: str
    user: str
    value: float
    unit: str = "None"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One receiver of a topic; who it is stays with SNS.  An e-mail that nobody confirmed gets nothing."""

    protocol: str
    confirmed: bool


class Alarms(Protocol):
    """CloudWatch and the topics it tells, in one region.  Reads raise AccessError or RemoteFault."""

    def standing(self, prefix: str) -> tuple[Standing, ...]:
        """The metric alarms whose names begin with `prefix`, every page."""
        ...

    def ring(self, name: str, reason: str, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Set one alarm's state to ALARM; CloudWatch sets it back at its next evaluation."""
        ...

    def publish(self, namespace: str, data: Sequence[Datum], deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Put values into CloudWatch, once."""
        ...

    def subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        """Who is subscribed to a topic."""
        ...
