"""What SES does with a mail at the end of DATA: decide, rewrite, deliver.

Order of decisions: account paused, IAM permission, identity verified, MAIL FROM, quotas.  AWS's own order is
unknown; tests should break one thing at a time.  Texts are those that users quote.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import format_datetime, getaddresses

from rotator.sandbox.events import SUPPRESSED, Events
from rotator.sandbox.faults import Faults, declare
from rotator.sandbox.keys import Key
from rotator.sandbox.mailboxes import Mailboxes
from rotator.sandbox.moto_seam import MotoAws
from rotator.sandbox.policies import evaluate
from rotator.sandbox.record import Record
from rotator.sandbox.sesv2 import SesRegion
from rotator.sandbox.simulator import SIMULATOR_DOMAIN, answer_of, diagnostic_of

SMTP_451 = declare("smtp_451", "the end of DATA answers 451 Temporary service failure; nothing is sent")
SMTP_RESET_AFTER_DATA = declare("smtp_reset_after_data", "the mail is accepted, the connection is reset before the 250")

ACTION = "ses:SendRawEmail"
PAUSED = ("554 Message rejected: Sending paused for this account. For more information, please check the inbox "
          "of the email address associated with your AWS account.")  # fmt: skip
REPLACED = re.compile(rb"(?:message-id|date|return-path):", re.IGNORECASE)


class Reset(Exception):
    """The connection is reset instead of a reply."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail as it came over SMTP."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes


