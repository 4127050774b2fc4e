"""messages.send, and what follows it: the relay, tries again, the delivery status notification."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Protocol

from rotator.sandbox.faults import Faults
from rotator.sandbox.gmail import dsn, mime, relay
from rotator.sandbox.gmail import faults as fault
from rotator.sandbox.gmail.errors import invalid_argument, not_found
from rotator.sandbox.gmail.incoming import receive, thread_of
from rotator.sandbox.gmail.store import Alias, Message, Store, User

RETRY_S = 900.0
GIVE_UP_AFTER = timedelta(days=3)
RECEIVED = "from 123456789012 named unknown by gmailapi.google.com with HTTPREST"
TOO_MANY = "535 5.7.0 Too many authentication failures"
NO_RAW = "'raw' RFC822 payload message string or uploading message via /upload/* URL required"


class Mailboxes(Protocol):
    """The rest of the world's mailboxes."""

    def deliver(self, rcpt: str, raw: bytes) -> object:
        """Hand over one mail."""

    def register(self, address: str, callback: Callable[[bytes], None]) -> object:
        """Have every mail for `address` given to `callback`."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail on its way: who wrote it, as which alias, to whom."""

    user: User
    alias: Alias
    recipients: list[str]
    message: Message


class Sending:
    """The way out.  `variant` chooses the form of the notification, which comes `dsn_delay_s` after the refusal."""

    def __init__(self, store: Store, faults: Faults, mailboxes: Mailboxes, ca_file: Path, dsn_delay_s: float) -> None:
        self._store, self._faults, self._mailboxes = store, faults, mailboxes
        self._ca_file, self._dsn_delay_s = ca_file, dsn_delay_s
        self.variant: dsn.Variant = "empty"

    def send(self, user: User, body: dict[str, Any]) -> dict[str, Any]:
        """Accept a mail and send it; how the relay takes it is never in the answer.  Raises ApiError 400, 404."""
        mail = mime.parse(_decode(body.get("raw")))
        recipients = mail.addresses("To", "Cc", "Bcc")
        if not recipients:
            raise invalid_argument("Recipient address required")
        thread = self._thread(user, body.get("threadId"), mail)
        alias = self._prepare(user, mail)
        message = self._store.keep(user, mail.render(), ["SENT"], thread)
        self._transmit(Outgoing(user, alias, recipients, message))
        return {"id": message.id, "threadId": message.thread_id, "labelIds": list(message.labels)}

    def ask_owner(self, user: User, alias: Alias) -> None:
        """Mail the owner of a new address the confirmation that no API can give."""
        text = (
            f"From: Gmail Team <gmail-noreply@google.com>\r\nTo: {alias.address}\r\n"
            f"Subject: Gmail Confirmation - Send Mail as {alias.address}\r\n"
            f"Date: {self._date()}\r\nMessage-ID: <{secrets.token_hex(12)}@mail.gmail.com>\r\n\r\n"
            f"You have requested to add {alias.address} to your Gmail account {user.address}.\r\n"
        )
        self._mailboxes.deliver(alias.address, text.encode())

    def _thread(self, user: User, asked: str | None, mail: mime.Mail) -> str | None:
        if not asked:
            return thread_of(user, mail)
        if all(message.thread_id != asked for message in user.messages):
            raise not_found()
        return asked

    def _prepare(self, user: User, mail: mime.Mail) -> Alias:
        asked = next(iter(mail.addresses("From")), "")
        alias = user.aliases.get(asked.lower())
        if alias is None or alias.status == "pending":
            # The real Gmail says nothing: the mail leaves as the default address, and the answer is 200.
            original, alias = mail.value("From"), user.default()
            mail.remove("From")
            mail.add("From", alias.address)
            if original:
                mail.add("X-Google-Original-From", original)
        gmail_id = f"<CA{secrets.token_urlsafe(24)}@mail.gmail.com>"
        for name in ("Bcc", "Message-ID"):
            mail.remove(name)
        mail.add("Message-ID", gmail_id)
        if alias.msa is not None:
            mail.add("X-Gmail-Original-Message-ID", gmail_id)
        if not mail.value("Date"):
            mail.add("Date", self._date())
        mail.put_first("Received", f"{RECEIVED}; {self._date()}")
        return alias

    def _transmit(self, mail: Outgoing) -> None:
        alias = mail.user.aliases.get(mail.alias.address.lower(), mail.alias)
        msa = alias.relay(self._store.clock.now())
        if msa is None:
            self._deliver_directly(mail)
            return
        try:
            self._refuse_once()
            relay.send(msa, self._ca_file, alias.address, mail.recipients, mail.message.raw)
        except relay.RelayFailed as failure:
            self._failed(mail, failure, msa.host)

    def _refuse_once(self) -> None:
        if self._faults.take(fault.RELAY_535_ONCE):
            raise relay.RelayFailed("reply", TOO_MANY, 535)

    def _failed(self, mail: Outgoing, failure: relay.RelayFailed, host: str) -> None:
        given_up = self._store.clock.now() - mail.message.at >= GIVE_UP_AFTER
        if failure.temporary and not given_up:
            self._store.later(RETRY_S, lambda: self._transmit(mail))
        else:
            self._store.later(self._dsn_delay_s, lambda: self._bounce(mail, failure.text, host))

    def _bounce(self, mail: Outgoing, reply: str, host: str) -> None:
        now = self._store.clock.now()
        bounced = dsn.Bounced(mail.user.address, mail.recipients, reply, host, mail.message.raw, now)
        raw = dsn.build(bounced, self.variant, secrets.token_hex(10))
        self._store.keep(mail.user, raw, ["INBOX", "UNREAD"], mail.message.thread_id)

    def _deliver_directly(self, mail: Outgoing) -> None:
        for address in mail.recipients:
            ours = self._store.user(address)
            if ours is not None:
                receive(self._store, ours, mail.message.raw, from_google=True)
            else:
                self._mailboxes.deliver(address, mail.message.raw)

    def _date(self) -> str:
        return format_datetime(self._store.clock.now().replace(microsecond=0))


def asked_from(body: bytes) -> str:
    """The From address in the body of a send request, for the record; empty if it cannot be read."""
    try:
        return next(iter(mime.parse(base64.urlsafe_b64decode(json.loads(body)["raw"])).addresses("From")), "")
    except (ValueError, KeyError, TypeError):
        return ""


def _decode(raw: str | None) -> bytes:
    if not raw:
        raise invalid_argument(NO_RAW)
    bad = invalid_argument("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed")
    if "+" in raw or "/" in raw:  # Google's converter takes these too; its document asks for the URL-safe letters
        raise bad
    try:
        return base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise bad from None
