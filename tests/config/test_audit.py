"""The sections `audit` and `alarms`: what may stand there, and what the program may do at AWS for them."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.config.audit_policy import alarm_statements, audit_statements
from rotator.config.problems import InvalidConfiguration
from rotator.core.trust import queue_problem, queue_region
from tests.config.samples import NINE_LINES, TRUST, full, load

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/audit"
TOKEN = {"authorized_user": "/srv/token.json"}
GOOD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a mailbox that a consumer opens": {"mail_to": "a@b.org", "arrival": {"gmail": "JADA@example.com"}},
    "a mailbox with credentials of its own": {
        "mail_to": "a@b.org", "arrival": {"gmail": "x@example.com", "credentials": TOKEN}},
    "a queue": {"mail_to": "a@b.org", "arrival": {"sqs": QUEUE}, "timeout": "30m"},
    "a queue on a host that the environment trusts": {
        "mail_to": "a@b.org", "arrival": {"sqs": "http://127.0.0.1:9/123456789012/audit"}},
}  # fmt: skip
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "nowhere to look": ({"mail_to": "a@b.org"}, "audit", "mail_to and arrival"),
    "nothing to look for": ({"arrival": {"sqs": QUEUE}}, "audit", "mail_to and arrival"),
    "two places": (
        {"mail_to": "a@b.org", "arrival": {"sqs": QUEUE, "gmail": "x@y.org"}}, "audit.arrival", "exactly one"),
    "no place": ({"mail_to": "a@b.org", "arrival": {}}, "audit.arrival", "exactly one"),
    "credentials of a queue": (
        {"mail_to": "a@b.org", "arrival": {"sqs": QUEUE, "credentials": TOKEN}}, "audit.arrival", "need gmail"),
    "a mailbox that nobody opens": (
        {"mail_to": "a@b.org", "arrival": {"gmail": "x@y.org"}}, "audit.arrival.gmail", "credentials"),
    "a queue at somebody else's": (
        {"mail_to": "a@b.org", "arrival": {"sqs": "https://sqs.evil.com/123456789012/q"}},
        "audit.arrival.sqs", "not a queue of SQS"),
    "no queue": ({"mail_to": "a@b.org", "arrival": {"sqs": "audit"}}, "audit.arrival.sqs", "not the right form"),
    "an address that ends a header": ({"mail_to": "a@b.org\nBcc: x@y"}, "audit.mail_to", "control"),
    "no time at all": ({"timeout": "0s"}, "audit.timeout", "1"),
}  # fmt: skip


@pytest.mark.parametrize("audit", GOOD.values(), ids=GOOD.keys())
def test_what_may_stand_in_audit(audit: dict[str, Any]) -> None:
    """A mailbox or a queue."""
    assert load(full(audit=audit), TRUST).audit.mail_to == audit.get("mail_to")


@pytest.mark.parametrize(("audit", "path", "words"), BAD.values(), ids=BAD.keys())
def test_what_may_not(audit: dict[str, Any], path: str, words: str) -> None:
    """Each mistake is told where it stands."""
    with pytest.raises(InvalidConfiguration) as caught:
        load(full(audit=audit), TRUST)
    assert any(one.path == path and words in one.message for one in caught.value.problems), caught.value.problems


@pytest.mark.parametrize("alarms", [{"namespace": "AWS/SES"}, {"namespace": ""}, {"prefix": "a b"}, {"topic": "x"}])
def test_what_may_not_stand_in_alarms(alarms: dict[str, Any]) -> None:
    """AWS/ is for AWS, a name is a name, and no key is there that nothing uses."""
    with pytest.raises(InvalidConfiguration):
        load(full(alarms=alarms), TRUST)


QUEUES = {
    "https://sqs.us-east-1.amazonaws.com/123456789012/q": "us-east-1",
    "https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/q": "us-gov-west-1",
    "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q": "cn-north-1",
    "https://sqs.cn-north-1.amazonaws.com/123456789012/q": "",
    "https://sqs.us-east-1.amazonaws.com.evil.org/123456789012/q": "",
    "https://sqs.us-east-1.amazonaws.com@evil.org/123456789012/q": "",
    "http://sqs.us-east-1.amazonaws.com/123456789012/q": "us-east-1",
}


@pytest.mark.parametrize(("url", "region"), QUEUES.items())
def test_the_region_follows_from_the_queue_s_host(url: str, region: str) -> None:
    """Only SQS's own hosts have one; plain http is never allowed but to loopback."""
    assert queue_region(url) == region
    assert (queue_problem(url, frozenset()) is None) is (bool(region) and url.startswith("https://"))


def test_the_policy_of_the_audit() -> None:
    """Its own queue and the users below the path, and nothing without them."""
    configuration = load(full(audit={"mail_to": "a@b.org", "arrival": {"sqs": QUEUE}}), TRUST)
    assert list(audit_statements(configuration)) == [
        {"Sid": "ListUsersBelowThePath", "Effect": "Allow", "Action": ["iam:ListUsers"],
         "Resource": ["arn:aws:iam::012345678901:user/ses/"]},
        {"Sid": "ReadTheAuditsQueue", "Effect": "Allow", "Action": ["sqs:DeleteMessage", "sqs:ReceiveMessage"],
         "Resource": ["arn:aws:sqs:eu-west-1:123456789012:audit"]},
    ]  # fmt: skip
    assert list(audit_statements(load(NINE_LINES))) == []


def test_the_policy_of_the_alarms() -> None:
    """Figures only in the namespace, states only of our alarms; nothing without the section."""
    found = {one["Sid"]: one for one in alarm_statements(load(full(alarms={"prefix": "mail"}), TRUST))}
    assert found["PublishFigures"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Rotator"}}
    assert found["TryAnAlarm"]["Resource"] == ["arn:aws:cloudwatch:us-east-1:012345678901:alarm:mail-*"]
    assert found["SeeWhoIsTold"]["Resource"] == ["arn:aws:sns:us-east-1:012345678901:*"]
    assert not any("*" in action for one in found.values() for action in one["Action"])
    assert list(alarm_statements(load(NINE_LINES))) == []
