"""SNS as people hear of it: e-mail that must be confirmed, and alarms that ring.

Moto keeps topics, subscriptions and alarms.  What it lacks is here: an e-mail address gets nothing before a person
has clicked, and an alarm that changes to ALARM tells its topics.

Limitation: figures never move an alarm's state; only SetAlarmState does.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from rotator.sandbox.mailboxes import Mailboxes
from rotator.sandbox.moto_seam import MotoAws
from rotator.sandbox.wire import Call, Reply

SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
GOOD = 200


class Paging:
    """Everything that is told by way of SNS in one world."""

    def __init__(self, moto: MotoAws, mailboxes: Mailboxes) -> None:
        self._moto, self._mailboxes = moto, mailboxes
        self._states: dict[tuple[str, str], str] = {}

    def after(self, call: Call, reply: Reply) -> None:
        """What follows from a call that moto has answered."""
        if reply.status != GOOD:
            return
        if (call.service, call.action) == ("sns", "Subscribe") and call.get("Protocol") == "email":
            self._ask(call.get("TopicArn"), call.get("Endpoint"))
        elif (call.service, call.action) == ("sns", "Publish") and call.get("TopicArn"):
            self._mail_all(call.get("TopicArn"), call.get("Subject"), call.get("Message"))
        elif call.service == "monitoring":
            self._changes(call.region)

    def confirm(self, address: str) -> None:
        """A person clicks on "Confirm subscription"."""
        self._moto.set_confirmed(address, confirmed=True)

    def tell(self, topic: str, subject: str, message: str) -> None:
        """Publish as AWS: to the queues, and to the addresses that were confirmed."""
        self._moto.publish(topic, subject, message)
        self._mail_all(topic, subject, message)

    def _mail_all(self, topic: str, subject: str, message: str) -> None:
        for one in self._moto.subscribers(topic):
            if one.protocol == "email" and one.confirmed:
                self._mail(one.endpoint, subject, message)

    def _ask(self, topic: str, address: str) -> None:
        self._moto.set_confirmed(address, confirmed=False)
        self._mail(address, "AWS Notification - Subscription Confirmation", f"You have chosen to subscribe to {topic}")

    def _changes(self, region: str) -> None:
        """An alarm tells its topics when it changes to ALARM, not while it stays there."""
        for one in self._moto.alarms(region):
            before = self._states.get((region, one.name), "")
            self._states[region, one.name] = one.state
            if one.state == "ALARM" and before != "ALARM":
                text = f"{one.description}\n\nReason: {one.reason}\n"
                for action in one.actions:
                    self.tell(action, f'ALARM: "{one.name}" in {region}', text)

    def _mail(self, address: str, subject: str, text: str) -> None:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = SENDER, address, subject
        mail.set_content(text)
        self._mailboxes.deliver(address, mail.as_bytes())
