"""What audit and alarms may do at AWS beyond a rotation: list users below the path, read a queue, publish figures.

ListUsers is authorised on the path that is asked for, as a user's ARN that ends there; the queue's ARN follows from
its URL.  https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from rotator.config.model import Configuration
from rotator.core.hosts import partition_of
from rotator.core.trust import queue_region

QUEUE_ACTIONS = ("sqs:DeleteMessage", "sqs:ReceiveMessage")


def audit_statements(configuration: Configuration) -> Iterator[dict[str, Any]]:
    """The statements for what is configured; none if nothing is."""
    path, arrival = configuration.aws.user_path, configuration.audit.arrival
    if path is not None:
        accounts = dict.fromkeys((partition_of(one.region), one.account) for one in configuration.users)
        arns = [f"arn:{partition}:iam::{account}:user{path}" for partition, account in accounts]
        yield _allow("ListUsersBelowThePath", ["iam:ListUsers"], arns)
    if arrival is not None and arrival.sqs is not None:
        arn = _queue_arn(arrival.sqs, configuration.users[0].region)
        yield _allow("ReadTheAuditsQueue", list(QUEUE_ACTIONS), [arn])


def alarm_statements(configuration: Configuration) -> Iterator[dict[str, Any]]:
    """The statements for the alarms; none if the file does not have them.

    PutMetricData and GetAccount know no resources, so the first is bound to the namespace; DescribeAlarms is asked
    for all alarms of a region; which topics they tell is known only then, and a stack names its topics itself.
    """
    if configuration.alarms is None:
        return
    prefix, namespace = configuration.alarms.prefix, configuration.alarms.namespace
    places = list(dict.fromkeys((partition_of(one.region), one.region, one.account) for one in configuration.users))
    alarms = [f"arn:{partition}:cloudwatch:{region}:{account}:alarm:" for partition, region, account in places]
    bound = {"Condition": {"StringEquals": {"cloudwatch:namespace": namespace}}}
    yield _allow("PublishFigures", ["cloudwatch:PutMetricData"], ["*"]) | bound
    yield _allow("LookAtAlarms", ["cloudwatch:DescribeAlarms"], [f"{one}*" for one in alarms])
    yield _allow("TryAnAlarm", ["cloudwatch:SetAlarmState"], [f"{one}{prefix}-*" for one in alarms])
    topics = [f"arn:{partition}:sns:{region}:{account}:*" for partition, region, account in places]
    yield _allow("SeeWhoIsTold", ["sns:ListSubscriptionsByTopic"], topics)
    yield _allow("AskForTheLimit", ["ses:GetAccount"], ["*"])


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _queue_arn(url: str, region: str) -> str:
    region = queue_region(url) or region
    account, name = urlsplit(url).path.strip("/").split("/")
    return f"arn:{partition_of(region)}:sqs:{region}:{account}:{name}"
