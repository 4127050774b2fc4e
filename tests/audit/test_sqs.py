"""SES's events in a queue: what each says, and the audit that lives on them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rotator.core.errors import Exit
from rotator.core.mail.arrivals import Bounced, Delivered, Sighting
from rotator.sandbox.world import World
from rotator.services.sqs import read_event
from tests.alarms.deploying import client
from tests.audit.conftest import DOMAIN, NEWS, configure
from tests.cli.conftest import Run

MAIL = {
    "source": "bounces@queenofsandiego.com",
    "headers": [{"name": "X-ROTATOR-CANARY", "value": " abc "}],
    "commonHeaders": {"from": [f'"News" <{NEWS}>'], "subject": "rotator audit abc"},
}
WITHOUT_HEADERS = {key: value for key, value in MAIL.items() if key != "headers"}
REFUSED = {
    "bounceType": "Permanent",
    "bounceSubType": "General",
    "bouncedRecipients": [{"emailAddress": "x@y.z", "diagnosticCode": "smtp; 550\n5.1.1 no such user"}],
}
BOUNCED = Bounced("Permanent, General: smtp; 550 5.1.1 no such user")
DELIVERED = Delivered(NEWS, "delivered, says SES: 250 ok")

EVENTS: dict[str, tuple[dict[str, Any], tuple[str, Sighting | None]]] = {
    "delivered": ({"eventType": "Delivery", "mail": MAIL, "delivery": {"smtpResponse": "250 ok"}}, ("abc", DELIVERED)),
    "delivered, as a feedback notification without headers": (
        {"notificationType": "Delivery", "mail": WITHOUT_HEADERS, "delivery": {"smtpResponse": "250 ok"}},
        ("abc", DELIVERED)),
    "bounced": ({"eventType": "Bounce", "mail": MAIL, "bounce": REFUSED}, ("abc", BOUNCED)),
    "rejected": (
        {"eventType": "Reject", "mail": MAIL, "reject": {"reason": "Bad content"}},
        ("abc", Bounced("SES did not send it: Bad content"))),
    "sent: nothing is decided yet": ({"eventType": "Send", "mail": MAIL, "send": {}}, ("abc", None)),
    "about somebody else's mail": (
        {"eventType": "Delivery", "mail": {"source": "a@b.c", "commonHeaders": {"subject": "Hello"}}}, ("", None)),
    "no mail in it": ({"eventType": "Delivery"}, ("", None)),
    "SES's words to a new topic": ({"notificationType": "AmazonSnsSubscriptionSucceeded"}, ("", None)),
}  # fmt: skip


@pytest.mark.parametrize("wrapped", [True, False], ids=["in SNS's envelope", "raw"])
@pytest.mark.parametrize(("event", "read"), EVENTS.values(), ids=EVENTS.keys())
def test_what_an_event_says(event: dict[str, Any], read: tuple[str, Sighting | None], *, wrapped: bool) -> None:
    """The token from the mail's header or subject; the fate from Delivery, Bounce and Reject alone."""
    body = json.dumps({"Type": "Notification", "Message": json.dumps(event)} if wrapped else event)
    assert read_event(body) == read


@pytest.mark.parametrize("body", ["", "hello", "[]", "null", '{"Message": "hello"}', '{"Message": 7}', '{"mail": 7}'])
def test_whatever_lies_in_a_queue_breaks_nothing(body: str) -> None:
    """A queue takes anything."""
    assert read_event(body) == ("", None)


def event_of(kind: str, **parts: Any) -> str:
    """An event about an audit mail of ours, with parts as whoever may send to the queue wrote them."""
    return json.dumps({"eventType": kind, "mail": {"commonHeaders": {"subject": "rotator audit t"}}, **parts})


HOSTILE = {
    "headers that are no headers": event_of("Send", mail={"headers": ["x"], "commonHeaders": {"from": 5}}),
    "headers that are a number": event_of("Send", mail={"headers": 5}),
    "a delivery that is a text": event_of("Delivery", delivery="x"),
    "authors that are a number": event_of(
        "Delivery", mail={"commonHeaders": {"subject": "rotator audit t", "from": 5}}
    ),
    "recipients that are a number": event_of("Bounce", bounce={"bouncedRecipients": 5}),
    "recipients that are texts": event_of("Bounce", bounce={"bouncedRecipients": ["x"]}),
    "a reason that is a list": event_of("Reject", reject=["x"]),
    "nested too deep": "[" * 100_000,
    "nested too deep in an envelope": json.dumps({"Message": "[" * 100_000}),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_event_with_other_parts_than_ses_writes_does_not_end_the_audit(body: str) -> None:
    """The token is read or not; nothing is raised."""
    token, sighting = read_event(body)
    assert token in {"", "t"}
    assert sighting is None or token


@pytest.fixture
def queue(world: World) -> tuple[Any, str]:
    """A topic that SES publishes to and a queue subscribed to it; the audit looks there."""
    sns, sqs = client(world, "sns"), client(world, "sqs")
    topic = sns.create_topic(Name="ses-events")["TopicArn"]
    url = sqs.create_queue(QueueName="rotator-audit")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    world.events.topic = topic
    configure(world, f"    gmail: ops@{DOMAIN}\n", f"    sqs: {url}\n")
    return sqs, url


def test_ses_s_own_word_proves_that_the_mail_was_taken(world: World, run: Run, queue: tuple[Any, str]) -> None:
    """Arrived and From unchanged; what the receiver made of it is not known, and said so."""
    done = run("audit", "--json")
    assert done.code == 0, done.err
    assert {(one["consumer"], one["outcome"]) for one in done.document["consumers"]} == {
        ("news-alias", "arrived"), ("relay", "arrived"),
    }  # fmt: skip
    unseen = {one["id"] for one in done.document["findings"] if one["status"] == "not known"}
    assert unseen == {"mail.arrival", "mail.spf", "mail.dkim", "mail.dmarc"}


def test_a_suppressed_recipient_is_a_bounce_at_once(world: World, run: Run, queue: tuple[Any, str]) -> None:
    """By mail it would be missing; SES's event says why."""
    world.ses.suppress(f"bounce-test@{DOMAIN}", "BOUNCE", world.clock.now())
    done = run("audit", "--consumer", "relay", "--json")
    assert (done.code, done.document["consumers"][0]["outcome"]) == (Exit.FAILED, "bounced")
    assert "OnAccountSuppressionList" in done.document["findings"][0]["summary"]


def test_events_of_other_mails_stay_in_the_queue(world: World, run: Run, queue: tuple[Any, str]) -> None:
    """Somebody may live on them: only our own are taken out."""
    sqs, url = queue
    subjects = [{"commonHeaders": {"subject": f"n{n}"}} for n in range(25)]
    strangers = [json.dumps({"eventType": "Delivery", "mail": one}) for one in subjects]
    for body in strangers:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert run("audit").code == 0
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert sum(int(one) for one in left.values()) == len(strangers)


def test_without_the_right_to_look_nothing_is_sent(
    world: World, run: Run, queue: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is asked first: a mail that nobody looks for proves nothing."""
    key = world.add_caller(
        "narrow",
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"}]},
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    assert run("audit").code == Exit.ACCESS
    assert world.mailboxes.count() == 0
