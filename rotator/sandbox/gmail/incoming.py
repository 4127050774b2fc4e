"""Mail that arrives: it gets Google's trace headers, a thread, and a place in INBOX.

Simplification: a DKIM signature of somebody else's domain is believed without a check; one of Google's own domains
in mail from outside is not.  The local SES adds no signature, so its mail counts as signed by the author's domain.
"""

from __future__ import annotations

import re
from email.utils import format_datetime

from rotator.sandbox.gmail import mime
from rotator.sandbox.gmail.store import Message, Store, User

GOOGLES = frozenset({"google.com", "gmail.com", "googlemail.com", "mx.google.com"})
SES = "amazonses.com"
SIGNING_DOMAIN = re.compile(r"(?:^|[;\s])d=([^;\s]+)")
ARRIVED = ["INBOX", "UNREAD"]


def receive(store: Store, user: User, raw: bytes, *, from_google: bool = False) -> Message:
    """Store an arriving mail.  One that we sent ourselves and that kept its Message-ID is not stored twice."""
    mail = mime.parse(raw)
    with store.lock:
        sent = _same(user, mail.value("Message-ID"))
        if sent is not None:
            sent.labels = [*sent.labels, *(label for label in ARRIVED if label not in sent.labels)]
            return sent
        mail.remove("Authentication-Results")  # only our own may be believed
        mail.put_first("Authentication-Results", _results(mail, from_google))
        when = format_datetime(store.clock.now().replace(microsecond=0))
        mail.put_first("Received", f"by 2002:a05:6402:sandbox with SMTP id x1; {when}")
        mail.put_first("Delivered-To", user.address)
        return store.keep(user, mail.render(), list(ARRIVED), thread_of(user, mail))


def thread_of(user: User, mail: mime.Mail) -> str | None:
    """The thread of a message that `mail` answers, if we have one."""
    named = set(re.findall(r"<[^<>\s]+>", f"{mail.value('In-Reply-To')} {mail.value('References')}"))
    for message in reversed(user.messages):
        if mime.parse(message.raw).value("Message-ID") in named:
            return message.thread_id
    return None


def _same(user: User, message_id: str) -> Message | None:
    sent = (message for message in user.messages if message_id and "SENT" in message.labels)
    return next((message for message in sent if mime.parse(message.raw).value("Message-ID") == message_id), None)


def _results(mail: mime.Mail, from_google: bool) -> str:
    author = next(iter(mail.addresses("From")), "").lower().rpartition("@")[2]
    signed = [author, SES] if mail.value("Message-ID").endswith(f".{SES}>") else []
    signed += [found.lower() for value in mail.values("DKIM-Signature") for found in SIGNING_DOMAIN.findall(value)]
    passed = [author] if from_google else [domain for domain in signed if domain not in GOOGLES]
    dkim = "; ".join(f"dkim=pass header.i=@{domain}" for domain in passed) or ("dkim=fail" if signed else "dkim=none")
    bounce_to = next(iter(mail.addresses("Return-Path")), "")
    spf = f"spf=pass smtp.mailfrom={bounce_to}" if bounce_to else "spf=none"
    aligned = any(_aligned(author, domain) for domain in [*passed, bounce_to.rpartition("@")[2].lower()] if domain)
    trusted = from_google or (aligned and author not in GOOGLES)
    return f"mx.google.com; {dkim}; {spf}; dmarc={'pass' if trusted else 'fail'} header.from={author}"


def _aligned(author: str, domain: str) -> bool:
    return author == domain or author.endswith("." + domain) or domain.endswith("." + author)
