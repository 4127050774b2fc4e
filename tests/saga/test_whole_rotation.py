"""The whole rotation, driven as a person and a timer drive it: one command a process, days apart."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.saga.stage import BY_HAND, Stage

STEPS = (
    "lock", "survey", "preflight", "create", "verify", "push", "confirm", "grace", "deactivate", "watch", "delete",
)  # fmt: skip


def test_all_eleven_steps(build_stage: Callable[..., Stage]) -> None:
    """With IAM's usual lags: a stale key is replaced everywhere, deactivated, watched and deleted."""
    stage = build_stage()
    old = stage.adopt()
    stage.rotator("rotate", "--yes", code=3)
    (new,) = set(stage.keys()) - {old}
    assert stage.active() == {old, new}
    stage.person_pastes()
    stage.rotator("confirm", BY_HAND, code=3)
    assert stage.held() == dict.fromkeys(stage.held(), new)
    for hours in (24, 24, 23):
        stage.advance(hours=hours)
        stage.rotator("rotate", code=3)  # past its limit of 90 days, and still nobody is cut off
        assert stage.active() == {old, new}
    stage.advance(hours=1, minutes=1)
    stage.rotator("rotate")
    assert stage.keys() == {old: "Inactive", new: "Active"}
    for _ in range(8):
        stage.advance(days=1)
        stage.rotator("rotate", "--if-due")
    assert stage.keys() == {new: "Active"}
    said = "\n".join(stage.said)
    assert [name for name in STEPS if not re.search(rf"\b{name}\b", said)] == []
    assert stage.calls().count("iam:CreateAccessKey") == 1
    assert stage.calls().count("iam:DeleteAccessKey") == 1
    assert stage.calls().count("iam:UpdateAccessKey") == 1


def test_nothing_due_is_one_line_and_no_change(stage: Stage) -> None:
    """A daily timer with a young key says one line, changes nothing and exits 0."""
    stage.adopt()
    stage.configure(defaults={"max_age": "400d", "rotate_at": "300d"})
    done = stage.rotator("rotate", "--all", "--if-due", "--no-input")
    assert len(done.out.strip().splitlines()) == 1
    assert "iam:CreateAccessKey" not in stage.calls()
