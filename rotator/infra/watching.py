"""The part of the stack `sending` that watches: SES's events into a queue, alarms to people.

Two topics, because deliveries are many and people read alarms: `Events` feeds the queue that the audit reads,
`Alarms` has the e-mail subscription. The topics use no key of SNS's own: neither SES nor CloudWatch may publish
through that.
"""

from __future__ import annotations

from typing import Any

from rotator.core.alarm import Alarm
from rotator.infra.plan import (
    Plan,
    Resource,
    Resources,
    attribute,
    document,
    logical,
    ref,
    statement,
)

EVENTS = ("BOUNCE", "COMPLAINT", "DELIVERY", "REJECT", "DELIVERY_DELAY", "RENDERING_FAILURE")
KEPT_S = 24 * 3600  # an audit waits for minutes; nobody else reads the queue


def watching(plan: Plan) -> Resources:
    """Topics, queue and alarms."""
    return {
        "EventTopic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "SES events"}},
        "EventTopicPolicy": _topic_policy(plan, "EventTopic", "ses.amazonaws.com", plan.set_arn),
        "EventDestination": _destination(),
        "EventQueue": {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"MessageRetentionPeriod": KEPT_S, "SqsManagedSseEnabled": True},
        },
        "EventQueuePolicy": _queue_policy(),
        "EventSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": ref("EventTopic"),
                "Protocol": "sqs",
                "Endpoint": attribute("EventQueue", "Arn"),
                "RawMessageDelivery": True,
            },
        },
        "AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "rotator and SES alarms"}},
        "AlarmTopicPolicy": _topic_policy(plan, "AlarmTopic", "cloudwatch.amazonaws.com", _alarm_arns(plan)),
        "AlarmSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "NotifyWanted",
            "Properties": {"TopicArn": ref("AlarmTopic"), "Protocol": "email", "Endpoint": ref("NotifyAddress")},
        },
        **{logical("Alarm", one.name): _alarm(one) for one in plan.alarms},
    }


def watching_outputs() -> Resource:
    """What the configuration and the operator need of it."""
    return {
        "EventQueueUrl": {"Description": "audit.arrival.sqs in the configuration", "Value": ref("EventQueue")},
        "AlarmTopicArn": {"Description": "notify.sns_topic in the configuration", "Value": ref("AlarmTopic")},
    }


def _alarm_arns(plan: Plan) -> str:
    return f"arn:{plan.partition}:cloudwatch:{plan.region}:{plan.account}:alarm:*"


def _topic_policy(plan: Plan, topic: str, service: str, source: Any) -> Resource:
    """The service may publish, for this account and this source alone."""
    condition = {"StringEquals": {"AWS:SourceAccount": plan.account}, "ArnLike": {"AWS:SourceArn": source}}
    allowed = statement("Publish", "sns:Publish", ref(topic), Principal={"Service": service}, Condition=condition)
    return {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {"Topics": [ref(topic)], "PolicyDocument": document(allowed)},
    }


def _destination() -> Resource:
    """SES tries the topic when the destination is made, so the policy has to be there before."""
    return {
        "Type": "AWS::SES::ConfigurationSetEventDestination",
        "DependsOn": ["EventTopicPolicy"],
        "Properties": {
            "ConfigurationSetName": ref("ConfigurationSet"),
            "EventDestination": {
                "Name": "events",
                "Enabled": True,
                "MatchingEventTypes": list(EVENTS),
                "SnsDestination": {"TopicARN": ref("EventTopic")},
            },
        },
    }


def _queue_policy() -> Resource:
    condition = {"ArnEquals": {"aws:SourceArn": ref("EventTopic")}}
    allowed = statement(
        "FromTheTopic", "sqs:SendMessage", attribute("EventQueue", "Arn"),
        Principal={"Service": "sns.amazonaws.com"}, Condition=condition,
    )  # fmt: skip
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {"Queues": [ref("EventQueue")], "PolicyDocument": document(allowed)},
    }


def _alarm(one: Alarm) -> Resource:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": one.name,
            "AlarmDescription": one.description,
            "Namespace": one.namespace,
            "MetricName": str(one.metric),  # an enumeration's member is no YAML
            **({"Dimensions": [{"Name": n, "Value": v} for n, v in one.dimensions]} if one.dimensions else {}),
            "Statistic": one.statistic,
            "Period": one.period_s,
            "EvaluationPeriods": one.evaluation_periods,
            "ComparisonOperator": str(one.comparison),
            "Threshold": one.threshold,
            "TreatMissingData": str(one.missing),
            "AlarmActions": [ref("AlarmTopic")],
            "OKActions": [ref("AlarmTopic")],
        },
    }
