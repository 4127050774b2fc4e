"""Who refused a mail, read from Gmail's delivery status notification: the text -> a verdict.

Gmail wraps *any* refusal by a "Send mail as" server in the same words, in the account's language.  So the anchor is
a link (`?p=CustomFromDenied`) and the class comes from the server's quoted reply, never from prose.  Anybody can
mail a forged notice: `authentic` says whether Gmail itself vouches for it.  Variants: published bounces of Gmail's
users; none of them comes from an SES relay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from rotator.core.mail.bounce_mail import BounceMail
from rotator.core.mail.ses_replies import Meaning, classify

CANARY_HEADER = "X-Rotator-Canary"  # carries the token through SES, which replaces Message-ID and Date
DAEMON = "mailer-daemon@googlemail.com"
DAEMON_DOMAIN = "googlemail.com"
RECEIVER = "mx.google.com"  # the authserv-id of Gmail's own Authentication-Results
ANCHOR = re.compile(r"(?:[?&;]|%3f|%26)p(?:=|%3d)CustomFromDenied\b", re.IGNORECASE)
# A reply at the start of a line or after a colon; "535-5.7.8 ..." continues on the next line.
REPLY = re.compile(r"(?:^|[:\uff1a])[ \t]*(?P<reply>[45]\d\d[ -]\S[^\n]*(?:\n(?!\s*\n)[ \t]*\S[^\n]*)*)", re.MULTILINE)
REPLY_LINE = re.compile(r"(?:^|[:\uff1a])[ \t]*[45]\d\d[ -][^\n]*", re.MULTILINE)
OTHER_GOOGLE_ACCOUNT = "5.7.14"  # Google's own code: another Google account wants a web login
TLS_WORDS = re.compile(r"\b(?:TLS|SSL|STARTTLS)\b|certificate", re.IGNORECASE)
AUTH_WORDS = re.compile(r"\bAUTH\b|authenticat", re.IGNORECASE)
GMAIL_WORDS = re.compile(r"Unspecified Error \([A-Z0-9_]+\):[^\n]*|TLS Negotiation failed[^\n]*", re.IGNORECASE)
REPLY_LIMIT = 300


class Verdict(StrEnum):
    """Which layer refused."""

    LOGIN = "login"  # 535, 534, 530: the credential in Gmail is not accepted
    SETUP = "setup"  # the server offers no login; "wrong password" would be a guess
    IDENTITY = "identity"  # SES does not know the From (or its MAIL FROM domain) in this region
    PERMISSION = "permission"  # the IAM policy of the SMTP user
    ACCOUNT = "account"  # SES account paused or not subscribed
    TRANSPORT = "transport"  # TLS, certificate, port
    CONTENT = "content"  # the message itself, not the login
    BUSY = "busy"  # 4xx: nothing was learnt
    RECIPIENT = "recipient"  # an ordinary bounce: the other side refused
    UNCLASSIFIED = "unclassified"  # show it, conclude nothing
    NONE = "none"  # not a final delivery status notification at all


BY_MEANING = {
    Meaning.LOGIN: Verdict.LOGIN,
    Meaning.SETUP: Verdict.LOGIN,
    Meaning.IDENTITY: Verdict.IDENTITY,
    Meaning.MAIL_FROM: Verdict.IDENTITY,
    Meaning.PERMISSION: Verdict.PERMISSION,
    Meaning.ACCOUNT: Verdict.ACCOUNT,
    Meaning.CONTENT: Verdict.CONTENT,
    Meaning.ENVELOPE: Verdict.CONTENT,
    Meaning.QUOTA: Verdict.BUSY,
    Meaning.BUSY: Verdict.BUSY,
    Meaning.RECONNECT: Verdict.BUSY,
}


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a message says about a refused mail.  `reply` is quoted from the server; `canary` the token, if any."""

    verdict: Verdict
    reply: str = ""
    authentic: bool = False
    canary: str = ""


def read_bounce(raw: bytes) -> Bounce:
    """The verdict on one message, given whole (`messages.get format=raw`, decoded).  Never raises."""
    mail = BounceMail(raw)
    if mail.sender != DAEMON or mail.is_delay:
        return Bounce(Verdict.NONE)
    reply = mail.status_reply or quoted_reply(mail.text)
    verdict = verdict_on(reply) if is_wrapper(mail.text) else Verdict.RECIPIENT
    return Bounce(verdict, reply[:REPLY_LIMIT], vouched(mail), _canary_of(mail))


def is_wrapper(text: str) -> bool:
    """Whether these are Gmail's words about a "Send mail as" server: the link, where Gmail puts it.

    A recipient's server can answer anything, the link too; so a line that quotes a reply does not count.
    """
    return ANCHOR.search(REPLY_LINE.sub("", text)) is not None


def verdict_on(reply: str) -> Verdict:
    """What the reply of a "Send mail as" server, or Gmail's words in place of one, comes to."""
    code = code_of(reply)
    if OTHER_GOOGLE_ACCOUNT in reply:
        return Verdict.UNCLASSIFIED
    if code == 0 or (code == 530 and "starttls" in reply.lower()):
        return _by_words(reply)
    return BY_MEANING.get(classify("", code, reply)[0], Verdict.UNCLASSIFIED)


def code_of(reply: str) -> int:
    """The three digits that a refusal begins with; 0 if it does not."""
    return int(reply[:3]) if re.match(r"[45][0-9]{2}\b", reply) else 0


def quoted_reply(text: str) -> str:
    """The reply quoted in the text: after the anchor if there is one, else anywhere; or Gmail's own words."""
    anchor = ANCHOR.search(text)
    for piece in (text[anchor.end() :] if anchor else "", text):
        for pattern in (REPLY, GMAIL_WORDS):
            if match := pattern.search(piece):
                return " ".join((match["reply"] if pattern is REPLY else match[0]).split())
    return ""


def vouched(mail: BounceMail, server: str = RECEIVER) -> bool:
    """Whether that server, in the topmost Authentication-Results, vouches for Gmail's daemon by DKIM and DMARC."""
    found = mail.results
    if found is None or found.server != server:
        return False
    return found.signed(DAEMON_DOMAIN) and found.aligned(DAEMON_DOMAIN)


def _by_words(reply: str) -> Verdict:
    """Gmail's own words, where no server reply is quoted."""
    if TLS_WORDS.search(reply):
        return Verdict.TRANSPORT
    return Verdict.SETUP if AUTH_WORDS.search(reply) else Verdict.UNCLASSIFIED


def _canary_of(mail: BounceMail) -> str:
    """The canary's token, from the headers of the original that the notice carries."""
    return str(mail.original.get(CANARY_HEADER, "")).strip() if mail.original is not None else ""
