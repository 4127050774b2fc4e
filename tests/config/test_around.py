"""What surrounds the commands, as `config show` tells it."""

from __future__ import annotations

from rotator.config.settings import effective
from tests.config.samples import NINE_LINES, TRUST, full, load


def test_a_pings_path_is_not_shown() -> None:
    """Who knows it can speak for us, so only the host is told."""
    shown = {one.path: (one.value, one.origin) for one in effective(load(full(), TRUST))}
    assert shown["ping.rotate"] == ("https://hc-ping.com/***", "file")
    assert shown["ping.suppression"] == ("http://127.0.0.1:8000/***", "file")
    assert "aaaa" not in str(shown)


def test_every_value_in_force_is_told_with_its_origin() -> None:
    """Defaults too: reminders every three days, nobody pinged, no metrics."""
    shown = {one.path: (one.value, one.origin) for one in effective(load(NINE_LINES))}
    assert shown["notify.mail_to"] == ("jadasailing@gmail.com", "file")
    assert shown["notify.remind"] == ("72h", "default")
    assert shown["notify.mail_from"] == shown["ping.audit"] == shown["metrics.textfile"] == ("null", "default")
