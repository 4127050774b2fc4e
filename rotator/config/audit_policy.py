"""What the audit may do at AWS beyond a rotation: list the users below the configured path, read its own queue.

ListUsers is authorised on the path that is asked for, as a user's ARN that ends there; the queue's ARN follows from
its URL.  https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from rotator.config.model import Configuration
from rotator.core.trust import partition_of, queue_region

QUEUE_ACTIONS = ("sqs:DeleteMessage", "sqs:ReceiveMessage")


def audit_statements(configuration: Configuration) -> Iterator[dict[str, Any]]:
    """The statements for what is configured; none if nothing is."""
    path, arrival = configuration.aws.user_path, configuration.audit.arrival
    if path is not None:
        accounts = dict.fromkeys((partition_of(one.region), one.account) for one in configuration.users)
        arns = [f"arn:{partition}:iam::{account}:user{path}" for partition, account in accounts]
        yield {"Sid": "ListUsersBelowThePath", "Effect": "Allow", "Action": ["iam:ListUsers"], "Resource": arns}
    if arrival is not None and arrival.sqs is not None:
        arn = _queue_arn(arrival.sqs, configuration.users[0].region)
        yield {"Sid": "ReadTheAuditsQueue", "Effect": "Allow", "Action": list(QUEUE_ACTIONS), "Resource": [arn]}


def _queue_arn(url: str, region: str) -> str:
    region = queue_region(url) or region
    account, name = urlsplit(url).path.strip("/").split("/")
    return f"arn:{partition_of(region)}:sqs:{region}:{account}:{name}"
