"""What permits a deactivation or a deletion is made in one place, from evidence; and how little is missing for none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import rotator
from rotator.core import evidence
from rotator.core.access_keys import Instant
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.policy import Policy
from rotator.core.situation import Observed, Situation
from rotator.core.steps import Retired
from tests.core.telling import (
    CONFIRMED,
    END,
    GMAIL,
    GRACE,
    KEYS_OFF,
    LEAKED_OLD,
    OFF,
    OLD,
    SURVIVED,
    WHO,
    deactivated,
    pushed,
    run,
    switched,
)

PROOFS = {"Replaced", "Retired"}


def test_proofs_are_made_from_evidence_alone() -> None:
    """No other module of the product builds the values that `Deactivate` and `Delete` take."""
    makers = {
        (path.name, node.func.id)
        for path in Path(rotator.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PROOFS
    }
    assert makers == {("evidence.py", name) for name in PROOFS}


RETIRED: dict[str, tuple[list[ev.Event], int, Retired | None]] = {
    "watched out": (SURVIVED, END, Retired(OLD, "watched out")),
    "leaked: no watch": ([*SURVIVED, LEAKED_OLD], GRACE + 30, Retired(OLD, "compromised")),
    "a second short of the watch": (SURVIVED, END - 1, None),
    "no canary since SES refuses it": (OFF, END, None),
    "SES was not seen to refuse it": ([*CONFIRMED, *deactivated(GRACE)], END, None),
    "never off": (CONFIRMED, END, None),
    "on again: held": ([*SURVIVED, *switched(ev.Effect.REACTIVATE, OLD, GRACE + 40)], END, None),
    "told again and not confirmed since": ([*SURVIVED, *pushed("gmail", at=GRACE + 40)], END, None),
}


@pytest.mark.parametrize("case", RETIRED)
def test_a_key_is_retired_only_by_all_of_its_evidence(case: str) -> None:
    """One thing missing, and there is no proof that a deletion could be built from."""
    past, now, expected = RETIRED[case]
    policy = Policy(WHO.user, WHO.account, (GMAIL,), sole_creator=True)
    s = Situation(fold(run(*past)), Observed(WHO, KEYS_OFF, now), policy, Instant(now))
    assert evidence.retired(s) == expected
