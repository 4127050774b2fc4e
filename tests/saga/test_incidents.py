"""Incidents by the command line, on top of an open run: what the operator sees and what becomes of the keys."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.saga.stage import BY_HAND, Stage


@pytest.fixture
def waiting(stage: Stage) -> Stage:
    """A run that waits for a person: both keys are Active."""
    stage.adopt()
    stage.rotator("rotate", "--yes", code=3)
    return stage


def keys_of(stage: Stage) -> tuple[str, str]:
    """The adopted key and the run's new one."""
    old, new = stage.world.keys.now_held("jada-ses-smtp")
    return old.id, new.id


def test_an_emergency_says_first_that_the_key_is_still_active(waiting: Stage) -> None:
    """While a person holds the leaked key, every run exits 3, says so, and prints the command that revokes it."""
    old, new = keys_of(waiting)
    done = waiting.rotator("rotate", "--emergency", "--key", old, "--reason", "in a public repository", "--yes", code=3)
    assert re.search(r"leaked and is STILL ACTIVE", done.text)
    assert f"--revoke-first --key {old}" in done.text
    again = waiting.rotator("rotate", code=3)
    assert f"--revoke-first --key {old}" in again.text
    assert waiting.active() == {old, new}


def test_an_emergency_ends_without_grace(waiting: Stage) -> None:
    """Once the person has pasted, the leaked key goes at once: no grace, no quiet, no watch."""
    old, new = keys_of(waiting)
    waiting.rotator("rotate", "--emergency", "--key", old, "--reason", "leaked", "--yes", code=3)
    waiting.person_pastes()
    waiting.rotator("confirm", BY_HAND, code=None)
    waiting.rotator("rotate", "--if-due", code=0)
    assert waiting.keys() == {new: "Active"}


def test_revoke_first_switches_off_at_once(waiting: Stage) -> None:
    """Revoke first: the leaked key is off when the command returns, although a person still holds it."""
    old, new = keys_of(waiting)
    waiting.rotator("rotate", "--revoke-first", "--key", old, "--reason", "being abused", "--yes", code=3)
    assert waiting.keys() == {old: "Inactive", new: "Active"}
    waiting.person_pastes()
    waiting.rotator("confirm", BY_HAND, code=None)
    waiting.rotator("rotate", "--if-due", code=0)
    assert waiting.keys() == {new: "Active"}


def test_a_leaked_new_key_is_replaced(waiting: Stage) -> None:
    """The run's new key leaks after it was handed out: it is revoked and deleted, and another one is made."""
    old, new = keys_of(waiting)
    waiting.rotator("rotate", "--revoke-first", "--key", new, "--reason", "pasted into a chat", "--yes", code=3)
    assert new not in waiting.active()
    waiting.person_pastes()
    waiting.rotator("confirm", BY_HAND, code=None)
    assert new not in set(waiting.keys())
    assert set(waiting.held().values()).isdisjoint({old, new})


def test_a_compromised_key_is_not_switched_on_by_a_script(waiting: Stage) -> None:
    """`reactivate` of a compromised key works only when typed at a terminal."""
    old, _ = keys_of(waiting)
    waiting.rotator("rotate", "--revoke-first", "--key", old, "--reason", "being abused", "--yes", code=3)
    done = waiting.rotator("reactivate", "--key", old, "--reason", "script", "--yes", code=1)
    assert "terminal" in done.text
    assert old not in waiting.active()


def test_a_retired_key_needs_nothing(build_stage: Callable[..., Stage]) -> None:
    """An incident about a key that is long gone: exit 0, nothing created."""
    stage = build_stage(calm=True)
    stage.keep_consumers("relay")
    stage.configure(defaults={"grace": "0s", "quiet": "0s", "watch": "0s"})
    old = stage.adopt()
    stage.rotator("rotate", "--yes", code=None)
    stage.advance(hours=5)
    stage.rotator("rotate", code=None)
    assert old not in set(stage.keys())
    before = stage.world.keys.creations
    stage.rotator("rotate", "--emergency", "--key", old, "--reason", "found late", "--yes", code=0)
    assert stage.world.keys.creations == before


def test_abort_is_free_before_the_first_push(build_stage: Callable[..., Stage]) -> None:
    """A run whose new key nobody was given is dropped; the old key works as before."""
    stage = build_stage(calm=True)
    stage.configure(defaults={"verify": {"deadline": "10s", "successes": 3}})
    old = stage.adopt()
    stage.world.faults.arm("smtp_535", 200)
    stage.rotator("rotate", "--yes", code=3)
    assert len(stage.keys()) == 2
    stage.rotator("abort", "--reason", "wrong time", code=0)
    assert stage.keys() == {old: "Active"}


def test_abort_is_refused_after_the_first_push(waiting: Stage) -> None:
    """From the first push on a run only goes forward."""
    done = waiting.rotator("abort", "--reason", "second thoughts", code=1)
    assert "can no longer be aborted" in done.text
    assert len(waiting.active()) == 2
