"""What the template does, by the same definitions: alarms that tell a topic, and an address subscribed to it."""

from __future__ import annotations

from typing import Any

import boto3

from rotator.alarms.definitions import Watched, alarms
from rotator.config.loader import load
from rotator.sandbox.world import World


def add_section(world: World) -> None:
    """Put `alarms` into the world's configuration file."""
    text = world.place.config.read_text("utf-8")
    world.place.config.write_text(text.replace("users:\n", "alarms: {}\nusers:\n"), "utf-8")


def client(world: World, service: str) -> Any:
    """A client of the administrator's."""
    environment = world.environment()
    return boto3.client(
        service,
        endpoint_url=world.aws_url,
        region_name=world.scenario.region,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def deploy(world: World, address: str = "oncall@queenofsandiego.com") -> str:
    """Make every alarm, a topic and a subscription; the topic's ARN."""
    environment = world.environment()
    configuration = load(world.place.config, environment)
    watched = [Watched.by(configuration.policy_for(one)) for one in configuration.users]
    topic: str = client(world, "sns").create_topic(Name="rotator-alarms")["TopicArn"]
    client(world, "sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    cloudwatch = client(world, "cloudwatch")
    for one in alarms(watched, daily_limit=world.ses.quota_per_day):
        cloudwatch.put_metric_alarm(
            AlarmName=one.name,
            AlarmDescription=one.description,
            Namespace=one.namespace,
            MetricName=one.metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in one.dimensions],
            Statistic=one.statistic,
            Period=one.period_s,
            EvaluationPeriods=one.evaluation_periods,
            ComparisonOperator=one.comparison,
            Threshold=one.threshold,
            TreatMissingData=one.missing,
            AlarmActions=[topic],
            ActionsEnabled=True,
        )
    return topic
