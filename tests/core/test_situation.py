"""What a process has seen and tried, and when a key list may be believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core import steps
from rotator.core.access_keys import AccessKey, Instant, Status
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.policy import LIST_LAG_S, Policy
from rotator.core.situation import ATTEMPTS_A_PROCESS, Act, Observed, Situation, Tried
from tests.core.telling import GMAIL, NEW, OLD, OTHER, WHO, T, created, deactivated, off, on, run, switched, unclear

PROTOCOL = {
    steps.Observe: 2,
    steps.Forget: 2,
    steps.Preflight: 3,
    steps.Create: 4,
    steps.Discard: 4,
    steps.Verify: 5,
    steps.Push: 6,
    steps.Deactivate: 9,
    steps.Revoke: 9,
    steps.Reactivate: 9,
    steps.Delete: 11,
    steps.Finish: 11,
}


@pytest.mark.parametrize("kind", PROTOCOL)
def test_a_step_bears_its_number_in_the_protocol(kind: type) -> None:
    """The numbers are those that documents and runbooks use."""
    assert kind.number == PROTOCOL[kind]  # type: ignore[attr-defined]
    assert steps.SendCanary("gmail").number == 7


def test_an_unclear_effect_is_repeated_twice_in_a_process() -> None:
    """Three attempts: after the third this process is done with it, and only with that one."""
    seen, done = Observed(), Tried(Act.PUSH, "relay")
    for attempt in range(1, 4):
        assert done not in seen.tried
        seen = seen.after_unclear(Act.PUSH, "relay")
        assert len(seen.tried) == attempt
    assert done in seen.tried
    assert ATTEMPTS_A_PROCESS == 3
    assert seen.after_unclear(Act.PUSH, "other").tried - seen.tried == {Tried(Act.PUSH, "other", 1)}
    both = Observed().with_tried(Act.PUSH, "a").with_tried(Act.VERIFY, "b")
    assert both.tried == {Tried(Act.PUSH, "a"), Tried(Act.VERIFY, "b")}
    assert both.pushing_anew().tried == {Tried(Act.VERIFY, "b")}


def looking(past: list[ev.Event], keys: tuple[AccessKey, ...], listed_at: int) -> Situation:
    """A situation with a key list of that second."""
    observed = Observed(WHO, keys, listed_at)
    return Situation(fold(past), observed, Policy("ses", "1", (GMAIL,)), Instant(listed_at))


LAST_CHANGES = {
    "a create": (run(*created(T)), T),
    "an unclear create": (run(*unclear(OLD)), T + 21),
    "an effect": (run(*created(T), *deactivated(T + 50)), T + 71),
    "nothing since the run was opened": (run(), 0),
}


@pytest.mark.parametrize("change", LAST_CHANGES)
def test_a_list_is_settled_a_minute_after_our_last_change(change: str) -> None:
    """Until then it may show what was before."""
    past, last = LAST_CHANGES[change]
    assert not looking(past, (on(OLD),), last + LIST_LAG_S).list_is_settled
    assert looking(past, (on(OLD),), last + LIST_LAG_S + 1).list_is_settled


OLD_OFF = run(*created(T), *deactivated(T + 50))
OLD_ON = [*OLD_OFF, *switched(ev.Effect.REACTIVATE, OLD, T + 60)]
UNCLEAR = run(*created(T), *deactivated(T + 50, outcome=ev.Outcome.UNKNOWN))
OFF_THEN_UNCLEAR = [*OLD_OFF, *switched(ev.Effect.REACTIVATE, OLD, T + 60, ev.Outcome.UNKNOWN)]
SOON, SETTLED = T + 62, T + 999
STATES = {
    "a settled list is right": (OLD_OFF, (on(OLD),), SETTLED, Status.ACTIVE),
    "a settled list without the key: it is gone": (OLD_OFF, (on(NEW, 0),), SETTLED, None),
    "our own deactivation is newer than the list": (OLD_OFF, (on(OLD),), SOON, Status.INACTIVE),
    "our own reactivation is newer than the list": (OLD_ON, (off(OLD),), SOON, Status.ACTIVE),
    "an unclear one says nothing, the list does": (UNCLEAR, (on(OLD),), SOON, Status.ACTIVE),
    "the list does, also when the key is off": (UNCLEAR, (off(OLD),), SOON, Status.INACTIVE),
    "a young list without the key: as it was left": (OFF_THEN_UNCLEAR, (), SOON, Status.INACTIVE),
    "a young list without the key, never switched off": (UNCLEAR, (), SOON, Status.ACTIVE),
    "a young list, nothing done to the key": (run(*created(T)), (off(OLD),), T + 1, Status.INACTIVE),
}


@pytest.mark.parametrize("story", STATES)
def test_a_keys_state_is_as_listed_unless_we_know_better(story: str) -> None:
    """Only what we did ourselves, and were told that it is done, outweighs a list that may lag."""
    past, keys, now, state = STATES[story]
    s = looking(past, keys, now)
    assert s.status(s.old) is state


STRANGERS = {
    "a key made after the journal's end, and none of ours: the journal is behind": (T + 61, (OTHER,), "journal-behind"),
    "within a minute it is a stranger's": (T + 60, (OTHER,), "strangers-key"),
    "one of ours beside it": (T + 61, (OTHER, OLD), "strangers-key"),
}


@pytest.mark.parametrize("story", STRANGERS)
def test_an_old_journal_is_told_from_a_stranger(story: str) -> None:
    """A key younger than everything recorded, and ours gone: the journal was restored from a backup."""
    from rotator.core.next_step import decide

    made, ids, refusal = STRANGERS[story]
    keys = tuple(on(one, T - made if one == OTHER else 80 * 86_400) for one in ids)
    s = looking(run(), keys, T + 90)
    step, _ = decide(s.facts, s.observed, s.policy, s.now)
    assert isinstance(step, steps.Refuse)
    assert step.id == refusal
    assert step.seen == ids


SOMEBODY_ELSES = "AKIASTRANGERSTRANGE1"
CARRIERS = {
    "both of a run": (run(*created(T)), (on(OLD), on(NEW, T)), T + 999, (OLD, NEW)),
    "not one that is off": (OLD_OFF, (off(OLD), on(NEW, T)), SETTLED, (NEW,)),
    "not one that we switched off, whatever a young list says": (OLD_OFF, (on(OLD), on(NEW, T)), SOON, (NEW,)),
    "no stranger's": (run(), (on(OLD), on(SOMEBODY_ELSES)), T + 999, (OLD,)),
    "none that is not listed": (run(*created(T)), (), SOON, ()),
}


@pytest.mark.parametrize(("past", "keys", "now", "carrying"), CARRIERS.values(), ids=CARRIERS.keys())
def test_mail_flows_on_our_active_keys(
    past: list[ev.Event], keys: tuple[AccessKey, ...], now: int, carrying: tuple[str, ...]
) -> None:
    """People are told the keys that mail can go out with, and no other."""
    assert looking(past, keys, now).carrying == carrying


def test_who_somebody_is_does_not_depend_on_when_it_was_asked() -> None:
    """Two replies about one user are about one user."""
    assert replace(WHO, at=Instant(T)) == WHO
