"""Whatever the bytes are, explaining them ends with an answer, and a credential is never blamed without a reply."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rotator.core.mail.bounce import Verdict, read_bounce
from rotator.core.mail.bounce_mail import HTML_LIMIT, TEXT_PARTS, BounceMail
from rotator.core.mail.explain_bounce import explain_bounce, explain_text
from rotator.core.mail.explain_reply import explain_reply
from rotator.core.mail.explanation import Authenticity, Layer
from rotator.core.mail.ses_event import read_event
from tests.core.test_bounce import BAD_LOGIN, FILLED, VOUCHED, notice, prose
from tests.explain.bounces import SUPPRESSED, event, postfix, report

LOGIN_REPLY = re.compile(r"53[045](?:[ -]|$)")
SEEDS = [
    notice(prose(BAD_LOGIN)),
    notice(prose("x"), status=FILLED.format(BAD_LOGIN)),
    notice(prose(BAD_LOGIN), html=True, encoding="base64"),
    report(SUPPRESSED),
    postfix(BAD_LOGIN, "email-smtp.us-east-1.amazonaws.com"),
    event("General", "smtp; 550 5.1.1 no"),
]
PIECES = [
    "Content-Type: multipart/report; boundary=b\r\n",
    "Content-Type: message/delivery-status\r\n\r\n",
    "\r\n",
    "--b\r\n",
    "From: mailer-daemon@googlemail.com\r\n",
    VOUCHED,
    "https://support.google.com/mail/?p=CustomFromDenied\n",
    "535 ",
    "The response was:\n\n",
    "Authentication Credentials Invalid",
    "=?utf-8?q?=",
    'charset="x\x00y"',
    "{",
    '{"Message":',
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Type: text/html\r\n\r\n<![",
    "said: 535 x",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real notice with something cut out, put in or turned around."""
    raw = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        cut = draw(st.integers(0, 40))
        put = draw(st.one_of(st.binary(max_size=12), st.sampled_from(PIECES).map(str.encode)))
        raw[at : at + cut] = put
    return bytes(raw)


put_together = st.lists(st.sampled_from(PIECES), max_size=14).map(lambda found: "".join(found).encode())
anything = st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))


@settings(max_examples=300, deadline=None)
@given(raw=st.one_of(damaged(), put_together, anything))
def test_no_bytes_are_too_much(raw: bytes) -> None:
    """An answer is given for anything, and a credential is blamed only for a believed reply of 530, 534 or 535."""
    read_bounce(raw)
    for found in (explain_bounce(raw), explain_bounce(raw, fetched=True)):
        if found.credential_to_blame:
            assert LOGIN_REPLY.match(found.reply)
            assert found.authentic is not Authenticity.FAILED


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=300))
def test_no_text_is_too_much(text: str) -> None:
    """Neither a reply nor an event nor a copied notice ends in anything but an answer."""
    read_event(text)
    for found in (explain_text(text), explain_reply(text)):
        assert not found.credential_to_blame or LOGIN_REPLY.match(found.reply)


def nested(kind: str, depth: int) -> bytes:
    """Parts in parts, as deep as a forger likes."""
    layer = {
        "multipart": 'Content-Type: multipart/mixed; boundary="b{0}"\r\n\r\n--b{0}\r\n',
        "rfc822": "Content-Type: message/rfc822\r\n\r\n",
    }[kind]
    inside = "".join(layer.format(number) for number in range(depth))
    text = "Content-Type: text/plain\r\n\r\n" + prose(BAD_LOGIN)
    return f"From: mailer-daemon@googlemail.com\r\n{VOUCHED}{inside}{text}".encode()


@pytest.mark.parametrize("kind", ["multipart", "rfc822"])
@pytest.mark.parametrize("depth", [60, 1100])
def test_a_mail_that_is_too_deep_says_nothing(kind: str, depth: int) -> None:
    """Whoever nests a thousand parts ends no program and blames no credential."""
    raw = nested(kind, depth)
    assert read_bounce(raw).verdict in (Verdict.NONE, Verdict.RECIPIENT)
    assert not explain_bounce(raw).credential_to_blame
    assert not explain_bounce(raw, fetched=True).credential_to_blame


HUGE = {
    "comments that never end": b"Content-Type: text/html\r\n\r\n" + b"<!--" * 500_000,
    "tags that never end": b"Content-Type: text/html\r\n\r\n" + b"<" * 2_000_000,
    "a check of the sender, all brackets": b"Authentication-Results: " + b"(" * 500_000 + b"\r\n\r\nx",
    "replies, and nothing else": b"\r\n" + b"535 " * 500_000,
    "two hundred pages of HTML": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 10_000 + b"\r\n") * 200,
}


@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE.keys())
def test_a_huge_mail_is_done_with_soon(body: bytes) -> None:
    """Of a mail made to keep the program busy only a little is looked at, and it says nothing of a credential."""
    raw = b"From: mailer-daemon@googlemail.com\r\n" + body
    assert not explain_bounce(raw, fetched=True).credential_to_blame
    if b"html" in body:
        assert len(BounceMail(raw).text) < TEXT_PARTS * (HTML_LIMIT + 2)


def test_a_mail_without_a_sender_is_nobody_s_word() -> None:
    """In a mailbox a notice has a sender; copied text is for files."""
    found = explain_bounce(prose(BAD_LOGIN).encode(), fetched=True)
    assert (found.layer, found.credential_to_blame) == (Layer.UNKNOWN, False)
