"""Points in time have one form each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rotator.core.times import day, id_stamp, iso, stamp, when

AT = 1_795_749_240  # 27 November 2026, 03:14 UTC
FORMS: dict[str, tuple[Callable[[int], str], str]] = {
    "for people": (when, "27 Nov 2026 03:14 UTC"),
    "a day": (day, "27 Nov 2026"),
    "for JSON": (iso, "2026-11-27T03:14:00Z"),
    "in ids that journals hold": (id_stamp, "20261127-031400"),
    "in names of files, and ids of notices about the suppression list": (stamp, "20261127T031400Z"),
}


@pytest.mark.parametrize(("form", "text"), FORMS.values(), ids=FORMS.keys())
def test_a_time_is_written_in_utc(form: Callable[[int], str], text: str) -> None:
    """The forms never change: journals, scripts and names of files hold them."""
    assert form(AT) == text
