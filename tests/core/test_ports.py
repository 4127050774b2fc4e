"""Deadlines in monotonic time, and what a process is given."""

from __future__ import annotations

import time

from rotator.core.parts import CANARY_DEADLINE_S, Parts
from rotator.core.ports import Deadline
from rotator.core.refusals import TOLD, told
from rotator.core.secret import Secret
from rotator.core.steps import Ask, Refuse


def test_a_deadline_counts_down_to_zero_and_stays_there() -> None:
    """Seconds are left until none are, and then nothing may be started."""
    clock = [100.0]
    deadline = Deadline.after(20, lambda: clock[0])
    assert (deadline.left, deadline.over) == (20.0, False)
    clock[0] = 119.5
    assert (deadline.left, deadline.over) == (0.5, False)
    clock[0] = 120.0
    assert (deadline.left, deadline.over) == (0.0, True)
    clock[0] = 500.0
    assert (deadline.left, deadline.over) == (0.0, True)


def test_deadlines_are_compared_by_their_time_alone() -> None:
    """Which clock they look at does not show."""
    assert Deadline(5.0, lambda: 0.0) == Deadline(5.0, time.monotonic)
    assert "lambda" not in repr(Deadline(5.0, lambda: 0.0))


def test_how_long_a_mail_and_a_login_are_waited_for() -> None:
    """No verdict on a mail before a minute is over; a new key gets ten minutes by default."""
    assert CANARY_DEADLINE_S == 75.0
    assert Parts.__dataclass_fields__["verify_deadline_s"].default == 600.0


def test_a_refusal_is_told_with_what_was_seen() -> None:
    """In prose key ids are masked, in commands they are whole."""
    step = Refuse(2, "strangers-key", ("AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"))
    entry = told(step, "jada")
    assert entry.text.startswith("AKIA…MPLE was neither adopted nor made here")
    assert "AKIAIOSFODNN7EXAMPLE" not in entry.text
    assert (entry.why, entry.runbook, entry.exit_code) == (
        TOLD["strangers-key"].why,
        TOLD["strangers-key"].runbook,
        TOLD["strangers-key"].exit_code,
    )


def test_a_question_is_told_with_whom_it_is_about() -> None:
    """The command to type names the consumer."""
    entry = told(Ask(7, "hand-over", ("news",), ""), "jada")
    assert entry.text.endswith(": news")
    assert "rotator confirm jada news" in entry.fix
    revoke = told(Ask(6, "revoke-first", ("AKIAIOSFODNN7EXAMPLE",), ""), "jada")
    assert "--key AKIAIOSFODNN7EXAMPLE" in revoke.fix


def test_what_a_preflight_found_is_told_in_its_own_words() -> None:
    """The finding brings text, fix, page and exit code itself."""
    entry = told(Refuse(3, "preflight", ("broken", "the relay is broken", "mend it", "runbooks/x.md", "4")), "jada")
    assert (entry.text, entry.fix, entry.runbook, int(entry.exit_code)) == (
        "the relay is broken",
        "mend it",
        "runbooks/x.md",
        4,
    )


def test_a_secret_is_not_compared_with_anything_else() -> None:
    """A secret is equal to secrets only; with other things the other side may have a say."""
    assert Secret("a").__eq__("a") is NotImplemented
    assert Secret("a") != "a"
