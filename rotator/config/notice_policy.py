"""What the program may do to tell people: send from one address to one address, publish to one topic.

Which identity SES checks is not known from the file: the address itself if it is verified, else its domain, else a
domain above.  All of them are named, and the conditions hold for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rotator.config.model import Configuration, UserConfiguration
from rotator.core.hosts import partition_of

Statement = dict[str, Any]


def notice_statements(configuration: Configuration) -> Iterator[Statement]:
    """The statements for the configured channels in AWS; none if there are none."""
    senders: dict[str, list[str]] = {}
    for user in configuration.users:
        sender = configuration.notices_from(user)
        if configuration.notify.mail_to is not None and sender is not None:
            senders.setdefault(sender, []).extend(_identities(user, sender))
    for number, (sender, identities) in enumerate(senders.items(), start=1):
        yield {
            "Sid": f"MailNotices{number if len(senders) > 1 else ''}",
            "Effect": "Allow",
            "Action": "ses:SendEmail",
            "Resource": list(dict.fromkeys(identities)),
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
            "Condition": {
                "StringEquals": {"ses:FromAddress": sender},
                "ForAllValues:StringEquals": {"ses:Recipients": [configuration.notify.mail_to]},
            },
        }
    if configuration.notify.sns_topic is not None:
        topic = configuration.notify.sns_topic
        yield {"Sid": "PublishNotices", "Effect": "Allow", "Action": "sns:Publish", "Resource": [topic]}


def _identities(user: UserConfiguration, sender: str) -> Iterator[str]:
    labels = sender.rpartition("@")[2].split(".")
    names = [sender, *(".".join(labels[n:]) for n in range(len(labels) - 1))]
    for name in names:
        yield f"arn:{partition_of(user.region)}:ses:{user.region}:{user.account}:identity/{name}"
