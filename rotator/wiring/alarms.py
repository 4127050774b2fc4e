"""Configuration to the alarms: what should be there, what is, and the figures that they watch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rotator.alarms.comparing import compared, reached
from rotator.alarms.definitions import Watched, alarms
from rotator.alarms.published import of_audit, of_rotation
from rotator.core.alarm import Alarm, Datum, Standing
from rotator.core.errors import ConfigurationError
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.wiring.parts import aws_session

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.config.schema import Alarms
    from rotator.core.findings import Finding
    from rotator.core.history.proven import AuditOutcome
    from rotator.core.situation import Situation
    from rotator.services.cloudwatch import CloudWatchAlarms


@dataclass(frozen=True, slots=True)
class Place:
    """The alarms of one region: as they should be, and as they are."""

    region: str
    watch: CloudWatchAlarms
    wanted: tuple[Alarm, ...]
    there: tuple[Standing, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that ours tell, each once."""
        ours = {one.name for one in self.wanted}
        actions = (action for one in self.there if one.alarm.name in ours for action in one.actions)
        return tuple(dict.fromkeys(one for one in actions if ":sns:" in one))

    def findings(self) -> Iterator[Finding]:
        """One an alarm, one a topic.  Raises AccessError, RemoteFault."""
        yield from compared(self.wanted, self.there, self.region)
        yield from self.told()

    def told(self) -> Iterator[Finding]:
        """One a topic: whether anybody hears of it.  Raises AccessError, RemoteFault."""
        yield from reached({topic: self.watch.subscriptions(topic) for topic in self.topics})

    def ring(self, name: str) -> Acknowledged | Refused | Unknown:
        """Set one alarm to ALARM, saying that it is a test."""
        reason = "A test by rotator: nothing is wrong; the alarm goes back by itself."
        return self.watch.ring(name, reason, Deadline.after(REQUEST_DEADLINE_S))


def places(configuration: Configuration) -> Iterator[Place]:
    """Every region of the file.  Raises AccessError, RemoteFault, ConfigurationError."""
    from rotator.services.cloudwatch import CloudWatchAlarms, daily_limit

    chosen, session = _alarms(configuration), aws_session(configuration)
    for region in dict.fromkeys(one.region for one in configuration.users):
        users = [Watched.by(configuration.policy_for(one)) for one in configuration.users if one.region == region]
        limit = daily_limit(session, region)
        wanted = alarms(users, daily_limit=limit, prefix=chosen.prefix, namespace=chosen.namespace)
        watch = CloudWatchAlarms(session=session, region=region)
        yield Place(region, watch, wanted, watch.standing(f"{chosen.prefix}-"))


def publish_rotation(configuration: Configuration, s: Situation) -> str:
    """Publish what a turn on one user saw; a warning if that failed.  Nothing without `alarms` in the file."""
    return "" if configuration.alarms is None else _publish(configuration, s.policy.user, tuple(of_rotation(s)))


def publish_audit(
    configuration: Configuration, user: str, outcomes: Sequence[AuditOutcome], findings: Sequence[Finding]
) -> str:
    """Publish how one user's audit ended; a warning if that failed.  Nothing without `alarms` in the file."""
    return "" if configuration.alarms is None else _publish(configuration, user, (of_audit(user, outcomes, findings),))


def _publish(configuration: Configuration, user: str, data: Sequence[Datum]) -> str:
    from rotator.services.cloudwatch import CloudWatchAlarms

    if not data:
        return ""
    region = configuration.user(user).region
    watch = CloudWatchAlarms(session=aws_session(configuration), region=region)
    answer = watch.publish(_alarms(configuration).namespace, data, Deadline.after(REQUEST_DEADLINE_S))
    if isinstance(answer, Acknowledged):
        return ""
    return f"the figures for the alarms could not be published: {answer.detail}"


def _alarms(configuration: Configuration) -> Alarms:
    if configuration.alarms is None:
        raise ConfigurationError(
            "the file has no section alarms", why="no figures are published, and no alarm is looked for",
            fix="add: alarms: {prefix: rotator, namespace: Rotator}",
        )  # fmt: skip
    return configuration.alarms
