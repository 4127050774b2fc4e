"""The libraries' debug switches cannot be switched on past us."""

from __future__ import annotations

import logging

import googleapiclient.model
import httplib2
import pytest

from rotator.services.quiet import CHATTY, quiet_libraries


@pytest.mark.parametrize("name", [*CHATTY, "botocore.parsers", "googleapiclient.http", "google.auth.transport"])
def test_loggers_stay_at_info(name: str) -> None:
    """Whatever was set before, and whatever root is set to, nothing below INFO comes out."""
    logger, root = logging.getLogger(name), logging.getLogger()
    before, root_before = logger.level, root.level
    try:
        logger.setLevel(logging.DEBUG)
        root.setLevel(logging.DEBUG)
        quiet_libraries()
        assert not logger.isEnabledFor(logging.DEBUG)
        assert logger.isEnabledFor(logging.WARNING)
    finally:
        root.setLevel(root_before)
        logger.setLevel(max(before, logging.INFO))


def test_a_stricter_level_is_kept() -> None:
    """Somebody who wants errors only gets errors only."""
    logger = logging.getLogger("botocore")
    logger.setLevel(logging.ERROR)
    quiet_libraries()
    assert logger.level == logging.ERROR


def test_dumps_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """httplib2's and googleapiclient's own dumps print bodies, so they are held off."""
    monkeypatch.setattr(httplib2, "debuglevel", 4)
    monkeypatch.setattr(googleapiclient.model, "dump_request_response", True)
    quiet_libraries()
    assert not httplib2.debuglevel
    assert not googleapiclient.model.dump_request_response
