"""What one reply of SES says of a login or a mail."""

from __future__ import annotations

import pytest

from rotator.core.mail.ses_replies import Meaning
from rotator.core.ports import Acknowledged, Refused, Unknown
from rotator.services.smtp_session import Reply

Outcome = Acknowledged | Refused | Unknown
INVALID = "Authentication Credentials Invalid"

# stage, code, text, outcome, its text
CASES: dict[str, tuple[str, int, str, type[Outcome], str]] = {
    "a login is accepted": ("auth", 235, "ok", Acknowledged, "235 ok"),
    "a login that is asked for more is not": ("auth", 334, "", Unknown, "at auth: 334"),
    "a login is refused": ("auth", 535, INVALID, Refused, f"at auth: 535 {INVALID}"),
    "a login could not be checked": ("auth", 454, "Temporary authentication failure", Unknown, "at auth: 454"),
    "a mail is taken": ("data", 250, "Ok 0102", Acknowledged, "250 Ok 0102"),
    "a sender is put off": ("mail", 421, "Too many connections", Unknown, "at mail: 421"),
    "a mail is refused": ("data", 554, "Message rejected", Refused, "at data: 554"),
}


@pytest.mark.parametrize(("stage", "code", "text", "kind", "words"), CASES.values(), ids=CASES.keys())
def test_only_a_clear_answer_accepts_or_refuses(
    stage: str, code: int, text: str, kind: type[Outcome], words: str
) -> None:
    """235 alone accepts a login, 5xx alone refuses; everything else says nothing."""
    outcome = Reply(stage, code, text).outcome(f"at {stage}: ")
    assert type(outcome) is kind
    assert outcome.detail.startswith(words)


def test_a_refusal_names_its_meaning() -> None:
    """By it the rotation knows a wrong password from a sender that is not verified."""
    refused = Reply("auth", 535, INVALID).outcome()
    assert isinstance(refused, Refused)
    assert (refused.detail, refused.id) == (f"535 {INVALID}", Meaning.LOGIN)
