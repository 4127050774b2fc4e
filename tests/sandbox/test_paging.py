"""SNS's e-mail and CloudWatch's alarms in the sandbox: what is told, to whom, and when nobody is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rotator.sandbox.world import World
from tests.alarms.deploying import client

ADDRESS = "oncall@queenofsandiego.com"
ALARM = "rotator-reject"


@pytest.fixture
def topic(world: World) -> str:
    """A topic with an alarm that tells it and an address that was asked."""
    arn: str = client(world, "sns").create_topic(Name="alarms")["TopicArn"]
    client(world, "sns").subscribe(TopicArn=arn, Protocol="email", Endpoint=ADDRESS)
    client(world, "cloudwatch").put_metric_alarm(
        AlarmName=ALARM, AlarmDescription="look here", Namespace="AWS/SES", MetricName="Reject", Statistic="Sum",
        Period=3600, EvaluationPeriods=1, Threshold=0.0, ComparisonOperator="GreaterThanThreshold", AlarmActions=[arn],
    )  # fmt: skip
    return arn


def ring(world: World, state: str = "ALARM") -> None:
    """Somebody sets the alarm's state."""
    client(world, "cloudwatch").set_alarm_state(AlarmName=ALARM, StateValue=state, StateReason="a test")


def subjects(world: World) -> list[str]:
    """What lies in the mailbox."""
    return [str(mail["Subject"]) for mail in world.mailboxes.messages(ADDRESS)]


def arns(world: World, topic: str) -> list[str]:
    """The subscriptions as SNS lists them."""
    listed = client(world, "sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [str(one["SubscriptionArn"]) for one in listed]


def test_an_address_gets_nothing_before_its_owner_has_clicked(world: World, topic: str) -> None:
    """It is asked once, and listed as pending."""
    ring(world)
    client(world, "sns").publish(TopicArn=topic, Subject="news", Message="text")
    assert subjects(world) == ["AWS Notification - Subscription Confirmation"]
    assert arns(world, topic) == ["PendingConfirmation"]


def test_an_alarm_tells_when_it_changes_to_alarm(world: World, topic: str) -> None:
    """Once for as long as it rings, and again after it was well."""
    world.paging.confirm(ADDRESS)
    assert arns(world, topic)[0].startswith(f"{topic}:")
    for state in ("ALARM", "ALARM", "OK", "ALARM"):
        ring(world, state)
    assert subjects(world)[1:] == [f'ALARM: "{ALARM}" in us-east-1'] * 2
    assert "look here" in world.mailboxes.messages(ADDRESS)[-1].get_content()


def test_what_is_published_reaches_a_confirmed_address(world: World, topic: str) -> None:
    """Notices go the same way."""
    world.paging.confirm(ADDRESS)
    client(world, "sns").publish(TopicArn=topic, Subject="news", Message="text")
    assert subjects(world)[-1] == "news"


FATES: dict[str, tuple[str, bool, list[str]]] = {
    "taken": ("reader@elsewhere.org", False, ["Send", "Delivery"]),
    "suppressed": ("reader@elsewhere.org", True, ["Send", "Bounce"]),
    "the simulator's bounce": ("bounce@simulator.amazonses.com", False, ["Send", "Bounce"]),
    "the simulator's success": ("success+1@simulator.amazonses.com", False, ["Send", "Delivery"]),
}


@pytest.mark.parametrize(("recipient", "suppressed", "kinds"), FATES.values(), ids=FATES.keys())
def test_ses_publishes_what_becomes_of_a_mail(
    world: World, recipient: str, kinds: list[str], *, suppressed: bool
) -> None:
    """Send, then one fate; the mail's own headers stand in each."""
    sns, sqs = client(world, "sns"), client(world, "sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    world.events.topic = sns.create_topic(Name="events")["TopicArn"]
    sns.subscribe(TopicArn=world.events.topic, Protocol="sqs", Endpoint=arn)
    if suppressed:
        world.ses.suppress(recipient, "BOUNCE", world.clock.now())
    simple = {"Subject": {"Data": "hello"}, "Body": {"Text": {"Data": "text"}}}
    client(world, "sesv2").send_email(
        FromEmailAddress=f"news@{world.scenario.domain}",
        Destination={"ToAddresses": [recipient]},
        Content={"Simple": simple},
    )
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    events: list[dict[str, Any]] = [json.loads(json.loads(one["Body"])["Message"]) for one in messages]
    assert sorted(one["eventType"] for one in events) == sorted(kinds)
    assert all({"name": "Subject", "value": "hello"} in one["mail"]["headers"] for one in events)
