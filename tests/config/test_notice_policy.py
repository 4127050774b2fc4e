"""What `config policy` allows for notices: one sender, one recipient, one topic."""

from __future__ import annotations

import json
from typing import Any

from rotator.config.iam_policy import iam_policy
from tests.config.samples import FULL, TRUST, full, load

SENDER, RECIPIENT = "rotator@example.com", "ops@example.com"


def _statements(text: str) -> dict[str, Any]:
    return {one["Sid"]: one for one in iam_policy(load(text, TRUST))["Statement"]}


def test_a_mail_may_come_from_one_address_and_go_to_one() -> None:
    """Whichever identity covers the sender; no wildcard anywhere."""
    statement = _statements(full())["MailNotices"]
    assert statement["Action"] == "ses:SendEmail"
    names = [arn.partition(":identity/")[2] for arn in statement["Resource"]]
    assert names == [SENDER, "example.com"]
    assert statement["Condition"]["StringEquals"] == {"ses:FromAddress": SENDER}
    assert statement["Condition"]["ForAllValues:StringEquals"] == {"ses:Recipients": [RECIPIENT]}
    assert "*" not in json.dumps(statement)


def test_without_mail_from_the_sender_is_each_users_own() -> None:
    """A statement a sender: the first alias or canary_from of each user."""
    relay = FULL["users"][0]["consumers"][1] | {"path": "/srv/b", "replicas": []}
    second = {**FULL["users"][0], "name": "b", "consumers": [relay]}
    found = _statements(full(notify={"mail_to": RECIPIENT}, users=[FULL["users"][0], second]))
    assert found["MailNotices1"]["Condition"]["StringEquals"] == {"ses:FromAddress": "admin@example.com"}
    assert found["MailNotices2"]["Condition"]["StringEquals"] == {"ses:FromAddress": "news@example.com"}


def test_one_topic_may_be_published_to() -> None:
    """The one of the file."""
    topic = FULL["notify"]["sns_topic"]
    assert _statements(full())["PublishNotices"]["Resource"] == [topic]
    assert _statements(full(notify={})).keys().isdisjoint({"PublishNotices", "MailNotices"})
