"""The CloudWatch alarms that this program stands for, as data: nothing is asked and nothing is made here.

Thresholds on bounces and complaints are AWS's own (core/reputation.py).  Throttled SMTP has no metric: doctor and audit
see the 454.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from rotator.core.alarm import Alarm, Comparison, Missing
from rotator.core.policy import DAY_S, Policy
from rotator.core.reputation import NAMESPACE as SES
from rotator.core.reputation import RATES

PAGE = "runbooks/reputation-alarm.md"
HOUR_S = 3600
QUOTA_SHARE = 0.8  # of the account's limit: time is left to ask for more


class Metric(StrEnum):
    """What the program publishes at the end of `rotate` and `audit`, each with the dimension User."""

    KEY_AGE = "KeyAgeSeconds"
    OPEN_RUN = "OpenRotationSeconds"
    OLD_KEY_USED = "OldKeyUsed"  # 1: used after every place had the new one
    AUDIT_FAILED = "AuditFailed"  # how many places did not pass, and what else was found wrong


@dataclass(frozen=True, slots=True)
class Watched:
    """What an alarm has to know of one IAM user.  `open_s`: how long a rotation takes if nothing goes wrong."""

    user: str
    max_age_s: int
    open_s: int

    @classmethod
    def by(cls, policy: Policy) -> Watched:
        """The user that a policy is about."""
        return cls(policy.user, policy.max_age_s, policy.grace_s + policy.watch_s + policy.open_alarm_s)


def alarms(
    users: Iterable[Watched], *, daily_limit: float | None, prefix: str = "rotator", namespace: str = "Rotator"
) -> tuple[Alarm, ...]:
    """Every alarm of one region.  `daily_limit`: mails in 24 h that SES allows there; None: not known, no alarm."""
    found = [*_reputation(), *([_quota(daily_limit)] if daily_limit is not None else []), _reject()]
    for user in users:
        found += _of_user(user, namespace)
    return tuple(_named(one, prefix) for one in found)


def _reputation() -> Iterator[Alarm]:
    review, pause = "AWS puts the account under review", "AWS may pause sending"
    lines = [
        line
        for one in RATES
        for line in ((f"{one.name}-rate-review", one.metric, one.review, review),
                     (f"{one.name}-rate-pause", one.metric, one.pause, pause))
    ]  # fmt: skip
    for name, metric, threshold, what in lines:
        text = f"{metric} has reached {100 * threshold:g} %: {what}."
        yield Alarm(
            name, text, SES, metric, (), "Average", HOUR_S, 1, Comparison.AT_LEAST, threshold, Missing.IGNORE,
            f"{PAGE}#{name.rpartition('-')[0]}",
        )  # fmt: skip


def _quota(daily_limit: float) -> Alarm:
    text = f"{100 * QUOTA_SHARE:g} % of the {daily_limit:g} mails that SES allows in 24 hours are sent."
    threshold = QUOTA_SHARE * daily_limit
    return Alarm(
        "daily-quota", text, SES, "Send", (), "Sum", DAY_S, 1, Comparison.AT_LEAST, threshold, Missing.NOT_BREACHING,
        f"{PAGE}#quota",
    )  # fmt: skip


def _reject() -> Alarm:
    text = "SES rejected a mail (it found a virus): look who sends."
    return Alarm(
        "reject", text, SES, "Reject", (), "Sum", HOUR_S, 1, Comparison.ABOVE, 0.0, Missing.NOT_BREACHING,
        f"{PAGE}#reject",
    )  # fmt: skip


def _of_user(one: Watched, namespace: str) -> Iterator[Alarm]:
    """Daily figures.  A key's age must come every day: two days of silence mean that nothing rotates any more."""

    def daily(
        name: str, text: str, metric: Metric, above: Comparison, limit: float, missing: Missing, days: int, page: str
    ) -> Alarm:
        dimensions = (("User", one.user),)
        return Alarm(
            f"{one.user}-{name}", text, namespace, metric, dimensions, "Maximum", DAY_S, days, above, limit,
            missing, page,
        )  # fmt: skip

    age, running = one.max_age_s, one.open_s
    text = f"{one.user}: the key is older than {age // DAY_S} days, or nothing was heard of it for two days."
    page = f"{PAGE}#key-too-old-or-nothing-heard"
    yield daily("key-age", text, Metric.KEY_AGE, Comparison.ABOVE, age, Missing.BREACHING, 2, page)
    text, page = f"{one.user}: a rotation is open for longer than it takes.", "runbooks/failed-audit.md#open-too-long"
    yield daily("open-rotation", text, Metric.OPEN_RUN, Comparison.ABOVE, running, Missing.NOT_BREACHING, 1, page)
    text = f"{one.user}: the old key was used after every place had the new one."
    page = f"{PAGE}#old-key-still-used"
    yield daily("old-key-used", text, Metric.OLD_KEY_USED, Comparison.AT_LEAST, 1, Missing.NOT_BREACHING, 1, page)
    text = f"{one.user}: the audit found a place that does not send, or a key or run that is not as it should be."
    page = "runbooks/failed-audit.md"
    yield daily("audit-failed", text, Metric.AUDIT_FAILED, Comparison.AT_LEAST, 1, Missing.IGNORE, 1, page)


def _named(alarm: Alarm, prefix: str) -> Alarm:
    return replace(alarm, name=f"{prefix}-{alarm.name}", description=f"{alarm.description} See {alarm.page}")
