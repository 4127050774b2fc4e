"""Who refused, which layer, and is the credential to blame: bounces of every kind, and those made to look like them."""

from __future__ import annotations

import pytest

from rotator.core.mail.explain_bounce import explain_bounce
from rotator.core.mail.explanation import Authenticity, Layer, Party
from tests.explain.bounces import (
    ALIAS,
    ANCHOR,
    BAD_LOGIN,
    DENIED,
    DUTCH,
    ENDPOINT,
    FILLED,
    MAIL_FROM,
    NOT_VERIFIED,
    PAUSED,
    RECIPIENT,
    SES_VOUCHED,
    SUPPRESSED,
    SUPPRESSED_BY_ALL,
    SUPPRESSED_BY_TENANT,
    VOUCHED,
    event,
    exchange,
    notice,
    ordinary,
    postfix,
    prose,
    report,
)

FAILED_RESULTS = VOUCHED.replace("dkim=pass", "dkim=fail").replace("dmarc=pass", "dmarc=fail")
EVE = "Eve <eve@evil.example>"
EVE_VOUCHED = (
    "Authentication-Results: mx.google.com; dkim=pass header.i=@evil.example; dmarc=pass header.from=evil.example\r\n"
)
GERMAN = (
    "** Nachricht nicht zugestellt **\n\nSie senden diese Nachricht über die Funktion „Senden als“ von einer anderen "
    f"Adresse.\n\nWeitere Informationen: {ANCHOR}\nAntwort:\n\n"
)
JAPANESE = f"** メールは配信されていません **\n\n詳細: {ANCHOR}\n応答：{BAD_LOGIN}\n"
BLOCKED = "** Message blocked **\n\nYour message has been blocked.\n\nThe response from the remote server was:\n\n"

INNER = prose(BAD_LOGIN).encode()

