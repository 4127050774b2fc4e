"""A notice about a mail that was not delivered, taken apart: its words, its report, the mail it is about, who vouches.

What a notice carries of the original mail is not its own word: a quoted, attached or forwarded older notice is never
read as this one's.  Nothing here raises, whatever the bytes are.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message
from email.utils import getaddresses
from functools import cached_property
from html.parser import HTMLParser
from itertools import islice

from rotator.core.mail.authentication_results import Results

ORIGINAL = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
ADDRESS_LIMIT = 254
# A notice is small and flat.  What is not is somebody's attempt: html.parser needs quadratic time for what never ends.
TEXT_PARTS, HTML_LIMIT, DEPTH = 4, 30_000, 20


class BounceMail:
    """One message.  Values are cached; two From headers, or two addresses in one, are no sender at all."""

    def __init__(self, raw: bytes) -> None:
        self.readable = True
        try:
            self.message = email.message_from_bytes(raw)
        except RecursionError:  # parts in parts in parts, a thousand deep
            self.readable, self.message = False, Message()

    @cached_property
    def is_mail(self) -> bool:
        """Whether there is a From header at all; else it is text that somebody copied."""
        return self.message.get("From") is not None

    @cached_property
    def sender(self) -> str:
        """The one address in From, lower case; "" if there is none or more than one."""
        senders = addresses(self.message, "From")
        return senders[0] if len(senders) == 1 else ""

    @cached_property
    def subject(self) -> str:
        """The Subject as it stands there."""
        return str(self.message.get("Subject", ""))

    @cached_property
    def text(self) -> str:
        """The notice's own words, plain and HTML parts one after the other, links as words."""
        return "\n\n".join(islice(_texts(self.message), TEXT_PARTS))

    @cached_property
    def reports(self) -> tuple[Message, ...]:
        """The header groups of message/delivery-status, which is often empty."""
        return tuple(_status_parts(self.message))

    def reported(self, name: str) -> str:
        """The first filled field of that name in the report; "" if there is none."""
        values = (" ".join(str(group.get(name, "")).split()) for group in self.reports)
        return next((value for value in values if value), "")

    @cached_property
    def is_report(self) -> bool:
        """Whether it is built as a report about a delivery (RFC 3464), filled or not."""
        return self.message.get_content_type() == "multipart/report" or bool(self.reports)

    @cached_property
    def is_delay(self) -> bool:
        """Whether the mail is still being tried: a notice about a delay is not final."""
        actions = [str(group.get("Action", "")).strip().lower() for group in self.reports]
        return ("delayed" in actions and "failed" not in actions) or "(Delay)" in self.subject

    @cached_property
    def status_reply(self) -> str:
        """`Diagnostic-Code: smtp; 535 ...`, if the report is filled."""
        return _status_reply(self.reports)

    @cached_property
    def original(self) -> Message | None:
        """The headers of the mail that the notice is about."""
        return _original(self.message)

    @cached_property
    def recipient(self) -> str:
        """Whom the mail was for: by the report, by X-Failed-Recipients, by the original; "" if none says."""
        named = self.reported("Final-Recipient").partition(";")[2] or str(self.message.get("X-Failed-Recipients", ""))
        own = [one for _, one in getaddresses([named]) if "@" in one]
        carried = addresses(self.original, "To") if self.original is not None else []
        return next(iter([*own, *carried]), "").strip().lower()[:ADDRESS_LIMIT]

    @cached_property
    def author(self) -> str:
        """The From of the mail that the notice is about, lower case; "" if it does not say."""
        found = addresses(self.original, "From") if self.original is not None else []
        return found[0][:ADDRESS_LIMIT] if len(found) == 1 else ""

    @cached_property
    def results(self) -> Results | None:
        """The topmost Authentication-Results; lower ones prove nothing.  None if there is none."""
        found = self.message.get_all("Authentication-Results", [])
        return Results.of(str(found[0])) if found else None


def addresses(message: Message, header: str) -> list[str]:
    """The addresses in all headers of that name, lower case."""
    try:
        found = getaddresses([str(value) for value in message.get_all(header, [])])
    except (MessageError, ValueError, IndexError):  # the standard library's parser, on made-up headers
        return []
    return [address.lower() for _, address in found if address]


def _parts(message: Message, depth: int = DEPTH) -> Iterator[Message]:
    """The notice's own parts; what it carries of the original is not its word."""
    yield message
    if depth == 0 or message.get_content_type() in (*ORIGINAL, "message/delivery-status"):
        return
    if message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part, depth - 1)


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
    except (LookupError, ValueError):  # a charset that nobody knows, or no name of one
        return content.decode("latin-1").replace("\r\n", "\n")


def _status_parts(message: Message) -> Iterator[Message]:
    for part in _parts(message):
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from (group for group in part.get_payload() if isinstance(group, Message))


def _status_reply(groups: tuple[Message, ...]) -> str:
    for group in groups:
        kind, _, reply = str(group.get("Diagnostic-Code", "")).partition(";")
        if kind.strip().lower() == "smtp" and reply.strip():
            return " ".join(reply.split())
    return ""


def _original(message: Message) -> Message | None:
    for part in _parts(message):
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            carried: object = next(iter(part.get_payload()), None)
        elif part.get_content_type() in ORIGINAL:
            carried = email.message_from_string(_decoded(part))
        else:
            continue
        if isinstance(carried, Message):
            return carried
    return None


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
    try:
        parser.feed(COMMENT.sub("", html[:HTML_LIMIT]))
        parser.close()
    except (AssertionError, ValueError):  # declarations that html.parser gives up on
        return "".join(parser.words)
    return "".join(parser.words)
