"""Who refused a mail, read from Gmail's delivery status notification: the text -> a verdict.

Gmail wraps *any* refusal by a "Send mail as" server in the same words, in the account's language.  So the anchor is
a link (`?p=CustomFromDenied`) and the class comes from the server's quoted reply, never from prose.  Anybody can
mail a forged notice: `authentic` says whether Gmail itself vouches for it.  Variants: published bounces of Gmail's
users; none of them comes from an SES relay.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from enum import StrEnum
from html.parser import HTMLParser

from rotator.core.ses_replies import Meaning, classify

CANARY_HEADER = "X-Rotator-Canary"  # carries the token through SES, which replaces Message-ID and Date
DAEMON = "mailer-daemon@googlemail.com"
DAEMON_DOMAIN = "googlemail.com"
RECEIVER = "mx.google.com"  # the authserv-id of Gmail's own Authentication-Results
ANCHOR = re.compile(r"(?:[?&;]|%3f|%26)p(?:=|%3d)CustomFromDenied\b", re.IGNORECASE)
# A reply at the start of a line or after a colon; "535-5.7.8 ..." continues on the next line.
REPLY = re.compile(r"(?:^|[:\uff1a])[ \t]*(?P<reply>[45]\d\d[ -]\S[^\n]*(?:\n(?!\s*\n)[ \t]*\S[^\n]*)*)", re.MULTILINE)
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
    message = email.message_from_bytes(raw)
    if not _from_daemon(message) or _is_delay(message):
        return Bounce(Verdict.NONE)
    text = "\n\n".join(_texts(message))
    reply = _status_reply(message) or _quoted_reply(text)
    verdict = _verdict(reply) if ANCHOR.search(text) else Verdict.RECIPIENT
    return Bounce(verdict, reply[:REPLY_LIMIT], _authentic(message), _canary_of(message))


def _verdict(reply: str) -> Verdict:
    code = int(reply[:3]) if re.match(r"[45]\d\d\b", reply) else 0
    if OTHER_GOOGLE_ACCOUNT in reply:
        return Verdict.UNCLASSIFIED
    if code == 0 or (code == 530 and "starttls" in reply.lower()):
        return _by_words(reply)
    return BY_MEANING.get(classify("", code, reply)[0], Verdict.UNCLASSIFIED)


def _by_words(reply: str) -> Verdict:
    """Gmail's own words, where no server reply is quoted."""
    if TLS_WORDS.search(reply):
        return Verdict.TRANSPORT
    return Verdict.SETUP if AUTH_WORDS.search(reply) else Verdict.UNCLASSIFIED


def _from_daemon(message: Message) -> bool:
    """Whether it claims to be from Gmail's mailer daemon; two From headers are a forgery."""
    senders = getaddresses([str(value) for value in message.get_all("From", [])])
    return len(senders) == 1 and senders[0][1].lower() == DAEMON


def _is_delay(message: Message) -> bool:
    """A notice that Gmail still tries is not final."""
    actions = [str(part.get("Action", "")).strip().lower() for part in _status_parts(message)]
    return "delayed" in actions or "(Delay)" in str(message.get("Subject", ""))


def _parts(message: Message) -> Iterator[Message]:
    """The notice's own parts; what it carries of the original is not its word."""
    yield message
    if message.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/delivery-status"):
        return
    if message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part)


def _texts(message: Message) -> Iterator[str]:
    for part in _parts(message):
        if part.get_content_type() in ("text/plain", "text/html"):
            text = _decoded(part)
            yield _without_tags(text) if part.get_content_subtype() == "html" else text


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace").replace("\r\n", "\n")
    except LookupError:  # a charset that nobody knows
        return content.decode("latin-1").replace("\r\n", "\n")


def _status_parts(message: Message) -> Iterator[Message]:
    """The header groups of message/delivery-status, which is often empty."""
    for part in _parts(message):
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from (group for group in part.get_payload() if isinstance(group, Message))


def _status_reply(message: Message) -> str:
    """`Diagnostic-Code: smtp; 535 ...`, if the report is filled."""
    for group in _status_parts(message):
        kind, _, reply = str(group.get("Diagnostic-Code", "")).partition(";")
        if kind.strip().lower() == "smtp" and reply.strip():
            return " ".join(reply.split())
    return ""


def _quoted_reply(text: str) -> str:
    """The reply quoted in the text: after the anchor if there is one, else anywhere; or Gmail's own words."""
    anchor = ANCHOR.search(text)
    for piece in (text[anchor.end() :] if anchor else "", text):
        for pattern in (REPLY, GMAIL_WORDS):
            if match := pattern.search(piece):
                return " ".join((match["reply"] if pattern is REPLY else match[0]).split())
    return ""


def _authentic(message: Message) -> bool:
    """Whether Gmail, in the topmost Authentication-Results, vouches for its own daemon; lower ones prove nothing."""
    results = message.get_all("Authentication-Results", [])
    if not results:
        return False
    text = re.sub(r'\([^()]*\)|"[^"]*"', " ", str(results[0])).lower()
    server, *clauses = [" ".join(clause.split()) for clause in text.split(";")]
    signed = any(
        clause.startswith("dkim=pass") and re.search(rf"header\.(?:i=@|d=){re.escape(DAEMON_DOMAIN)}(?:\s|$)", clause)
        for clause in clauses
    )
    aligned = any(
        clause.startswith("dmarc=pass") and re.search(rf"header\.from={re.escape(DAEMON_DOMAIN)}(?:\s|$)", clause)
        for clause in clauses
    )
    return server.split()[:1] == [RECEIVER] and signed and aligned


def _canary_of(message: Message) -> str:
    """The canary's token, from the headers of the original that the notice carries."""
    for part in _parts(message):
        original: object = None
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            original = next(iter(part.get_payload()), None)
        elif part.get_content_type() == "text/rfc822-headers":
            original = email.message_from_string(_decoded(part))
        if isinstance(original, Message) and original.get(CANARY_HEADER):
            return str(original[CANARY_HEADER]).strip()
    return ""


class _Text(HTMLParser):
    """The words of an HTML part; links count as words, because the anchor is one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "br", "div", "tr", "td", "table"):
            self.words.append("\n\n" if tag == "p" else "\n")
        self.words += [f" {value} " for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _without_tags(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    parser.close()
    return "".join(parser.words)
