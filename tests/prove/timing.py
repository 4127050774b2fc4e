"""A pytest plugin of `make prove`: what is run, how long each suite took, and how many of its tests failed."""

from __future__ import annotations

import os

import pytest

from tests.prove.figures import count, suite_of

EXPORT = ("tests/suppression/test_export.py", "tests/suppression/test_killed.py")
PROOFS = ("tests/explorer/", "tests/schedules/", "tests/saga/", "tests/secrets/", *EXPORT)
ELSEWHERE = ("demo", "whole_rotation", "postfix", "foreign_logins", "launching")  # no fault is in them; CI runs them
CONTAINED = "test_killed_before_some_system_calls"  # every one of its kills is among those of the long test
NO_PROOF = (*(f"tests/saga/test_{name}.py" for name in ELSEWHERE), f"tests/saga/test_syscalls.py::{CONTAINED}")


def chosen(node: str, *, slow: bool) -> bool:
    """Whether a test belongs to the proofs: those folders but for `NO_PROOF`, and what is slow elsewhere."""
    return slow or (node.startswith(PROOFS) and not node.startswith(NO_PROOF))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is no proof."""
    kept = [one for one in items if chosen(one.nodeid, slow="slow" in one.keywords)]
    config.hook.pytest_deselected(items=[one for one in items if one not in set(kept)])
    items[:] = kept


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Called where the tests run and where they are gathered; counted only there."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    folder = suite_of(report.nodeid)
    count("ms", int(report.duration * 1000), folder=folder)
    if report.failed:
        count("violations", 1, folder=folder)
