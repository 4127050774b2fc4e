"""From a notice or a pasted text to an explanation.  Pure; never raises; never a guess.

Order: is it a notice at all, is it to be believed, who sent it; what the quoted reply says: explain_reply.
"""

from __future__ import annotations

import re

from rotator.core.mail import exchange
from rotator.core.mail import explanation as told
from rotator.core.mail.bounce import DAEMON, RECEIVER, REPLY_LIMIT, code_of, is_wrapper, quoted_reply, vouched
from rotator.core.mail.bounce_mail import BounceMail
from rotator.core.mail.explain_reply import explain_reply, is_ses_s_own, of_exchange, of_ses_or_alias
from rotator.core.mail.explanation import Authenticity, Explanation, Kind, Party
from rotator.core.mail.ses_event import SesEvent, read_event

TEXT_LIMIT = 200_000  # characters looked at; a notice has a few thousand
SES_DAEMON = re.compile(r"mailer-daemon@(?:[a-z0-9-]+\.)?amazonses\.com")
SES_HOST = r"email-smtp(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?"
# A relay of ours tells what SES said: `server email-smtp...[192.0.2.1]:587 said: 535 ...`.
SES_SAID = re.compile(rf"{SES_HOST}[^\n]{{0,60}}?said:\s+(?P<reply>[45][0-9]{{2}}[ -][^\n]*(?:\n[ \t]+\S[^\n]*)*)",
                      re.IGNORECASE)  # fmt: skip
SES_REMOTE = re.compile(SES_HOST, re.IGNORECASE)
ONE_REPLY = re.compile(r"\s*(?P<reply>[45][0-9]{2}(?:[ -]\S[^\n]*)?(?:\n[45][0-9]{2}[ -][^\n]*)*)\s*")
SUPPRESSION = re.compile(
    r"Amazon SES (?:did not send the message|has suppressed sending) to this address because it (?P<why>"
    r"is on the suppression list for your account|is on the suppression list for your tenant|"
    r"is on the account-level suppression list|has a recent history of bouncing)",
    re.IGNORECASE,
)
DNS_WORDS = re.compile(r"DNS Error: [^\n]*", re.IGNORECASE)
EXPIRED = re.compile(r"\b(?:Message|Delivery) expired\b", re.IGNORECASE)

LISTS = {
    "is on the suppression list for your tenant": told.SUPPRESSED_BY_TENANT,
    "has a recent history of bouncing": told.SUPPRESSED_BY_ALL,
}


def explain_bounce(raw: bytes, *, fetched: bool = False) -> Explanation:
    """What a whole message or a pasted text says.  `fetched`: it came through Gmail's API, so the top is Gmail's."""
    mail = BounceMail(raw)
    if not mail.readable or (fetched and not mail.is_mail):
        return Explanation(told.NOT_A_BOUNCE, Party.UNKNOWN, Authenticity.FAILED)
    if not mail.is_mail:
        return explain_text(raw.decode("utf-8", "replace"))
    kind, party, reply = _of_mail(mail)
    authentic = _authenticity(mail, fetched=fetched)
    if kind is told.QUOTED:
        authentic = Authenticity.FAILED
    elif authentic is Authenticity.FAILED and kind is not told.NOT_A_BOUNCE:
        kind, party = told.FORGED, Party.UNKNOWN
    return Explanation(kind, party, authentic, reply[:REPLY_LIMIT], mail.recipient, mail.author)


def explain_text(text: str) -> Explanation:
    """What a text without mail headers says: a pasted notice, a relay's log line, an event of SES, one reply."""
    event = read_event(text)
    if event is not None:
        kind, party = _of_event(event)
        return Explanation(kind, party, Authenticity.CLAIMED, event.reply[:REPLY_LIMIT], event.recipient)
    kind, party, reply = _of_text(text[:TEXT_LIMIT].replace("\r\n", "\n"))
    return Explanation(kind, party, Authenticity.CLAIMED, reply[:REPLY_LIMIT])


# --- what it is ---------------------------------------------------------------------------------------------------


def _of_mail(mail: BounceMail) -> tuple[Kind, Party, str]:
    text = mail.text[:TEXT_LIMIT]
    wrapper = is_wrapper(text)
    if wrapper and mail.sender != DAEMON:
        return told.QUOTED, Party.UNKNOWN, ""
    if not _is_notice(mail):
        return told.NOT_A_BOUNCE, Party.UNKNOWN, ""
    if mail.is_delay:
        return told.DELAYED, Party.NOBODY_YET, mail.status_reply or quoted_reply(text)
    if wrapper:
        return _of_wrapper(mail.status_reply or quoted_reply(text))
    return _of_report(mail, text)


def _is_notice(mail: BounceMail) -> bool:
    """Whether it claims to be a notice: from a mail system's own address, or built as a report."""
    if not mail.sender:
        return False
    name = mail.sender.partition("@")[0]
    return name in ("mailer-daemon", "postmaster") or name.startswith("microsoftexchange") or mail.is_report


