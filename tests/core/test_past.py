"""The past, told from events: which run they belong to, and to which step."""

from __future__ import annotations

import pytest

from rotator.core.history import events as ev
from rotator.core.history.past import NUMBERS, number_of, runs

DAY_S = 86400
OLD, NEW = "AKIAOLDOLDOLDOLDOLDO", "AKIANEWNEWNEWNEWNEWN"
OFF = 5 * DAY_S
STORY: list[ev.Event] = [
    ev.Adopted(0, "123456789012", "u", "AIDA", OLD, ("a",)),
    ev.RunOpened(10, "first", 0, "", OLD, ("a",)),
    ev.KeyCreated(20, NEW),
    ev.ModeRaised(30, 1, "leak"),
    ev.EffectSettled(OFF, ev.Effect.DEACTIVATE, OLD, ev.Outcome.DONE),
    ev.CanarySettled(OFF + 60, "a", "t", ev.CanaryOutcome.ARRIVED, OFF),
    ev.CanarySettled(OFF + 2 * DAY_S, "a", "u", ev.CanaryOutcome.ARRIVED, OFF),
    ev.EffectSettled(OFF + 8 * DAY_S, ev.Effect.DELETE, OLD, ev.Outcome.DONE),
    ev.RunFinished(OFF + 8 * DAY_S, "first", "rotated"),
    ev.LoggedIn(OFF + 9 * DAY_S, NEW, "us-east-1"),
    ev.RunOpened(OFF + 60 * DAY_S, "second", 0, "", NEW, ("a",)),
]


def test_a_run_has_its_own_events_and_no_others() -> None:
    """What happened before, between and after runs belongs to none of them."""
    first, second = runs(STORY)
    assert [n for n, _, _ in first.events] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert (first.new, first.mode, first.outcome, first.finished) == (NEW, 1, "rotated", OFF + 8 * DAY_S)
    assert (second.outcome, second.finished, [n for n, _, _ in second.events]) == ("open", None, [11])


def test_the_same_kind_of_event_has_the_number_of_its_place() -> None:
    """A canary belongs to confirm, to the deactivation on its day, and to the watch after that."""
    first, _ = runs(STORY)
    assert [number for _, number, _ in first.events] == [1, 4, 1, 9, 9, 10, 11, 11]
    assert number_of(STORY[5]) == 7


NO_STEP = {"Adopted", "Sealed", "AbortAsked", "Forgotten", "ClockCorrected"} | {
    "AuditSettled", "NoticeSent", "NoticeFailed", "DoctorRan"
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(ev.KINDS.keys() - NO_STEP))
def test_every_step_of_a_run_has_a_protocol_number(kind: str) -> None:
    """A new kind of event gets its place in the timeline; only words to and from people and checks have none."""
    assert ev.KINDS[kind] in NUMBERS or kind in {"EffectIntended", "EffectSettled"}
