"""A pytest plugin of `make prove`: how long each suite took, and how many of its tests failed."""

from __future__ import annotations

import os

import pytest

from tests.prove.figures import count, suite_of


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Called where the tests run and where they are gathered; counted only there."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    folder = suite_of(report.nodeid)
    count("ms", int(report.duration * 1000), folder=folder)
    if report.failed:
        count("violations", 1, folder=folder)
