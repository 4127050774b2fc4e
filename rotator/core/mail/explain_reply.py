"""From one SMTP reply to an explanation.  Pure; never raises; never a guess.

A credential is blamed only for a reply of the shape 535, 534 or 530 that the alias's server or SES itself gave.
"""

from __future__ import annotations

import re

from rotator.core.mail import exchange
from rotator.core.mail import explanation as told
from rotator.core.mail.bounce import OTHER_GOOGLE_ACCOUNT, REPLY_LIMIT, TLS_WORDS, Verdict, code_of, verdict_on
from rotator.core.mail.explanation import Authenticity, Explanation, Kind, Party
from rotator.core.mail.ses_replies import Meaning, classify

SES_OWN_WORDS = re.compile(
    r"535[ -](?:Authentication Credentials Invalid|Account not subscribed to SES)|"
    r"454[ -](?:Temporary authentication failure|Throttling failure:)|"
    r"530[ -]Must issue a STARTTLS command first|"
    r"554[ -](?:Access denied: User `|Message rejected: (?:Email address is not verified|Sending paused)|"
    r"MAIL FROM domain not verified)",
    re.IGNORECASE,
)

BY_VERDICT = {
    Verdict.SETUP: (told.OFFERS_NO_LOGIN, Party.GMAIL),
    Verdict.TRANSPORT: (told.TLS, Party.GMAIL),
}
BY_MEANING: dict[Meaning, tuple[Kind, Party]] = {
    Meaning.PERMISSION: (told.PERMISSION, Party.SES_DATA),
    Meaning.IDENTITY: (told.IDENTITY, Party.SES_DATA),
    Meaning.MAIL_FROM: (told.MAIL_FROM, Party.SES_DATA),
    Meaning.ACCOUNT: (told.PAUSED, Party.SES_DATA),
    Meaning.QUOTA: (told.QUOTA, Party.SES_DATA),
    Meaning.CONTENT: (told.CONTENT, Party.ALIAS_SERVER),
    Meaning.ENVELOPE: (told.CONTENT, Party.ALIAS_SERVER),
    Meaning.BUSY: (told.BUSY, Party.ALIAS_SERVER),
    Meaning.RECONNECT: (told.BUSY, Party.ALIAS_SERVER),
    Meaning.UNCLASSIFIED: (told.UNCLASSIFIED, Party.ALIAS_SERVER),
}


def is_reply(text: str) -> bool:
    """Whether the text begins as an SMTP reply does, or is an enhanced status code."""
    return re.match(r"[2-5][0-9]{2}(?:[ -]|$)|5\.[0-9]{1,3}\.[0-9]{1,3}(?:\s|$)", text) is not None


def explain_reply(reply: str) -> Explanation:
    """What one SMTP reply says when SES gives it, or Exchange if the words are Exchange's; a bare code will do."""
    reply = " ".join(reply.split())
    found = exchange.reason(reply)
    kind, party = (of_exchange(found), Party.RECIPIENT) if found else of_ses_or_alias(reply, by_ses=True)
    if re.match(r"[23][0-9]{2}\b", reply):
        kind, party = told.ACCEPTED, Party.NOBODY
    return Explanation(kind, party, Authenticity.CLAIMED, reply[:REPLY_LIMIT])


def of_ses_or_alias(reply: str, *, by_ses: bool) -> tuple[Kind, Party]:
    """The kind of a reply by the server that the mail was handed to; `by_ses`: that server is SES for certain."""
    if OTHER_GOOGLE_ACCOUNT in reply:
        return told.OTHER_ACCOUNT, Party.ALIAS_SERVER
    verdict = verdict_on(reply)
    if verdict in BY_VERDICT and not code_of(reply):
        return BY_VERDICT[verdict]
    if not code_of(reply):
        return told.UNCLASSIFIED, Party.UNKNOWN
    return _of_code(code_of(reply), reply, by_ses=by_ses)


def _of_code(code: int, reply: str, *, by_ses: bool) -> tuple[Kind, Party]:
    ses = by_ses or is_ses_s_own(reply)
    meaning, _ = classify("", code, reply)
    at_login = Party.SES_AUTH if ses else Party.ALIAS_SERVER
    if meaning is Meaning.LOGIN:
        return told.LOGIN, at_login
    if meaning is Meaning.SETUP:
        return (told.TLS if TLS_WORDS.search(reply) else told.NO_LOGIN), at_login
    kind, party = BY_MEANING.get(meaning, (told.UNCLASSIFIED, Party.ALIAS_SERVER))
    if code == 535 or (code == 454 and "authentication" in reply.lower()):
        return kind, at_login
    return kind, Party.SES_DATA if ses else party


def is_ses_s_own(reply: str) -> bool:
    """Whether the words are SES's own and nobody else's."""
    return SES_OWN_WORDS.match(reply) is not None


def of_exchange(reason: exchange.Reason) -> Kind:
    """The kind of a refusal by Exchange: still the recipient's, also where our records are the cause."""
    return Kind(
        told.RECIPIENT.layer,
        f"Exchange refused it ({reason.code}): {reason.means}",
        reason.fix,
        f"{exchange.PAGE}#{reason.repairs}",
        reason.checks or told.RECIPIENT.checks,
    )