# In a mailbox, read through the API: Gmail wrote the topmost header.
FETCHED: dict[str, tuple[bytes, Layer, Party]] = {
    "SES refuses the login, the report empty": (notice(prose(BAD_LOGIN)), Layer.CREDENTIAL, Party.SES_AUTH),
    "the same, the report filled": (
        notice(prose("See above."), status=FILLED.format("535 Authentication credentials invalid")),
        Layer.CREDENTIAL,
        Party.SES_AUTH,
    ),
    "another server refuses the login, with an enhanced code": (
        notice(prose("535 5.7.8 Error: authentication failed")),
        Layer.CREDENTIAL,
        Party.ALIAS_SERVER,
    ),
    "too many failures": (
        notice(prose("535 5.7.0 Too many authentication failures", "The response from the remote server was: ")),
        Layer.CREDENTIAL,
        Party.ALIAS_SERVER,
    ),
    "534": (notice(prose("534 5.7.9 Please log in first")), Layer.CREDENTIAL, Party.ALIAS_SERVER),
    "530, no login at all": (notice(prose("530 Authentication required")), Layer.CREDENTIAL, Party.ALIAS_SERVER),
    "530, no TLS": (notice(prose("530 Must issue a STARTTLS command first")), Layer.TLS, Party.SES_AUTH),
    "Dutch, base64": (notice(f"{DUTCH}{BAD_LOGIN}\n", encoding="base64"), Layer.CREDENTIAL, Party.SES_AUTH),
    "German, quoted-printable": (
        notice(f"{GERMAN}{BAD_LOGIN}\n", encoding="quoted-printable"),
        Layer.CREDENTIAL,
        Party.SES_AUTH,
    ),
    "Japanese, the colon full width": (notice(JAPANESE), Layer.CREDENTIAL, Party.SES_AUTH),
    "German around an identity": (
        notice(f"{GERMAN}{NOT_VERIFIED}\n", encoding="base64"),
        Layer.IDENTITY,
        Party.SES_DATA,
    ),
    "HTML alone": (
        notice(prose(BAD_LOGIN).replace(ANCHOR, f'<a href="{ANCHOR}">here</a>'), html=True),
        Layer.CREDENTIAL,
        Party.SES_AUTH,
    ),
    "the older wording": (
        notice(prose(BAD_LOGIN).replace("address or alias", "address")),
        Layer.CREDENTIAL,
        Party.SES_AUTH,
    ),
    "an account that is not subscribed, although 535": (
        notice(prose("535 Account not subscribed to SES")),
        Layer.ACCOUNT,
        Party.SES_AUTH,
    ),
    "an identity, in the same words": (notice(prose(NOT_VERIFIED)), Layer.IDENTITY, Party.SES_DATA),
    "a policy, in the same words": (notice(prose(DENIED)), Layer.PERMISSION, Party.SES_DATA),
    "a pause, in the same words": (notice(prose(PAUSED)), Layer.ACCOUNT, Party.SES_DATA),
    "a MAIL FROM domain, in the same words": (notice(prose(MAIL_FROM)), Layer.IDENTITY, Party.SES_DATA),
    "a quota, in the same words": (
        notice(prose("454 Throttling failure: Daily message quota exceeded.")),
        Layer.ACCOUNT,
        Party.SES_DATA,
    ),
    "SES could not check the login": (
        notice(prose("454 Temporary authentication failure")),
        Layer.NETWORK,
        Party.SES_AUTH,
    ),
    "a passing failure": (notice(prose("451 Temporary service failure")), Layer.NETWORK, Party.ALIAS_SERVER),
    "content, in the same words": (notice(prose("550 Missing subject field.")), Layer.CONTENT, Party.ALIAS_SERVER),
    "content that speaks of authentication": (
        notice(prose("550 5.7.1 Message fails authentication checks")),
        Layer.CONTENT,
        Party.ALIAS_SERVER,
    ),
    "an address, in the same words": (
        notice(prose("553 <ann@recipient> Invalid email address")),
        Layer.CONTENT,
        Party.ALIAS_SERVER,
    ),
    "too long, in the same words": (notice(prose("552 Message is too long.")), Layer.CONTENT, Party.ALIAS_SERVER),
    "Gmail's own words: no login offered": (
        notice(prose("Unspecified Error (SENT_SECOND_EHLO): Smtp server does not advertise AUTH capability")),
        Layer.NETWORK,
        Party.GMAIL,
    ),
    "Gmail's own words: another host's certificate": (
        notice(prose("TLS Negotiation failed, the certificate doesn't match the host.")),
        Layer.TLS,
        Party.GMAIL,
    ),
    "another Google account": (
        notice(prose("534-5.7.14 <https://accounts.google.com/signin/continue>\n534 5.7.14 Please log in")),
        Layer.UNKNOWN,
        Party.ALIAS_SERVER,
    ),
    "a code that nobody published": (notice(prose("571 Delivery not authorized")), Layer.UNKNOWN, Party.ALIAS_SERVER),
    "no reply at all": (notice(f"** Message not delivered **\n\n{ANCHOR}\n"), Layer.UNKNOWN, Party.UNKNOWN),
    "a delay is no refusal": (
        notice(prose(BAD_LOGIN), subject="Delivery Status Notification (Delay)"),
        Layer.NETWORK,
        Party.NOBODY_YET,
    ),
    "an ordinary notice": (
        ordinary("** Address not found **\n\nThe response from the remote server was:\n\n550 5.1.1 no such user\n"),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "an ordinary notice with 535 inside": (
        ordinary(f"{BLOCKED}535 5.7.8 this server wants a login from you\n"),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "a recipient's server that answers with the link": (
        ordinary(f"{BLOCKED}550 5.7.1 see {ANCHOR} 535 Authentication Credentials Invalid\n"),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "a recipient's server that answers with the link, in two lines": (
        ordinary(f"{BLOCKED}550-5.7.1 see {ANCHOR}\n550 535 Authentication Credentials Invalid\n"),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "the recipient's mail is taken in by SES": (
        ordinary(
            "** Address not found **\n",
            status=FILLED.format("550 5.1.1 mailbox unavailable").replace(
                "smtp.example.net.", "inbound-smtp.us-east-1.amazonaws.com."
            ),
        ),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "a domain that is not there": (
        ordinary(
            "** Address not found **\n\nThe response was:\n\n"
            "DNS Error: DNS type 'mx' lookup of nowhere.example responded with code NXDOMAIN\n"
        ),
        Layer.RECIPIENT,
        Party.UNKNOWN,
    ),
    "an ordinary notice about Exchange": (
        ordinary(
            f"{BLOCKED}550 5.7.509 Access denied, sending domain example.com does not pass DMARC verification and has "
            "a DMARC policy of reject.\n"
        ),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "a bounce in the mail that bounced": (
        ordinary(f"{BLOCKED}550 5.1.1 no such user\n").replace(b"----- Message truncated -----", INNER),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "SES: the account's suppression list": (report(SUPPRESSED), Layer.SUPPRESSION, Party.SES_LATER),
    "SES: the same as an SMTP diagnosis": (report(f"smtp; {SUPPRESSED}"), Layer.SUPPRESSION, Party.SES_LATER),
    "SES: everybody's suppression list": (report(SUPPRESSED_BY_ALL), Layer.SUPPRESSION, Party.SES_LATER),
    "SES: a tenant's suppression list": (report(SUPPRESSED_BY_TENANT), Layer.SUPPRESSION, Party.SES_LATER),
    "SES: the recipient's server": (report("smtp; 550 5.1.1 user unknown"), Layer.RECIPIENT, Party.RECIPIENT),
    "SES: from another region's daemon": (
        report(
            "smtp; 550 5.1.1 user unknown",
            sender="MAILER-DAEMON@us-west-2.amazonses.com",
            results=SES_VOUCHED.replace("amazonses.com", "us-west-2.amazonses.com"),
        ),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "SES: Exchange refused": (
        report(
            "smtp; 550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery "
            "restriction check failed because the sender was not authenticated when sending to this group"
        ),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "SES: gave up": (
        report("smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.0 Unable to lookup DNS>"),
        Layer.RECIPIENT,
        Party.SES_LATER,
    ),
    "fake: no signature": (
        notice(prose(BAD_LOGIN), results="Authentication-Results: mx.google.com; dkim=none; dmarc=fail\r\n"),
        Layer.UNTRUSTED,
        Party.UNKNOWN,
    ),
    "fake: a failed signature": (
        notice(prose(BAD_LOGIN), results=FAILED_RESULTS),
        Layer.UNTRUSTED,
        Party.UNKNOWN,
    ),
    "fake: the forger's header below Gmail's": (
        notice(prose(BAD_LOGIN), results=f"{FAILED_RESULTS}{VOUCHED}"),
        Layer.UNTRUSTED,
        Party.UNKNOWN,
    ),
    "fake: somebody else's server vouches": (
        notice(prose(BAD_LOGIN), results=VOUCHED.replace("mx.google.com;", "mx.evil.example;")),
        Layer.UNTRUSTED,
        Party.UNKNOWN,
    ),
    "fake: nobody says anything": (notice(prose(BAD_LOGIN), results=""), Layer.UNTRUSTED, Party.UNKNOWN),
    "fake: from a stranger who can sign for himself": (
        notice(prose(BAD_LOGIN), sender=EVE, results=EVE_VOUCHED),
        Layer.UNTRUSTED,
        Party.UNKNOWN,
    ),
    "fake: two senders": (
        notice(prose(BAD_LOGIN), sender="eve@evil.example, mailer-daemon@googlemail.com"),
        Layer.UNTRUSTED,
        Party.UNKNOWN,
    ),
    "fake: an ordinary notice": (
        ordinary(f"{BLOCKED}550 5.1.1 no such user\n", results=FAILED_RESULTS),
        Layer.UNTRUSTED,
        Party.UNKNOWN,
    ),
    "fake: SES's daemon": (report(SUPPRESSED, results=FAILED_RESULTS), Layer.UNTRUSTED, Party.UNKNOWN),
    "fake: a suppression that is not SES's": (
        report(f"smtp; {SUPPRESSED}", sender="postmaster@evil.example", results=EVE_VOUCHED),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "a mail of a person": (
        notice("535 Authentication Credentials Invalid, says my phone\n", sender=EVE, results=EVE_VOUCHED)
        .replace(b"multipart/report", b"multipart/mixed")
        .replace(b"message/delivery-status", b"application/octet-stream"),
        Layer.UNKNOWN,
        Party.UNKNOWN,
    ),
}


@pytest.mark.parametrize(("raw", "layer", "party"), FETCHED.values(), ids=FETCHED.keys())
def test_a_bounce_in_a_mailbox(raw: bytes, layer: Layer, party: Party) -> None:
    """The sender that Gmail vouches for, the link and the quoted reply decide; never prose, never a guess."""
    found = explain_bounce(raw, fetched=True)
    assert (found.layer, found.refused_by) == (layer, party)
    assert found.credential_to_blame is (layer is Layer.CREDENTIAL)
    assert (found.authentic is Authenticity.FAILED) is (layer is Layer.UNTRUSTED)


# Text without mail headers, and notices whose sender nobody can vouch for.
GIVEN: dict[str, tuple[bytes, Layer, Party]] = {
    "a notice copied from the screen": (prose(BAD_LOGIN).encode(), Layer.CREDENTIAL, Party.SES_AUTH),
    "the same about content": (prose("550 Missing subject field.").encode(), Layer.CONTENT, Party.ALIAS_SERVER),
    "a reply alone": (BAD_LOGIN.encode(), Layer.CREDENTIAL, Party.SES_AUTH),
    "a reply alone, of two lines": (
        b"550-5.7.509 Access denied,\n550 5.7.509 DMARC\n",
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "a log line of Postfix": (
        f"SASL authentication failed; server {ENDPOINT}[192.0.2.7]:587 said: {BAD_LOGIN}".encode(),
        Layer.CREDENTIAL,
        Party.SES_AUTH,
    ),
    "a log line of Postfix about a recipient's server": (
        b"host mx.recipient.example[192.0.2.9] said: 535 5.7.8 this server wants a login (in reply to RCPT TO)",
        Layer.UNKNOWN,
        Party.UNKNOWN,
    ),
    "a mail program's message": (f"Error while sending: {NOT_VERIFIED}".encode(), Layer.IDENTITY, Party.SES_DATA),
    "Exchange's words, copied": (
        b"Remote server returned: 550 5.7.124 Sender not in allowed-senders list",
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "SES's event: suppressed": (event("OnAccountSuppressionList", SUPPRESSED), Layer.SUPPRESSION, Party.SES_LATER),
    "SES's event as SNS sends it": (
        event("Suppressed", SUPPRESSED_BY_ALL, wrapped=True),
        Layer.SUPPRESSION,
        Party.SES_LATER,
    ),
    "SES's event: refused": (event("General", "smtp; 550 5.1.1 user unknown"), Layer.RECIPIENT, Party.RECIPIENT),
    "SES's sentence alone": (SUPPRESSED.encode(), Layer.SUPPRESSION, Party.SES_LATER),
    "Postfix of ours: an identity": (postfix(NOT_VERIFIED, ENDPOINT), Layer.IDENTITY, Party.SES_DATA),
    "Postfix of ours: a policy": (postfix(DENIED, ENDPOINT), Layer.PERMISSION, Party.SES_DATA),
    "Postfix of ours: a recipient's server": (
        postfix("550 5.1.1 user unknown", "mx.recipient.example"),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "Exchange: outsiders may not write to the group": (
        exchange(
            "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction "
            "check failed",
            "5.7.133",
        ),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "Exchange: no such address": (
        exchange("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "5.1.10"),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "a report from an address of another name": (
        report("smtp; 550 5.1.1 user unknown", sender="bounces@relay.example", results=""),
        Layer.RECIPIENT,
        Party.RECIPIENT,
    ),
    "a notice saved to a file": (notice(prose(BAD_LOGIN)), Layer.CREDENTIAL, Party.SES_AUTH),
    "the same, header and all, saved by another mail system": (
        notice(
            prose(BAD_LOGIN),
            results="Authentication-Results: spf=pass smtp.helo=x.google.com; dkim=pass (signature was verified) "
            "header.d=googlemail.com;dmarc=pass action=none header.from=googlemail.com;compauth=pass reason=100\r\n",
        ),
        Layer.CREDENTIAL,
        Party.SES_AUTH,
    ),
    "the same without any check of the sender": (
        notice(prose(BAD_LOGIN), results=""),
        Layer.CREDENTIAL,
        Party.SES_AUTH,
    ),
    "a saved fake": (notice(prose(BAD_LOGIN), results=FAILED_RESULTS), Layer.UNTRUSTED, Party.UNKNOWN),
    "a saved fake that only leaves the signature out": (
        notice(prose(BAD_LOGIN), results="Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=x\r\n"),
        Layer.UNTRUSTED,
        Party.UNKNOWN,
    ),
    "a colleague who quotes it": (notice(prose(BAD_LOGIN), sender=EVE, results=""), Layer.UNTRUSTED, Party.UNKNOWN),
    "nothing": (b"", Layer.UNKNOWN, Party.UNKNOWN),
    "a number": (b"Meet me in room 535, Authentication Street", Layer.UNKNOWN, Party.UNKNOWN),
    "prose about a login": (b"The authentication failed, the password is wrong!", Layer.UNKNOWN, Party.UNKNOWN),
    "another program's JSON": (b'{"notificationType": "Delivery", "code": 535}', Layer.UNKNOWN, Party.UNKNOWN),
    "not even text": (bytes(range(256)), Layer.UNKNOWN, Party.UNKNOWN),
}


@pytest.mark.parametrize(("raw", "layer", "party"), GIVEN.values(), ids=GIVEN.keys())
def test_a_bounce_from_a_file(raw: bytes, layer: Layer, party: Party) -> None:
    """What a person saved or copied is read the same way, and never called verified."""
    found = explain_bounce(raw)
    assert (found.layer, found.refused_by) == (layer, party)
    assert found.credential_to_blame is (layer is Layer.CREDENTIAL)
    assert found.authentic is (Authenticity.FAILED if layer is Layer.UNTRUSTED else Authenticity.CLAIMED)


def test_there_are_enough_of_them() -> None:
    """Forty at least, a third of them about something else than a credential."""
    layers = [layer for _, layer, _ in (*FETCHED.values(), *GIVEN.values())]
    assert len(layers) >= 40
    assert layers.count(Layer.CREDENTIAL) < len(layers) / 3 * 2


VERIFIED = {
    "Gmail's own": (notice(prose(BAD_LOGIN)), Authenticity.VERIFIED),
    "SES's own": (report(SUPPRESSED), Authenticity.VERIFIED),
    "a stranger's about our login, signed by the stranger": (
        report(f"smtp; {BAD_LOGIN}", sender="MAILER-DAEMON@evil.example", results=EVE_VOUCHED, remote=ENDPOINT),
        Authenticity.CLAIMED,
    ),
    "a recipient's server's, signed by it": (
        report("smtp; 550 5.1.1 no", sender="postmaster@evil.example", results=EVE_VOUCHED),
        Authenticity.CLAIMED,
    ),
}


@pytest.mark.parametrize(("raw", "authentic"), VERIFIED.values(), ids=VERIFIED.keys())
def test_only_gmail_and_ses_are_verified(raw: bytes, authentic: Authenticity) -> None:
    """That a stranger is who he says he is makes nothing true that he says about our login."""
    assert explain_bounce(raw, fetched=True).authentic is authentic


def test_an_original_with_two_senders_names_no_alias() -> None:
    """Which place a bounce is about is said only where the original says one thing."""
    raw = report(SUPPRESSED).replace(f"From: Admin <{ALIAS}>".encode(), f"From: {ALIAS}, eve@evil.example".encode())
    assert explain_bounce(raw).author == ""
    assert explain_bounce(report(SUPPRESSED)).author == ALIAS


QUOTED = {
    "a notice's": (notice(prose(BAD_LOGIN)), BAD_LOGIN),
    "a relay's": (postfix(NOT_VERIFIED, ENDPOINT), NOT_VERIFIED),
    "a log line's": (f"server {ENDPOINT}[192.0.2.7]:587 said: {BAD_LOGIN}".encode(), BAD_LOGIN),
    "a log line's, with the relay's remark": (
        f"host {ENDPOINT}[192.0.2.7] said: {PAUSED} (in reply to end of DATA command)".encode(),
        PAUSED,
    ),
    "an event's": (event("General", "smtp; 550 5.1.1 user unknown"), "550 5.1.1 user unknown"),
    "SES's own sentence": (SUPPRESSED.encode(), SUPPRESSED.partition(". ")[0]),
    "Exchange's": (exchange("550 5.7.133 RESOLVER.RST.X; no", "5.7.133"), "550 5.7.133 RESOLVER.RST.X; no"),
}


@pytest.mark.parametrize(("raw", "reply"), QUOTED.values(), ids=QUOTED.keys())
def test_the_reply_is_quoted_as_it_was_given(raw: bytes, reply: str) -> None:
    """A person sees the server's own words, and nothing around them."""
    assert explain_bounce(raw).reply == reply


def test_the_parties_of_the_mail_are_named() -> None:
    """The alias says which place it is about, the recipient whom to ask the doctor for."""
    found = explain_bounce(report(SUPPRESSED), fetched=True)
    assert (found.author, found.recipient) == (ALIAS, RECIPIENT)
    assert found.reply.startswith("Amazon SES did not send the message")
    assert SES_VOUCHED not in found.reply