def _of_report(mail: BounceMail, text: str) -> tuple[Kind, Party, str]:
    """An ordinary notice: of SES, of a relay of ours about SES, of Gmail or Exchange about the recipient's server."""
    diagnosis = mail.status_reply or mail.reported("Diagnostic-Code").partition(";")[2].strip()
    by_ses = SES_DAEMON.fullmatch(mail.sender) is not None
    reply = diagnosis or quoted_reply(text)
    suppressed = SUPPRESSION.search(mail.reported("Diagnostic-Code") or text) if by_ses else None
    if suppressed:
        return _list_of(suppressed), Party.SES_LATER, suppressed[0]
    said = SES_SAID.search(text) if not by_ses else None
    if said or SES_REMOTE.search(mail.reported("Remote-MTA")):
        reply = diagnosis or (_said(said) if said else reply)
        return *of_ses_or_alias(reply, by_ses=True), reply
    return *_of_recipient(reply, mail, text, by_ses=by_ses), reply


def _of_recipient(reply: str, mail: BounceMail, text: str, *, by_ses: bool) -> tuple[Kind, Party]:
    shown = f"{reply} {mail.reported('Remote-MTA')} {mail.sender}"
    if found := exchange.reason(shown):
        return of_exchange(found), Party.RECIPIENT
    if by_ses and (EXPIRED.search(reply) or mail.reported("Status") == "4.4.7"):
        return told.GAVE_UP, Party.SES_LATER
    if code_of(reply):
        return told.RECIPIENT, Party.RECIPIENT
    if DNS_WORDS.search(text):
        return told.NO_SUCH_DOMAIN, Party.UNKNOWN
    if mail.reported("Action").lower() == "failed":
        return told.RECIPIENT, Party.SES_LATER if by_ses else Party.RECIPIENT
    return told.UNCLASSIFIED, Party.UNKNOWN


def _of_text(text: str) -> tuple[Kind, Party, str]:
    if is_wrapper(text):
        return _of_wrapper(quoted_reply(text))
    if suppressed := SUPPRESSION.search(text):
        return _list_of(suppressed), Party.SES_LATER, suppressed[0]
    if said := SES_SAID.search(text):
        reply = _said(said)
        return *of_ses_or_alias(reply, by_ses=True), reply
    if one := ONE_REPLY.fullmatch(text):
        answer = explain_reply(one["reply"])
        return answer.kind, answer.refused_by, answer.reply
    reply = quoted_reply(text)
    if found := exchange.reason(reply):
        return of_exchange(found), Party.RECIPIENT, reply
    if is_ses_s_own(reply):
        return *of_ses_or_alias(reply, by_ses=True), reply
    return (told.UNCLASSIFIED if reply else told.NOT_A_BOUNCE), Party.UNKNOWN, reply


def _of_event(event: SesEvent) -> tuple[Kind, Party]:
    if event.list_name:
        return LISTS.get(event.list_name, told.SUPPRESSED), Party.SES_LATER
    found = exchange.reason(event.reply)
    return (of_exchange(found) if found else told.RECIPIENT), Party.RECIPIENT


def _said(match: re.Match[str]) -> str:
    """The reply in a relay's words, without what the relay adds."""
    return " ".join(match["reply"].split()).partition(" (in reply to ")[0]


def _list_of(match: re.Match[str]) -> Kind:
    return LISTS.get(match["why"].lower(), told.SUPPRESSED)


def _of_wrapper(reply: str) -> tuple[Kind, Party, str]:
    """Gmail's wrapper: the reply is that of the server in the alias's settings, or Gmail's own words."""
    return *of_ses_or_alias(reply, by_ses=False), reply


# --- whether it is to be believed ---------------------------------------------------------------------------------


def _authenticity(mail: BounceMail, *, fetched: bool) -> Authenticity:
    """By the topmost Authentication-Results: in a mailbox Gmail wrote it, in a file whoever made the file."""
    if fetched and not _vouched(mail, RECEIVER):
        return Authenticity.FAILED
    if fetched:  # of any other sender Gmail says who it is, and that is not who refused
        known = mail.sender == DAEMON or SES_DAEMON.fullmatch(mail.sender) is not None
        return Authenticity.VERIFIED if known else Authenticity.CLAIMED
    found = mail.results
    if found is None:
        return Authenticity.CLAIMED
    failed = found.failed or (mail.sender == DAEMON and not _vouched(mail, found.server))
    return Authenticity.FAILED if failed else Authenticity.CLAIMED


def _vouched(mail: BounceMail, server: str) -> bool:
    """Whether that server vouches for the sender's domain; Gmail's daemon needs signature and DMARC."""
    if mail.sender == DAEMON:
        return vouched(mail, server)
    found = mail.results
    if found is None or found.server != server:
        return False
    domain = mail.sender.rpartition("@")[2]
    return bool(domain) and (found.aligned(domain) or found.signed(domain)) and not found.failed
