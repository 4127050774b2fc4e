"""Durations: what people write, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.durations import LONGEST_S, BadDuration, format_duration, parse_duration
from rotator.core.errors import ConfigurationError

GOOD = {"90s": 90, "10m": 600, "72h": 259200, "7d": 604800, "0s": 0, "3650d": LONGEST_S}
BAD = {
    "a bare number": 90,
    "a number as text": "90",
    "a unit alone": "d",
    "two units": "1h30m",
    "a blank between": "90 s",
    "a blank before": " 90s",
    "a line end behind": "90s\n",
    "a fraction": "1.5h",
    "a sign": "-1h",
    "a leading zero": "09m",
    "a capital": "7D",
    "weeks": "2w",
    "digits of another script": "٩s",
    "nothing": "",
    "null": None,
    "true": True,
    "longer than ten years": "3651d",
    "longer than any number": "9999999999d",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_whole_number_and_a_unit_are_seconds(text: str) -> None:
    """`72h` is 259200 seconds."""
    assert parse_duration(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_everything_else_is_refused_with_the_right_form(text: object) -> None:
    """The error says what was seen and how it is written."""
    with pytest.raises(BadDuration) as caught:
        parse_duration(text)
    assert "90s 10m 72h 7d" in str(caught.value) or "longer than 3650d" in str(caught.value)
    assert isinstance(caught.value, ConfigurationError)


def test_what_was_seen_is_named() -> None:
    """A person finds their own text in the message."""
    with pytest.raises(BadDuration, match="'2w' is not a duration"):
        parse_duration("2w")


def test_a_long_text_is_not_repeated() -> None:
    """What is too long for a duration may be a secret in the wrong place."""
    with pytest.raises(BadDuration, match="a text of 40 characters") as caught:
        parse_duration("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    assert "wJal" not in str(caught.value)


@given(st.integers(0, LONGEST_S))
def test_what_is_written_is_read_back(seconds: int) -> None:
    """Formatting and parsing are inverse."""
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(86400, "24h"), (259200, "72h"), (604800, "7d"), (600, "10m"), (90, "90s"), (0, "0s")]
)
def test_durations_are_written_as_people_write_them(seconds: int, text: str) -> None:
    """Three days are 72h, a week is 7d."""
    assert format_duration(seconds) == text


def test_a_negative_duration_is_refused() -> None:
    """Time does not run backwards."""
    with pytest.raises(BadDuration, match="negative"):
        format_duration(-1)
