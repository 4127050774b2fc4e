"""Notices to an SNS topic.  Wire facts: botocore 1.44.5 `sns` model (Publish)."""

from __future__ import annotations

from rotator.core.notice import Notice
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls
from rotator.services.ses_mail import told


class SnsTopic:
    """Implements `core.notice.Notifier`; message attributes `id` and `kind` are there for filters."""

    channel = "sns"

    def __init__(self, *, session: AwsSession, topic: str) -> None:
        """`topic` is the topic's ARN, which names its region."""
        self._topic = topic
        self._calls = AwsCalls(session, "sns", topic.split(":")[3])

    def send(self, notice: Notice, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """One Publish."""
        attributes = {"id": notice.id, "kind": str(notice.kind)}
        answer = self._calls.write(
            "publish", deadline,
            TopicArn=self._topic,
            Subject=notice.subject,
            Message=notice.text,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )  # fmt: skip
        return told(answer)