class Outbox:
    """Takes mails for one region.  Thread-safe as far as its parts are."""

    def __init__(
        self,
        ses: SesRegion,
        moto: MotoAws,
        mailboxes: Mailboxes,
        record: Record,
        faults: Faults,
        now: Callable[[], datetime],
        events: Events,
    ) -> None:
        self._ses, self._moto, self._mailboxes = ses, moto, mailboxes
        self._record, self._faults, self._now, self._events = record, faults, now, events

    def accept(self, envelope: Envelope, key: Key) -> str:
        """The reply to the end of DATA, after delivery.  Raises Dropped and Reset."""
        number = self._record.begin("smtp", "DATA", key.id)
        reply = "451 Temporary service failure" if self._faults.take(SMTP_451) else self._refusal(envelope, key)
        if reply is None:
            reply = f"250 Ok {self.deliver(envelope)}"
        self._record.end(number, reply.split()[0])
        if reply.startswith("250") and self._faults.take(SMTP_RESET_AFTER_DATA):
            raise Reset
        return reply

    @property
    def region(self) -> SesRegion:
        """Whose mails these are."""
        return self._ses

    @property
    def paused(self) -> bool:
        """Whether the account may not send at all."""
        return not self._ses.sending_enabled or self._ses.enforcement == "SHUTDOWN"

    def unverified(self, envelope: Envelope) -> str:
        """SES's words for the addresses that are not verified; empty if there are none."""
        ses, author = self._ses, author_of(envelope)
        checked = [author] if ses.production else [author, *envelope.recipients]
        failed = [address for address in checked if not self._verified(address)]
        if not failed:
            return ""
        return ("Email address is not verified. The following identities failed the check in "
                f"region {ses.region.upper()}: {', '.join(failed)}")  # fmt: skip

    def mail_from_is_broken(self, envelope: Envelope) -> bool:
        """Whether the identity's own MAIL FROM has no DNS and may not be replaced by SES's."""
        one = self._ses.identity_for(author_of(envelope))
        return bool(one and one.mail_from and one.reject_without_mx and one.mail_from_status != "SUCCESS")

    def over_quota(self, envelope: Envelope) -> bool:
        """Whether the day's quota has no room for the recipients."""
        return self._ses.sent + len(envelope.recipients) > self._ses.quota_per_day

    def _refusal(self, envelope: Envelope, key: Key) -> str | None:
        """The first reason to refuse the mail, or None."""
        if self.paused:
            return PAUSED
        if denied := self._denied(envelope, author_of(envelope), key):
            return denied
        if failed := self.unverified(envelope):
            return f"554 Message rejected: {failed}"
        if self.mail_from_is_broken(envelope):
            return "554 MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid."
        return "454 Throttling failure: Daily message quota exceeded." if self.over_quota(envelope) else None

    def _denied(self, envelope: Envelope, author: str, key: Key) -> str | None:
        user, identity = self._moto.user(key.user), self._ses.identity_for(author)
        arn = self._ses.arn(identity.name if identity else author)
        context = {
            "ses:fromaddress": [author],
            "ses:feedbackaddress": [envelope.sender],
            "ses:recipients": list(envelope.recipients),
        }
        policies = self._moto.user_policies(user.name) if user else []
        if evaluate(policies, ACTION, arn, context) == "allowed":
            return None
        who = user.arn if user else f"arn:aws:iam::{self._ses.account}:user/{key.user}"
        return f"554 Access denied: User `{who}' is not authorized to perform `{ACTION}' on resource `{arn}'"

    def _verified(self, address: str) -> bool:
        identity = self._ses.identity_for(address)
        return (identity is not None and identity.verified) or address.lower().endswith(f"@{SIMULATOR_DOMAIN}")

    def deliver(self, envelope: Envelope) -> str:
        """Deliver to everybody who is not suppressed: a suppressed recipient is accepted and gets nothing.

        Returns SES's id of the mail.
        """
        message_id = f"01000{int(self._now().timestamp() * 1000):011x}-{uuid.uuid4()}-000000"
        with self._ses.lock:
            suppressed = {one.lower() for one in envelope.recipients if self._ses.suppression.find(one) is not None}
            real = sum(not address.lower().endswith(f"@{SIMULATOR_DOMAIN}") for address in envelope.recipients)
            self._ses.sent += real
            self._ses.reputation.count(self._now().date(), real)
        identity = self._ses.identity_for(author_of(envelope))
        bounces_to = identity.mail_from if identity and identity.mail_from_status == "SUCCESS" else None
        self._events.sent(envelope.sender, envelope.recipients, envelope.raw, message_id)
        for recipient in envelope.recipients:
            told = (envelope.sender, recipient, envelope.raw, message_id)
            if recipient.lower() in suppressed:
                self._events.bounced(*told, "OnAccountSuppressionList", SUPPRESSED)
                continue
            raw = self._rewritten(envelope, recipient, message_id, bounces_to or self._own_domain("amazonses.com"))
            if recipient.lower().endswith(f"@{SIMULATOR_DOMAIN}"):
                self._simulate(envelope.sender, recipient, raw)
            else:
                self._mailboxes.deliver(recipient, raw)
            if diagnostic := diagnostic_of(recipient):
                self._events.bounced(*told, "General", f"smtp; {diagnostic}")
            else:
                self._events.delivered(*told)
        return message_id

    def _simulate(self, sender: str, recipient: str, raw: bytes) -> None:
        answer = answer_of(recipient, sender, raw, self._now())
        if answer is not None:
            self._mailboxes.deliver(sender, answer)

    def _rewritten(self, envelope: Envelope, recipient: str, message_id: str, bounces_to: str) -> bytes:
        """The mail as the recipient's server gets it: Message-ID and Date are SES's own, a Received line is added."""
        head, separator, body = envelope.raw.partition(b"\r\n\r\n")
        date = format_datetime(self._now().replace(microsecond=0))
        out, domain = f"a8-31.smtp-out.{self._own_domain('amazonses.com')}", recipient.rpartition("@")[2]
        added = (
            f"Return-Path: <{message_id}@{bounces_to}>\r\n"
            f"Received: from {out} ({out} [127.0.0.1])\r\n\tby mx.{domain} with ESMTPS id {message_id[:24]}\r\n"
            f"\tfor <{recipient}>; {date}\r\n"
            f"Date: {date}\r\nMessage-ID: <{message_id}@{self._own_domain('amazonses.com', 'email')}>\r\n"
        )
        return added.encode() + b"\r\n".join(_without_replaced(head.split(b"\r\n"))) + separator + body

    def _own_domain(self, parent: str, in_virginia: str = "") -> str:
        """amazonses.com's name for the region: us-east-1 has none, or `email` in Message-IDs."""
        label = in_virginia if self._ses.region == "us-east-1" else self._ses.region
        return f"{label}.{parent}" if label else parent


def author_of(envelope: Envelope) -> str:
    """The address in the From header; the envelope's sender if there is none."""
    head = envelope.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    values = [str(value) for value in message_from_bytes(head, policy=policy.default).get_all("From", [])]
    return next((address for _, address in getaddresses(values) if address), envelope.sender)


def _without_replaced(lines: Iterable[bytes]) -> Iterable[bytes]:
    dropping = False
    for line in lines:
        folded = line[:1] in (b" ", b"\t")
        dropping = dropping if folded else REPLACED.match(line) is not None
        if not dropping:
            yield line


def front_name(rng: random.Random) -> str:
    """A front end's name as its banner shows it, such as `d-VCSHDP1YZ`."""
    return "d-" + "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=9))
