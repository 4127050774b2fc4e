"""Notices in the shapes that mail systems give them, for the tests of `rotator explain`.

All are synthetic.  Gmail's follow published ones of its users (tests/core/test_bounce.py), SES's the feedback mails
and notifications that its users quote, Exchange's the texts of Microsoft's page on non-delivery reports.
"""

from __future__ import annotations

import json

from tests.core.test_bounce import ANCHOR, BAD_LOGIN, DUTCH, FILLED, VOUCHED, notice, prose

SES_VOUCHED = (
    "Authentication-Results: mx.google.com; dkim=pass header.i=@amazonses.com header.s=abc; spf=pass "
    "smtp.helo=a8-23.smtp-out.amazonses.com; dmarc=pass header.from=amazonses.com\r\n"
)
RECIPIENT, ALIAS = "ann@contoso.example", "admin@example.com"
# A user's quote of SES's diagnosticCode; the sentence before the link.
SUPPRESSED = (
    "Amazon SES did not send the message to this address because it is on the suppression list for your account. For "
    "more information about removing addresses from the suppression list, see the Amazon SES Developer Guide at "
    "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/sending-email-suppression-list.html"
)
SUPPRESSED_BY_TENANT = (
    "Amazon SES did not send the message to this address because it is on the suppression list for your tenant."
)
SUPPRESSED_BY_ALL = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid "
    "address. For more information about how to remove an address from the suppression list, see the Amazon SES "
    "Developer Guide"
)
NOT_VERIFIED = (
    "554 Message rejected: Email address is not verified. The following identities failed the check in region "
    "US-EAST-1: admin@example.com"
)
DENIED = (
    "554 Access denied: User `arn:aws:iam::123456789012:user/jada-ses-smtp' is not authorized to perform "
    "`ses:SendRawEmail' on resource `arn:aws:ses:us-east-1:123456789012:identity/example.com'"
)
PAUSED = (
    "554 Message rejected: Sending paused for this account. For more information, please check the inbox of the "
    "email address associated with your AWS account."
)
MAIL_FROM = "554 MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid."
ENDPOINT = "email-smtp.us-east-1.amazonaws.com"


def report(
    diagnosis: str,
    *,
    sender: str = "MAILER-DAEMON@amazonses.com",
    results: str = SES_VOUCHED,
    text: str = f"An error occurred while trying to deliver the mail to the following recipients:\r\n{RECIPIENT}",
    reporting: str = "a8-23.smtp-out.amazonses.com",
    remote: str = "",
    status: str = "5.1.1",
    action: str = "failed",
    subject: str = "Delivery Status Notification (Failure)",
) -> bytes:
    """A report about one recipient (RFC 3464), by default as SES mails it to the sender."""
    remote_line = f"Remote-MTA: dns; {remote}\r\n" if remote else ""
    return (
        f"Return-Path: <>\r\n{results}From: {sender}\r\nTo: {ALIAS}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{text}\r\n\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {reporting}\r\n\r\n"
        f"Action: {action}\r\nFinal-Recipient: rfc822; {RECIPIENT}\r\n{remote_line}Diagnostic-Code: {diagnosis}\r\n"
        f"Status: {status}\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: Admin <{ALIAS}>\r\nTo: {RECIPIENT}\r\nSubject: hello\r\n\r\n"
        "--b--\r\n"
    ).encode()


def exchange(reply: str, status: str) -> bytes:
    """A report of Exchange Online about a mail that it had taken first."""
    return report(
        f"smtp;{reply}",
        sender='"Microsoft Outlook" <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@recipient.onmicrosoft.example>',
        results="",
        text="Your message couldn't be delivered.",
        reporting="AM0PR01MB0000.eurprd01.prod.outlook.com",
        status=status,
        subject="Undeliverable: hello",
    )


def postfix(reply: str, remote: str) -> bytes:
    """A report of a Postfix of ours about what the server said that it handed the mail to."""
    return report(
        f"smtp; {reply}",
        sender="MAILER-DAEMON@mx1.example.com",
        results="",
        text=f"<{RECIPIENT}>: host {remote}[192.0.2.7] said:\r\n    {reply} (in reply to end of DATA command)",
        reporting="mx1.example.com",
        remote=remote,
        status="5.0.0",
        subject="Undelivered Mail Returned to Sender",
    )


def event(sub_type: str, diagnosis: str, *, wrapped: bool = False) -> bytes:
    """SES's notification of a bounce, bare or as SNS hands it on."""
    row = {"emailAddress": RECIPIENT, "action": "failed", "status": "5.1.1", "diagnosticCode": diagnosis}
    bounce = {"bounceType": "Permanent", "bounceSubType": sub_type, "bouncedRecipients": [row]}
    inner = json.dumps({"notificationType": "Bounce", "bounce": bounce, "mail": {"source": ALIAS}})
    return (json.dumps({"Type": "Notification", "Message": inner}) if wrapped else inner).encode()


def ordinary(text: str, *, results: str = VOUCHED, status: str = "") -> bytes:
    """A notice of Gmail about a recipient's server: no word of the alias."""
    return notice(text, results=results, status=status)


__all__ = ["ANCHOR", "BAD_LOGIN", "DUTCH", "FILLED", "VOUCHED", "notice", "prose"]
