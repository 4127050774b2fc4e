"""What SES's SMTP replies mean, as data: stage, code and words -> class, and what to do.

Sources: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html and published transcripts.  SES sends no
enhanced status codes, so stage, code and text decide together; the first rule that fits wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Meaning(StrEnum):
    """What a reply lets us conclude.  The values are ids: they stand in answers and in `rotator explain`."""

    ACCEPTED = "accepted"
    LOGIN = "login"  # 535: bad, inactive, deleted, foreign-region - or not yet known: ambiguous
    SETUP = "setup"  # the client skipped TLS or the login
    PERMISSION = "permission"  # IAM policy, boundary, SCP, sending authorization
    IDENTITY = "identity"  # the From (or, in the SES sandbox, the recipient) is not verified in this region
    ACCOUNT = "account"  # paused or not subscribed
    MAIL_FROM = "mail-from"  # DNS of the custom MAIL FROM domain
    ENVELOPE = "envelope"  # an address is malformed
    CONTENT = "content"  # the message itself
    QUOTA = "quota"  # sending rate or daily quota
    BUSY = "busy"  # says nothing about the key: try again
    RECONNECT = "reconnect"  # the session has ended, nothing is wrong
    UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """One line of the table.  Empty `stages` or `pattern` fit all."""

    code: int
    pattern: str
    meaning: Meaning
    hint: str
    stages: tuple[str, ...] = ()

    def fits(self, stage: str, code: int, text: str) -> bool:
        """Whether the rule speaks of this reply."""
        return (
            self.code == code
            and (not self.stages or stage in self.stages)
            and re.search(self.pattern, text, re.IGNORECASE) is not None
        )


AUTH, DATA = "auth", "data"
_PERMISSION = "allow ses:SendRawEmail for this identity in the SMTP user's policy (also its boundary and any SCP)"
_IDENTITY = "verify the identity named, in this very region; in the SES sandbox every recipient too"

REPLIES: tuple[ReplyRule, ...] = (
    ReplyRule(235, "", Meaning.ACCEPTED, "", (AUTH,)),
    ReplyRule(250, "", Meaning.ACCEPTED, "accepted also when the recipient is suppressed", (DATA,)),
    ReplyRule(421, "maximum message count", Meaning.RECONNECT, "open a new connection"),
    ReplyRule(421, "", Meaning.BUSY, "too many connections: try again in a while"),
    ReplyRule(451, "timeout waiting for data", Meaning.RECONNECT, "SES closes idle connections after about 10 s"),
    ReplyRule(451, "", Meaning.BUSY, "a failure on the SES side: try again"),
    ReplyRule(454, "throttling|quota", Meaning.QUOTA, "the account's sending rate or daily quota is used up"),
    ReplyRule(454, "authentication", Meaning.BUSY, "SES could not check the login: it says nothing about the key"),
    ReplyRule(454, "", Meaning.BUSY, "a failure on the SES side: try again"),
    ReplyRule(530, "starttls", Meaning.SETUP, "the client must use STARTTLS on this port"),
    ReplyRule(530, "", Meaning.SETUP, "the client must log in"),
    ReplyRule(535, "not subscribed", Meaning.ACCOUNT, "the AWS account is not subscribed to SES"),
    ReplyRule(535, "", Meaning.LOGIN, "wrong, inactive or deleted key, another region's password, or not yet known"),
    ReplyRule(534, "", Meaning.LOGIN, "the login was refused"),
    ReplyRule(501, "", Meaning.ENVELOPE, "an address is malformed"),
    ReplyRule(553, "", Meaning.ENVELOPE, "an address is malformed"),
    ReplyRule(552, "", Meaning.CONTENT, "the message is too long (40 MB)"),
    ReplyRule(554, "access denied: user|not authorized to perform", Meaning.PERMISSION, _PERMISSION),
    ReplyRule(554, "not verified.*identit|email address is not verified", Meaning.IDENTITY, _IDENTITY),
    ReplyRule(554, "mail from domain", Meaning.MAIL_FROM, "repair the MX and SPF records of the MAIL FROM domain"),
    ReplyRule(554, "paused", Meaning.ACCOUNT, "sending is paused for the account: see its inbox and the SES console"),
    ReplyRule(554, "not subscribed", Meaning.ACCOUNT, "the AWS account is not subscribed to SES"),
    ReplyRule(550, "", Meaning.CONTENT, "the message was refused, not the login"),
)


def classify(stage: str, code: int, text: str) -> tuple[Meaning, str]:
    """The class of a reply and a hint for a person ("" if there is none)."""
    rule = next((rule for rule in REPLIES if rule.fits(stage, code, text)), None)
    if rule is not None:
        return rule.meaning, rule.hint
    if 200 <= code < 400:  # to AUTH only 235 is a yes (RFC 4954 section 6): 334 asks for more
        return (Meaning.UNCLASSIFIED if stage == AUTH else Meaning.ACCEPTED), ""
    return (Meaning.BUSY, "try again") if 400 <= code < 500 else (Meaning.UNCLASSIFIED, "")
