"""The alarms as they are, beside what they should be: one finding an alarm, one a topic.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isclose

from rotator.core.alarm import Alarm, Standing, Subscription
from rotator.core.findings import CheckStatus, Finding

PAGE = "runbooks/reputation-alarm.md"
DEPLOY = "deploy again what this prints: rotator infra render sending"
COMPARED = ("namespace", "metric", "dimensions", "statistic", "period_s", "evaluation_periods", "comparison", "missing")


def compared(wanted: Iterable[Alarm], there: Iterable[Standing], region: str) -> Iterator[Finding]:
    """One finding for each alarm that should be there."""
    found = {one.alarm.name: one for one in there}
    for alarm in wanted:
        standing = found.get(alarm.name)
        yield _missing(alarm, region) if standing is None else _found(alarm, standing)


def reached(topics: Mapping[str, Sequence[Subscription]]) -> Iterator[Finding]:
    """One finding a topic: whether anybody is told.  An unconfirmed e-mail address gets nothing."""
    for topic, subscriptions in topics.items():
        confirmed = [one.protocol for one in subscriptions if one.confirmed]
        waiting = len(subscriptions) - len(confirmed)
        name, evidence = topic.rpartition(":")[2], (("topic", topic),)
        if confirmed:
            seen = f"{name}: {len(confirmed)} confirmed ({', '.join(sorted(set(confirmed)))})"
            yield Finding("alarms.topic", CheckStatus.OK, seen, evidence=evidence)
            continue
        seen = f"{name}: {waiting} subscribed, none confirmed" if waiting else f"{name}: nobody is subscribed"
        fix = 'click "Confirm subscription" in the mail from AWS Notifications, or subscribe somebody'
        yield Finding("alarms.topic", CheckStatus.FAILED, seen, fix, f"{PAGE}#nobody-is-told", evidence)


def differences(wanted: Alarm, found: Alarm) -> tuple[str, ...]:
    """What differs, as `threshold 0.2, not 0.05`."""
    told = [
        f"{name.removesuffix('_s').replace('_', ' ')} {getattr(found, name)}, not {getattr(wanted, name)}"
        for name in COMPARED
        if getattr(found, name) != getattr(wanted, name)
    ]
    if not isclose(found.threshold, wanted.threshold, rel_tol=1e-9):
        told.append(f"threshold {found.threshold:g}, not {wanted.threshold:g}")
    return tuple(told)


def _missing(alarm: Alarm, region: str) -> Finding:
    seen, evidence = f"{alarm.name} is not there in {region}", (("alarm", alarm.name),)
    return Finding("alarms.alarm", CheckStatus.FAILED, seen, DEPLOY, f"{PAGE}#an-alarm-is-missing", evidence)


def _found(alarm: Alarm, standing: Standing) -> Finding:
    evidence = (("alarm", alarm.name), ("state", standing.state))
    if told := differences(alarm, standing.alarm):
        seen = f"{alarm.name}: {'; '.join(told)}"
        return Finding("alarms.alarm", CheckStatus.FAILED, seen, DEPLOY, f"{PAGE}#an-alarm-is-missing", evidence)
    if not standing.actions or not standing.enabled:
        seen = f"{alarm.name} tells nobody: " + ("its actions are off" if standing.actions else "it has no action")
        return Finding("alarms.alarm", CheckStatus.FAILED, seen, DEPLOY, f"{PAGE}#nobody-is-told", evidence)
    if standing.state == "ALARM":
        fix = f"read {alarm.page}"
        return Finding("alarms.alarm", CheckStatus.FAILED, f"{alarm.name} RINGS", fix, alarm.page, evidence)
    state = "no data yet" if standing.state == "INSUFFICIENT_DATA" else standing.state
    return Finding("alarms.alarm", CheckStatus.OK, f"{alarm.name}: {state}", evidence=evidence)
