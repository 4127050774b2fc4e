"""Mail through SES's version 2 API: SendEmail with a simple message, decided as SES decides over SMTP.

Limitations: raw messages and templates, attachments, several recipients' lists and configuration sets are not
modelled and are refused.
"""

from __future__ import annotations

import json
import re
from email import policy
from email.message import EmailMessage
from typing import Any

from rotator.sandbox.callers import Caller
from rotator.sandbox.faults import Faults, declare
from rotator.sandbox.sending import Envelope, Outbox
from rotator.sandbox.wire import AwsError, Call, Closed, Reply, json_reply

SES_SEND_500 = declare("ses_send_500", "SES v2 SendEmail answers InternalServiceErrorException 500; nothing is sent")
SES_SEND_REPLY_LOST = declare("ses_send_reply_lost", "SES v2 SendEmail sends the mail, its reply never arrives")

KNOWN = {"FromEmailAddress", "Destination", "Content"}
HEADER_NAME = re.compile(r"[!-9;-@A-~]{1,126}")  # sesv2 model, MessageHeaderName
HEADER_VALUE = re.compile(r"[ -~]{1,995}")
HEADER_AT_MOST, HEADERS_AT_MOST = 996, 15  # characters of name and value, headers


class ApiMail:
    """Answers SendEmail for one world's region."""

    def __init__(self, outbox: Outbox, faults: Faults) -> None:
        self._outbox, self._faults = outbox, faults

    def send(self, call: Call, caller: Caller) -> Reply:
        """The answer, after delivery.  Raises AwsError and Closed."""
        envelope = _envelope(_body(call))
        self._authorize(call, caller, envelope)
        if self._faults.take(SES_SEND_500):
            raise AwsError(500, "InternalServiceErrorException", "An internal error occurred.")
        self._refuse(call, envelope)
        message_id = self._outbox.deliver(envelope)
        if self._faults.take(SES_SEND_REPLY_LOST):
            raise Closed("reply lost after the effect")
        return json_reply({"MessageId": message_id})

    def _authorize(self, call: Call, caller: Caller, envelope: Envelope) -> None:
        ses = self._outbox.region
        identity = ses.identity_for(envelope.sender)
        context = {
            "ses:fromaddress": [envelope.sender],
            "ses:recipients": list(envelope.recipients),
            "ses:apiversion": ["2"],
        }
        arn = ses.arn(identity.name if identity else envelope.sender).replace(f":{ses.region}:", f":{call.region}:")
        caller.require("ses:SendEmail", arn, context)

    def _refuse(self, call: Call, envelope: Envelope) -> None:
        outbox = self._outbox
        if call.region != outbox.region.region:  # a region that nobody set up has no identities
            words = f"The following identities failed the check in region {call.region.upper()}: {envelope.sender}"
            raise AwsError(400, "MessageRejected", f"Email address is not verified. {words}")
        if outbox.paused:
            raise AwsError(400, "SendingPausedException", "Sending is paused for your account.")
        if failed := outbox.unverified(envelope):
            raise AwsError(400, "MessageRejected", failed)
        if outbox.mail_from_is_broken(envelope):
            raise AwsError(400, "MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified.")
        if outbox.over_quota(envelope):
            raise AwsError(400, "LimitExceededException", "Daily message quota exceeded.")


def _body(call: Call) -> dict[str, Any]:
    try:
        body = json.loads(call.body or b"{}")
    except ValueError:
        raise AwsError(400, "BadRequestException", "The request is not JSON.") from None
    if unknown := set(body) - KNOWN:
        raise AwsError(400, "BadRequestException", f"the sandbox does not know {', '.join(sorted(unknown))}")
    return dict(body)


def _envelope(body: dict[str, Any]) -> Envelope:
    """The mail that the request describes.  Raises AwsError for one that SES would not take."""
    simple = body.get("Content", {}).get("Simple")
    recipients = body.get("Destination", {}).get("ToAddresses", [])
    sender = body.get("FromEmailAddress", "")
    if simple is None or not recipients or "@" not in sender:
        raise AwsError(400, "BadRequestException", "a sender, recipients and a simple message are needed")
    mail = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    mail["From"], mail["To"] = sender, ", ".join(recipients)
    subject = simple["Subject"]["Data"]
    if re.search(r"[\r\n]", subject):
        raise AwsError(400, "BadRequestException", "Subject: line ends are not allowed.")
    mail["Subject"] = subject
    headers = simple.get("Headers", [])
    if len(headers) > HEADERS_AT_MOST:
        raise AwsError(400, "BadRequestException", "too many headers")
    for header in headers:
        fits = len(header["Name"]) + len(header["Value"]) <= HEADER_AT_MOST
        if not (fits and HEADER_NAME.fullmatch(header["Name"]) and HEADER_VALUE.fullmatch(header["Value"])):
            raise AwsError(400, "BadRequestException", f"header {header['Name']!r} is not allowed")
        mail[header["Name"]] = header["Value"]
    mail.set_content(simple["Body"]["Text"]["Data"])
    return Envelope(sender, tuple(recipients), mail.as_bytes())
