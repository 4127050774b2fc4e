"""A wrong Date in the journal: no time of it is left, and no wait has become shorter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from rotator.core.facts import ConsumerFacts, CreateIntent, Facts, KeyFacts, Run
from rotator.core.history import events as ev
from rotator.core.history.correction import corrected
from rotator.core.history.fold import fold
from rotator.core.policy import DAY_S, HOUR_S, REQUEST_DEADLINE_S, Mode
from rotator.core.steps import Look, Observe, SendCanary
from tests.core.telling import (
    CONFIRMED,
    EMERGENCY,
    KEYS_OFF,
    LEAKED_OLD,
    NEW,
    OLD,
    Case,
    T,
    deactivated,
    essence,
    mail,
    run,
    told,
    unclear,
    wait,
)

NO_TIMES = {"grace", "canary_unknown", "canary_refused", "mode", "born"}  # numbers that count, and AWS's CreateDate
ENDS = {"until", "effect_until", "deactivate_until", "unclear_until", "push_until", "drain_until"}
TEST_MAIL = {"canary_first_at", "canary_at"}
WINDOW = REQUEST_DEADLINE_S + 1
AHEAD = 400 * DAY_S


def times(value: Any) -> Iterator[tuple[str, int]]:
    """Every time in some facts, with the name of its field."""
    if isinstance(value, tuple):
        for one in value:
            yield from times(one)
    elif is_dataclass(value):
        for one in fields(value):
            inner = getattr(value, one.name)
            if isinstance(inner, int) and not isinstance(inner, bool) and one.name not in NO_TIMES:
                yield one.name, inner
            else:
                yield from times(inner)


def at_once(row: Any, at: int) -> Any:
    """The same row with every time of it being `at`."""
    return replace(row, **{name: at for name, _ in times(row)})


def everything(at: int) -> Facts:
    """Facts in which every time is the same."""
    known: Facts = at_once(Facts(), at)
    consumer = replace(at_once(ConsumerFacts("gmail"), at), survived=OLD)
    opened = at_once(Run("run", at, Mode.SCHEDULED, "", OLD), at)
    intents = (CreateIntent((), at, at),)
    return replace(known, keys=(at_once(KeyFacts(OLD), at),), consumers=(consumer,), run=opened, intents=intents)


def test_every_time_of_the_wrong_day_is_taken_back() -> None:
    """What began then begins now, what may land is over a request later, a test mail and a create of then are void."""
    after = corrected(everything(T + AHEAD), T)
    found = dict(times(after))
    assert {name for name, at in found.items() if at == T + WINDOW} == ENDS - {"until"}
    assert {name for name, at in found.items() if at == 0} == TEST_MAIL | {"refused_at"}
    assert {at for name, at in found.items() if name not in ENDS | TEST_MAIL | {"refused_at"}} == {T}
    assert (after.intents, after.consumers[0].survived) == ((), "")


@pytest.mark.parametrize("at", [1, T - HOUR_S, T], ids=["long ago", "an hour ago", "just now"])
def test_a_time_that_can_be_true_stays(at: int) -> None:
    """Nothing that is not later than the correction changes, evidence included."""
    assert corrected(everything(at), T) == everything(at)


@pytest.mark.parametrize("field", sorted(TEST_MAIL))
def test_test_mails_are_void_if_one_of_them_has_a_wrong_time(field: str) -> None:
    """The first of then or the newest of then: neither says when the old key was used."""
    known = everything(T)
    later: Any = {field: T + 1}
    mixed = replace(known, consumers=(replace(known.consumers[0], **later),))
    after = corrected(mixed, T).consumers[0]
    assert (after.canary_first_at, after.canary_at, after.survived) == (0, 0, "")


def test_an_end_that_is_near_stays_where_it_is() -> None:
    """A request that began just before the correction may land until its own end, and no longer."""
    known = everything(0)
    near = replace(known, keys=(replace(known.keys[0], effect_until=T + 5),))
    assert corrected(near, T).keys[0].effect_until == T + 5


def test_without_a_run_there_is_none_afterwards() -> None:
    """Facts between two runs stay between two runs."""
    assert corrected(replace(everything(T + 1), run=None), T).run is None


def test_the_journal_goes_on_from_the_corrected_time() -> None:
    """The newest time is the correction's, whatever stood there; a second lie can be corrected as well."""
    lied = run(*told("gmail", at=T + AHEAD), *mail("gmail", at=T + AHEAD), *deactivated(T + AHEAD + HOUR_S))
    facts = fold([*lied, ev.ClockCorrected(T + HOUR_S, "a proxy")])
    assert facts.latest == T + HOUR_S
    assert max(at for _, at in times(facts)) == T + HOUR_S + WINDOW
    again = fold([*deactivated(T + 2 * AHEAD), ev.ClockCorrected(T + DAY_S, "again")], facts)
    assert again.latest == T + DAY_S
    assert again.key(OLD).deactivated_at == T + HOUR_S  # the first time that can be true stays


OFF_AT = T + HOUR_S
LIED = OFF_AT + AHEAD
RIGHT = OFF_AT + 90  # a person said what time it is
ASSUMED = (
    LEAKED_OLD,
    *CONFIRMED,
    *deactivated(OFF_AT),
    ev.OldRefused(LIED, OLD, seen=False),  # "the hour is over", by a Date that lied
    *mail("gmail", ev.CanaryOutcome.UNKNOWN, at=LIED + 1),
    ev.ClockCorrected(RIGHT, "a proxy"),
)
STILL_CARRIES = mail("gmail", at=RIGHT + 10)  # SES may still take the old key

AFTER_THE_LIE: dict[str, Case] = {
    "a key whose password we do not hold waits for its hour, counted from the deactivation": Case(
        run(*ASSUMED, *STILL_CARRIES, mode=EMERGENCY, sealed=False),
        KEYS_OFF,
        wait(9, OFF_AT + HOUR_S),
        now=RIGHT + 60,
    ),
    "SES is asked again about a key whose password we hold": Case(
        run(*ASSUMED, *STILL_CARRIES, mode=EMERGENCY), KEYS_OFF, Observe(Look.REFUSAL, OLD), now=RIGHT + 60
    ),
    "after the hour it is assumed anew, and only a test mail of then counts": Case(
        run(*ASSUMED, *STILL_CARRIES, ev.OldRefused(OFF_AT + HOUR_S, OLD, seen=False), mode=EMERGENCY, sealed=False),
        KEYS_OFF,
        SendCanary("gmail", 9),
        now=OFF_AT + HOUR_S + 5,
    ),
}


@pytest.mark.parametrize("case", AFTER_THE_LIE.values(), ids=AFTER_THE_LIE.keys())
def test_a_refusal_of_the_wrong_day_was_seen_by_nobody(case: Case) -> None:
    """A leaked old key is not deleted on a refusal that only a wrong Date had assumed."""
    assert essence(case.step()) == case.expected


def test_a_create_of_the_right_time_stays_open() -> None:
    """An unclear create from before the lie can still bear its key."""
    facts = fold([*run(*unclear(OLD), *told("gmail", at=T + AHEAD)), ev.ClockCorrected(T + HOUR_S, "a proxy")])
    assert [one.at for one in facts.intents] == [T]
    assert facts.key(NEW).pushed
