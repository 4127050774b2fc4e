"""SES's SendEmail and SNS's Publish refuse what the real ones refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World
from tests.sandbox.clients import aws

MAIL: dict[str, Any] = {
    "FromEmailAddress": "news@queenofsandiego.com",
    "Destination": {"ToAddresses": ["jada@example.com"]},
    "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
}


def simple(**changes: Any) -> dict[str, Any]:
    """The mail with another part of its simple content."""
    return {**MAIL, "Content": {"Simple": {**MAIL["Content"]["Simple"], **changes}}}


@pytest.fixture
def account(tmp_path: Path) -> Any:
    """A calm world without Gmail."""
    with World.start(tmp_path / "world", calm=True, scenario=Scenario(gmail=False)) as world:
        yield world


MAILS: dict[str, tuple[dict[str, Any], str]] = {
    "a header name with a colon": (simple(Headers=[{"Name": "X:Y", "Value": "v"}]), "BadRequestException"),
    "a header value with a line end": (simple(Headers=[{"Name": "X", "Value": "a\nBcc: x"}]), "BadRequestException"),
    "sixteen headers": (simple(Headers=[{"Name": f"X{n}", "Value": "v"} for n in range(16)]), "BadRequestException"),
    "a subject with a line end": (simple(Subject={"Data": "a\nb"}), "BadRequestException"),
    "nobody to send to": ({**MAIL, "Destination": {}}, "BadRequestException"),
    "a sender of no identity": ({**MAIL, "FromEmailAddress": "a@elsewhere.com"}, "MessageRejected"),
    "what the sandbox does not model": ({**MAIL, "ConfigurationSetName": "x"}, "BadRequestException"),
}


@pytest.mark.parametrize(("mail", "code"), MAILS.values(), ids=MAILS.keys())
def test_a_mail_that_ses_would_not_take(account: World, mail: dict[str, Any], code: str) -> None:
    """Refused in words, and nothing arrives."""
    with pytest.raises(ClientError) as failed:
        aws(account, "sesv2").send_email(**mail)
    assert failed.value.response["Error"]["Code"] == code
    assert account.mailboxes.count() == 0


def test_a_mail_over_the_quota_is_refused(account: World) -> None:
    """As over SMTP, and what was sent counts."""
    account.ses.quota_per_day = 1
    aws(account, "sesv2").send_email(**MAIL)
    with pytest.raises(ClientError, match="LimitExceededException"):
        aws(account, "sesv2").send_email(**MAIL)
    assert len(account.mailboxes.messages("jada@example.com")) == 1


def test_a_suppressed_recipient_is_accepted_and_gets_nothing(account: World) -> None:
    """SES says yes."""
    account.ses.suppress("jada@example.com", "BOUNCE", account.clock.now())
    assert aws(account, "sesv2").send_email(**MAIL)["MessageId"]
    assert account.mailboxes.count() == 0


SUBJECTS = {
    "a hundred characters": "x" * 100, "a line end": "a\nb", "not ASCII": "é", "a blank first": " a", "empty": "",
}  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS.keys())
def test_a_subject_that_sns_would_not_take(account: World, subject: str) -> None:
    """Which moto takes."""
    topic = account.moto.create_topic("us-east-1", "keys")
    with pytest.raises(ClientError, match="InvalidParameter"):
        aws(account, "sns").publish(TopicArn=topic, Message="m", Subject=subject)
    assert account.moto.published("us-east-1", topic) == []


def test_a_topic_is_a_resource_of_the_policy(account: World) -> None:
    """Who may publish to one may not publish to another."""
    mine, other = (account.moto.create_topic("us-east-1", name) for name in ("mine", "other"))
    allow = {"Effect": "Allow", "Action": "sns:Publish", "Resource": mine}
    key = account.add_caller("publisher", {"Version": "2012-10-17", "Statement": [allow]})
    client = aws(account, "sns", key)
    assert client.publish(TopicArn=mine, Message="m", Subject="s")["MessageId"]
    with pytest.raises(ClientError, match="AuthorizationError"):
        client.publish(TopicArn=other, Message="m")
