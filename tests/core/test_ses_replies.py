"""What SES's replies mean: by stage, code and words, in published wordings."""

from __future__ import annotations

import pytest

from rotator.core.mail.ses_replies import AUTH, DATA, Meaning, classify

# (stage, code, text): meaning.  Texts from the SES developer guide, "troubleshoot SMTP", and published transcripts.
SAID = {
    (AUTH, 235, "Authentication successful."): Meaning.ACCEPTED,
    (DATA, 250, "Ok 0000014a"): Meaning.ACCEPTED,
    (DATA, 354, "End data with <CR><LF>.<CR><LF>"): Meaning.ACCEPTED,
    (DATA, 200, "anything friendly"): Meaning.ACCEPTED,
    (AUTH, 334, "VXNlcm5hbWU6"): Meaning.UNCLASSIFIED,
    (AUTH, 250, "friendly, and no login"): Meaning.UNCLASSIFIED,
    ("", 421, "Maximum message count per session reached"): Meaning.RECONNECT,
    ("", 421, "Too many concurrent SMTP connections"): Meaning.BUSY,
    ("", 451, "Timeout waiting for data from client."): Meaning.RECONNECT,
    ("", 451, "Temporary service failure"): Meaning.BUSY,
    (DATA, 454, "Throttling failure: Maximum sending rate exceeded."): Meaning.QUOTA,
    (DATA, 454, "Throttling failure: Daily message quota exceeded."): Meaning.QUOTA,
    (AUTH, 454, "Temporary authentication failure"): Meaning.BUSY,
    ("", 454, "Temporary service failure"): Meaning.BUSY,
    ("", 450, "some other 4xx"): Meaning.BUSY,
    ("", 400, "the least of them"): Meaning.BUSY,
    ("", 530, "Must issue a STARTTLS command first"): Meaning.SETUP,
    ("", 530, "Authentication required"): Meaning.SETUP,
    (AUTH, 535, "Authentication Credentials Invalid"): Meaning.LOGIN,
    (AUTH, 535, "Account not subscribed to SES"): Meaning.ACCOUNT,
    (AUTH, 534, "5.7.9 Please log in"): Meaning.LOGIN,
    ("", 501, "Invalid MAIL FROM address provided"): Meaning.ENVELOPE,
    ("", 553, "Invalid email address"): Meaning.ENVELOPE,
    (DATA, 552, "Message is too long."): Meaning.CONTENT,
    (DATA, 550, "Missing subject field."): Meaning.CONTENT,
    (DATA, 554, "Access denied: User `x' is not authorized to perform `ses:SendRawEmail'"): Meaning.PERMISSION,
    (DATA, 554, "Message rejected: Email address is not verified."): Meaning.IDENTITY,
    (DATA, 554, "The following identities are not verified; the identities failed"): Meaning.IDENTITY,
    (DATA, 554, "MAIL FROM domain is not verified for this"): Meaning.MAIL_FROM,
    (DATA, 554, "Sending paused for this account."): Meaning.ACCOUNT,
    (DATA, 554, "Account is not subscribed to SES"): Meaning.ACCOUNT,
    (DATA, 554, "words that nobody has published"): Meaning.UNCLASSIFIED,
    ("", 500, "a number alone"): Meaning.UNCLASSIFIED,
    ("", 0, "no reply at all"): Meaning.UNCLASSIFIED,
}


@pytest.mark.parametrize(("said", "meaning"), SAID.items(), ids=[f"{code} {text}" for _, code, text in SAID])
def test_a_reply_is_understood(said: tuple[str, int, str], meaning: Meaning) -> None:
    """Stage, code and words decide together; what is unknown stays unclassified."""
    assert classify(*said)[0] is meaning


HINTED = [said for said, meaning in SAID.items() if meaning not in {Meaning.ACCEPTED, Meaning.UNCLASSIFIED}]


@pytest.mark.parametrize("said", HINTED, ids=[f"{code} {text}" for _, code, text in HINTED])
def test_a_person_gets_a_hint(said: tuple[str, int, str]) -> None:
    """Whatever went wrong, there is something to do."""
    assert classify(*said)[1]


def test_a_code_counts_at_its_stage() -> None:
    """235 is an answer to a login, 250 to a mail; neither is one to the other."""
    assert classify(DATA, 250, "Ok") == (Meaning.ACCEPTED, "accepted also when the recipient is suppressed")
    assert classify(AUTH, 250, "Ok") == (Meaning.UNCLASSIFIED, "")
    assert classify("", 530, "Must issue a starttls command first")[1] != classify("", 530, "log in")[1]
    login, subscription = classify(AUTH, 454, "Temporary authentication failure"), classify("", 454, "other")
    assert login[1] != subscription[1]
