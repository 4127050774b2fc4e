"""Who refused: bounces in every variant we know, beside the look-alikes that must not match.

All samples are synthetic: no bounce of an SES relay is public.  Their parts follow published bounces of Gmail users.
"""

from __future__ import annotations

import base64
import quopri

import pytest

from rotator.core.mail.bounce import Verdict, read_bounce

ANCHOR = "https://support.google.com/mail/?p=CustomFromDenied"
VOUCHED = (
    "Authentication-Results: mx.google.com; dkim=pass header.i=@googlemail.com header.s=20230601 header.b=AbC;\r\n"
    " spf=pass (google.com: best guess record) smtp.helo=mail-sor-f69.google.com;\r\n"
    " dmarc=pass (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from=googlemail.com\r\n"
)
TOKEN = "cnry-7f3a"
BAD_LOGIN = "535 Authentication Credentials Invalid"


def prose(reply: str, marker: str = "The response was:\n\n") -> str:
    """Gmail's English words around a reply."""
    return (
        "** Message not delivered **\n\nYou're sending this from a different address or alias using the 'Send mail as' "
        "feature. The settings for your 'Send mail as' account are misconfigured or out of date.\n\n"
        f"Learn more here: {ANCHOR}\n{marker}{reply}\n\n"
    )


def notice(
    text: str,
    *,
    html: bool = False,
    encoding: str = "7bit",
    status: str = "",
    subject: str = "Delivery Status Notification (Failure)",
    sender: str = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    results: str = VOUCHED,
    charset: str = "UTF-8",
) -> bytes:
    """A delivery status notification as Gmail builds it."""
    body = f"<html><body><p>{text}</p></body></html>".replace("\n\n", "</p><p>") if html else text
    content = body.encode(charset)
    if encoding == "base64":
        content = base64.encodebytes(content)
    elif encoding == "quoted-printable":
        content = quopri.encodestring(content)
    kind = "html" if html else "plain"
    head = (
        f"Delivered-To: ops@example.com\r\n{results}Return-Path: <>\r\nFrom: {sender}\r\nSubject: {subject}\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; boundary="r"; report-type=delivery-status\r\n\r\n'
        '--r\r\nContent-Type: multipart/related; boundary="s"\r\n\r\n'
        f'--s\r\nContent-Type: text/{kind}; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    )
    tail = (
        f"\r\n--s\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--s--\r\n"
        f"--r\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n"
        "--r\r\nContent-Type: message/rfc822\r\n\r\nFrom: admin@example.com\r\nTo: x@example.org\r\n"
        f"X-Rotator-Canary: {TOKEN}\r\nSubject: canary\r\n\r\n----- Message truncated -----\r\n\r\n--r--\r\n"
    )
    return head.encode() + content + tail.encode()


FILLED = (
    "Reporting-MTA: dns; googlemail.com\r\n\r\nFinal-Recipient: rfc822; x@example.org\r\nAction: failed\r\n"
    "Status: 5.7.8\r\nRemote-MTA: dns; smtp.example.net. (192.0.2.1)\r\nDiagnostic-Code: smtp; {}\r\n"
)
DUTCH = (
    "** Bericht niet bezorgd **\n\nJe verzendt dit bericht vanaf een ander adres of een alias met de functie "
    f"'Mail sturen als'.\n\nMeer informatie: {ANCHOR}\nAntwoord van de server (één regel):\n\n"
)

CASES: dict[str, tuple[bytes, Verdict]] = {
    "an empty report, the reply in the text": (notice(prose(BAD_LOGIN)), Verdict.LOGIN),
    "the report filled": (
        notice(prose("See above."), status=FILLED.format("535 Authentication credentials invalid")),
        Verdict.LOGIN,
    ),
    "the other wording, on the same line": (
        notice(prose("535 5.7.0 Too many authentication failures", "The response from the remote server was: ")),
        Verdict.LOGIN,
    ),
    "the reply before the link": (
        notice(f"misconfigured. The response from the remote server was: {BAD_LOGIN}\n\nLearn more here: {ANCHOR}\n"),
        Verdict.LOGIN,
    ),
    "a reply of two lines": (
        notice(prose("535-5.7.8 Username and Password not accepted.\n535 5.7.8 x1sm123 - gsmtp")),
        Verdict.LOGIN,
    ),
    "534 without more": (notice(prose("534 5.7.9 Please log in first")), Verdict.LOGIN),
    "530, the relay wants a login": (notice(prose("530 Authentication required")), Verdict.LOGIN),
    "530, the relay wants TLS": (notice(prose("530 Must issue a STARTTLS command first")), Verdict.TRANSPORT),
    "HTML only": (notice(prose(BAD_LOGIN).replace(ANCHOR, f'<a href="{ANCHOR}">here</a>'), html=True), Verdict.LOGIN),
    "Dutch": (notice(f"{DUTCH}{BAD_LOGIN}\n", encoding="base64"), Verdict.LOGIN),
    "Dutch in Latin-1, quoted-printable": (
        notice(f"{DUTCH}{BAD_LOGIN}\n", encoding="quoted-printable", charset="iso-8859-1"),
        Verdict.LOGIN,
    ),
    "older wording": (notice(prose(BAD_LOGIN).replace("address or alias", "address")), Verdict.LOGIN),
    "an identity that SES does not know": (
        notice(
            prose(
                "554 Message rejected: Email address is not verified. The following identities failed the check in "
                "region US-EAST-1: admin@example.com"
            )
        ),
        Verdict.IDENTITY,
    ),
    "the policy of the SMTP user": (
        notice(
            prose(
                "554 Access denied: User `arn:aws:iam::1:user/x' is not authorized to perform `ses:SendRawEmail' on "
                "resource `arn:aws:ses:us-east-1:1:identity/example.com'"
            )
        ),
        Verdict.PERMISSION,
    ),
    "sending paused": (
        notice(prose("554 Message rejected: Sending paused for this account. For more information, see the inbox")),
        Verdict.ACCOUNT,
    ),
    "SES had a bad moment": (notice(prose("454 Temporary authentication failure")), Verdict.BUSY),
    "the relay offers no login": (
        notice(prose("Unspecified Error (SENT_SECOND_EHLO): Smtp server does not advertise AUTH capability")),
        Verdict.SETUP,
    ),
    "the certificate is another host's": (
        notice(prose("TLS Negotiation failed, the certificate doesn't match the host.")),
        Verdict.TRANSPORT,
    ),
    "false friend: the same wrapper around a complaint about the content": (
        notice(prose("550 Missing subject field.")),
        Verdict.CONTENT,
    ),
    "a sibling: another Google account wants a web login": (
        notice(prose("534-5.7.14 <https://accounts.google.com/signin/continue>\n534 5.7.14 Please log in")),
        Verdict.UNCLASSIFIED,
    ),
    "no reply at all": (notice(f"** Message not delivered **\n\n{ANCHOR}\n"), Verdict.UNCLASSIFIED),
    "an ordinary bounce with 535 in the other side's words": (
        notice("** Address not found **\n\nThe response from the remote server was:\n\n550 5.1.1 no such user 535\n"),
        Verdict.RECIPIENT,
    ),
    "an ordinary bounce, the report filled": (
        notice("** Address not found **\n", status=FILLED.format("550 5.1.1 No such user")),
        Verdict.RECIPIENT,
    ),
    "a delay is not final": (
        notice(prose(BAD_LOGIN), subject="Delivery Status Notification (Delay)"),
        Verdict.NONE,
    ),
    "a delay told by the report alone": (
        notice(prose(BAD_LOGIN), subject="Melding", status=FILLED.format(BAD_LOGIN).replace("failed", "delayed")),
        Verdict.NONE,
    ),
    "a person's mail that quotes the words": (
        notice(prose(BAD_LOGIN), sender="Eve <eve@example.com>"),
        Verdict.NONE,
    ),
    "two senders in one header": (
        notice(prose(BAD_LOGIN), sender="eve@example.com, mailer-daemon@googlemail.com"),
        Verdict.NONE,
    ),
    "a display name that only says daemon": (
        notice(prose(BAD_LOGIN), sender='"mailer-daemon@googlemail.com" <eve@example.com>'),
        Verdict.NONE,
    ),
    "no mail at all": (b"", Verdict.NONE),
    "not even text": (bytes(range(256)), Verdict.NONE),
}


@pytest.mark.parametrize(("raw", "verdict"), CASES.values(), ids=CASES.keys())
def test_who_refused(raw: bytes, verdict: Verdict) -> None:
    """The link and the quoted reply decide, whatever the language, the layout and the encoding."""
    assert read_bounce(raw).verdict is verdict


def test_the_anchor_in_the_original_does_not_count() -> None:
    """A bounced mail that quotes an older bounce is no refusal of our login."""
    raw = notice("** Address not found **\n\nThe response was:\n\n550 5.1.1 no such user\n")
    carried = raw.replace(b"----- Message truncated -----", prose(BAD_LOGIN).encode())
    assert read_bounce(carried).verdict is Verdict.RECIPIENT


def test_a_forwarded_bounce_does_not_count() -> None:
    """A bounce that somebody attaches to a mail of their own is their mail, not Gmail's."""
    head = b'From: Eve <eve@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="m"\r\n\r\n'
    attached = head + b"--m\r\nContent-Type: message/rfc822\r\n\r\n" + notice(prose(BAD_LOGIN)) + b"\r\n--m--\r\n"
    assert read_bounce(attached).verdict is Verdict.NONE


def test_the_reply_and_the_canary_are_quoted() -> None:
    """A person sees what the server said, and the program sees which canary it was about."""
    bounce = read_bounce(notice(prose(BAD_LOGIN)))
    assert (bounce.reply, bounce.canary) == (BAD_LOGIN, TOKEN)


GENUINE = {
    "Gmail vouches": (VOUCHED, True),
    "nobody vouches": ("", False),
    "the signature failed": (VOUCHED.replace("dkim=pass", "dkim=fail"), False),
    "another domain's signature": (VOUCHED.replace("@googlemail.com header.s", "@evil.example header.s"), False),
    "a domain that only starts like Gmail's": (
        VOUCHED.replace("header.i=@googlemail.com", "header.i=@googlemail.com.x"),
        False,
    ),
    "not aligned": (VOUCHED.replace("dmarc=pass", "dmarc=fail"), False),
    "somebody else's server vouches": (VOUCHED.replace("mx.google.com;", "mx.evil.example;"), False),
    "the forger's own header below Gmail's": (
        "Authentication-Results: mx.google.com; dkim=none; dmarc=fail header.from=googlemail.com\r\n" + VOUCHED,
        False,
    ),
    "the words in a comment": (
        (
            "Authentication-Results: mx.google.com; dkim=fail (dkim=pass header.i=@googlemail.com);\r\n"
            " dmarc=pass header.from=googlemail.com\r\n"
        ),
        False,
    ),
    "the words in a comment around a comment": (
        (
            "Authentication-Results: mx.google.com; dkim=fail (x (y); dkim=pass header.i=@googlemail.com z);\r\n"
            " dmarc=pass header.from=googlemail.com\r\n"
        ),
        False,
    ),
    "comments deeper than any server's": (
        VOUCHED.replace("mx.google.com;", "mx.google.com " + "(" * 20 + ")" * 20 + ";"),
        False,
    ),
    "the words in a quoted value": (
        (
            'Authentication-Results: mx.google.com; spf=pass smtp.mailfrom="x; dkim=pass header.i=@googlemail.com";\r\n'
            " dmarc=pass header.from=googlemail.com\r\n"
        ),
        False,
    ),
}


@pytest.mark.parametrize(("results", "authentic"), GENUINE.values(), ids=GENUINE.keys())
def test_a_forged_notice_is_told(results: str, *, authentic: bool) -> None:
    """Anybody can mail the same words; only Gmail's own topmost header makes them Gmail's."""
    bounce = read_bounce(notice(prose(BAD_LOGIN), results=results))
    assert bounce.verdict is Verdict.LOGIN
    assert bounce.authentic is authentic
