"""Each wait to the second: what must come just before it is over, and what when it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core.access_keys import KEYS_PER_USER, KeyId
from rotator.core.history import events as ev
from rotator.core.policy import CANARY_BACKOFF_S, CLOCK_SLACK_S, LIST_LAG_S, REFUSAL_DEADLINE_S
from rotator.core.ports import Unknown as NoAnswer
from rotator.core.situation import Act, Tried
from rotator.core.steps import (
    Ask,
    Create,
    Deactivate,
    Delete,
    Discard,
    Look,
    Observe,
    OwnUnpushed,
    Push,
    Reactivate,
    Retired,
    SendCanary,
    Step,
    Verify,
)
from tests.core.telling import (
    BOTH,
    CONFIRMED,
    DAY,
    EMERGENCY,
    END,
    FILE,
    GMAIL,
    GRACE,
    HOUR,
    KEYS_OFF,
    LEAKED_NEW,
    NEW,
    OFF,
    OLD,
    OTHER,
    SURVIVED,
    Case,
    T,
    created,
    deactivated,
    essence,
    mail,
    off,
    on,
    pushed,
    refuse,
    replaced,
    run,
    switched,
    told,
    unclear,
    verified,
    wait,
)

UNKNOWN, LOST = ev.CanaryOutcome.UNKNOWN, ev.Outcome.UNKNOWN
BOTH_NAMES, BOTH_SEND = ("gmail", "news"), (GMAIL, replace(GMAIL, name="news"))
LAG = 4 * HOUR
QUIET = {NEW: T + 5, OLD: T - 3 * DAY}  # last-used means something, and the old key stands still
TWO_FAILED = [ev.VerifyFailed(T + 5, NEW, "here", 3, old_works=True)]


def at(case: Case, now: int) -> Step:
    """What comes at that second; of a proof only what is proven first."""
    step = essence(replace(case, now=now).step())
    if isinstance(step, Deactivate):
        return Deactivate(replace(step.retired, confirmed=step.retired.confirmed[:1]))
    return step


# story: (what happened, (second, step), (second, step))
LIMITS: dict[str, tuple[Case, tuple[int, Step], tuple[int, Step]]] = {
    "an unclear create is waited out": (
        Case(run(*unclear(OLD)), (on(OLD),), None),
        (T + 21, wait(4, T + 22)),
        (T + 22, Create((OLD,))),
    ),
    "an unclear push is waited out": (
        Case(run(*created(), *verified(), *pushed("gmail", LOST), *pushed("gmail", at=T + 5)), BOTH, None),
        (T + 21, wait(6, T + 22)),
        (T + 22, SendCanary("gmail")),
    ),
    "the latest of several unclear pushes is waited out": (
        Case(
            run(
                *created(),
                *verified(),
                *pushed("news", LOST, T + 9),
                *pushed("news", at=T + 10),
                *pushed("gmail", at=T + 11),
                names=BOTH_NAMES,
            ),
            BOTH,
            None,
            consumers=BOTH_SEND,
        ),
        (T + 30, wait(6, T + 31)),
        (T + 31, SendCanary("gmail")),
    ),
    "535 for a day is lag no longer: first the old password is compared": (
        Case(run(*created(), *TWO_FAILED), BOTH, None),
        (T + 5 + DAY - 1, Verify(NEW, "here")),
        (T + 5 + DAY, Discard(OwnUnpushed(NEW), active=True)),
    ),
    "the comparison with the old password comes after a day": (
        Case(run(*created(), ev.VerifyFailed(T + 5, NEW, "here", 3, old_works=False)), BOTH, None),
        (T + 5 + DAY - 1, Verify(NEW, "here")),
        (T + 5 + DAY, Verify(NEW, "here", compare_old=True)),
    ),
    "last-used is asked four hours after the canary": (
        Case(run(*CONFIRMED), BOTH, None),
        (T + LAG - 1, wait(8, GRACE)),
        (T + LAG, Observe(Look.LAST_USE, NEW)),
    ),
    "the grace": (
        Case(run(*CONFIRMED), BOTH, None, last_use=QUIET),
        (GRACE - 1, wait(8, GRACE)),
        (GRACE, Deactivate(replaced("gmail", "old_key_still"))),
    ),
    "the quiet after somebody else's use": (
        Case(
            run(*CONFIRMED),
            BOTH,
            None,
            last_use={NEW: T + 5, OLD: GRACE - HOUR},
            tried=frozenset({Tried(Act.PUSH, "gmail")}),
        ),
        (GRACE - HOUR + DAY - 1, wait(8, GRACE - HOUR + DAY, urgent=True)),
        (GRACE - HOUR + DAY, Deactivate(replaced("gmail", "canary"))),
    ),
    "last-used is given four hours after the newest canary, whatever the grace": (
        Case(run(*CONFIRMED), BOTH, None, last_use=QUIET, grace=HOUR),
        (T + LAG - 1, wait(8, T + LAG)),
        (T + LAG, Deactivate(replaced("gmail", "old_key_still"))),
    ),
    "an hour until SES has surely noticed": (
        Case(run(*CONFIRMED, *deactivated(GRACE), *mail("gmail", at=GRACE + 1), sealed=False), KEYS_OFF, None),
        (GRACE + HOUR - 1, wait(9, GRACE + HOUR)),
        (GRACE + HOUR, Observe(Look.REFUSAL, OLD)),
    ),
    "a day of unknown canaries calls a person": (
        Case(run(*OFF, *mail("gmail", UNKNOWN, GRACE + 9 + DAY - 30)), KEYS_OFF, None),
        (GRACE + 9 + DAY - 1, wait(9, GRACE + 9 + DAY + 30)),
        (GRACE + 9 + DAY, wait(9, GRACE + 9 + DAY + 30, urgent=True)),
    ),
    "a canary a day while the old key is watched": (
        Case(run(*SURVIVED), KEYS_OFF, None),
        (GRACE + 20 + DAY - 1, wait(10, END)),
        (GRACE + 20 + DAY, SendCanary("gmail", 10)),
    ),
    "the end of the watch, with a canary of its very second": (
        Case(run(*SURVIVED, *mail("gmail", at=END - 60)), KEYS_OFF, None),
        (END - 1, wait(10, END)),
        (END, SendCanary("gmail", 10)),
    ),
    "the last canary is unknown at the end of the watch": (
        Case(run(*SURVIVED, *mail("gmail", at=END - HOUR), *mail("gmail", UNKNOWN, END - 10)), KEYS_OFF, None),
        (END - 1, wait(10, END)),
        (END, wait(10, END + 50, urgent=True)),
    ),
    "the last canary may be a quarter of an hour old": (
        Case(run(*SURVIVED, *mail("gmail", at=END)), KEYS_OFF, None),
        (END + 900, Delete(Retired(OLD, "watched out"))),
        (END + 901, SendCanary("gmail", 10)),
    ),
    "a late deactivation may land until its deadline": (
        Case(
            run(*told("gmail"), *deactivated(T + 60, outcome=LOST), *switched(ev.Effect.REACTIVATE, OLD, T + 65)),
            BOTH,
            None,
        ),
        (T + 81, wait(9, T + 82)),
        (T + 82, SendCanary("gmail")),
    ),
    "switching on is repeated once the last request is over": (
        Case(
            run(
                *OFF,
                *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 20),
                *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 25),
                *switched(ev.Effect.REACTIVATE, OLD, GRACE + 30, LOST),
            ),
            KEYS_OFF,
            None,
            tried=frozenset({Tried(Act.REACTIVATE, OLD)}),
        ),
        (GRACE + 51, wait(9, GRACE + 52, urgent=True)),
        (GRACE + 52, Reactivate(OLD, "gmail was refused")),
    ),
    "switching on is repeated for a quarter of an hour, then left to the next process": (
        Case(
            run(
                *OFF,
                *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 20),
                *mail("gmail", ev.CanaryOutcome.REFUSED, GRACE + 25),
                *switched(ev.Effect.REACTIVATE, OLD, GRACE + 30, LOST),
            ),
            KEYS_OFF,
            None,
            tried=frozenset({Tried(Act.REACTIVATE, OLD)}),
        ),
        (GRACE + 25 + REFUSAL_DEADLINE_S - 1, Reactivate(OLD, "gmail was refused")),
        (GRACE + 25 + REFUSAL_DEADLINE_S, wait(9, GRACE + 25 + REFUSAL_DEADLINE_S + LIST_LAG_S, urgent=True)),
    ),
    "the end of the watch, with its last canary": (
        Case(run(*SURVIVED, *mail("gmail", at=END)), KEYS_OFF, None),
        (END - 1, wait(10, END)),
        (END, Delete(Retired(OLD, "watched out"))),
    ),
    "the newest of several canaries is given four hours": (
        Case(
            run(*told(*BOTH_NAMES), *mail("gmail", at=T + 9), *mail("news", at=T + 5), names=BOTH_NAMES),
            BOTH,
            None,
            consumers=BOTH_SEND,
            last_use=QUIET,
            grace=HOUR,
        ),
        (T + 9 + LAG - 1, wait(8, T + 9 + LAG)),
        (T + 9 + LAG, Deactivate(replaced("gmail", "old_key_still"))),
    ),
    "a place that can be read back too needs no mail to be traced": (
        Case(
            run(
                *told("gmail", "store"),
                ev.ReadBack(T + 5, "store", NEW),
                *mail("gmail", at=T + 9),
                *mail("store", at=T + 1800),
                names=("gmail", "store"),
            ),
            BOTH,
            None,
            consumers=(GMAIL, replace(FILE, name="store", sends=True)),
            last_use=QUIET,
            holdings={"store": KeyId(NEW)},
            grace=HOUR,
        ),
        (T + 9 + LAG - 1, wait(8, T + 9 + LAG)),
        (T + 9 + LAG, Deactivate(replaced("gmail", "old_key_still"))),
    ),
    "the newest canary of anybody counts when switching on is given up": (
        Case(
            run(
                *told(*BOTH_NAMES),
                *mail("gmail", at=T + 2),
                *mail("news", at=T + 3),
                *deactivated(T + 10),
                ev.OldRefused(T + 19, OLD, seen=True),
                *mail("gmail", ev.CanaryOutcome.REFUSED, T + 20),
                *mail("gmail", ev.CanaryOutcome.REFUSED, T + 25),
                *mail("news", at=T + 300),
                *switched(ev.Effect.REACTIVATE, OLD, T + 30, LOST),
                names=BOTH_NAMES,
            ),
            KEYS_OFF,
            None,
            consumers=BOTH_SEND,
            tried=frozenset({Tried(Act.REACTIVATE, OLD)}),
        ),
        (T + 300 + REFUSAL_DEADLINE_S - 1, Reactivate(OLD, "gmail was refused")),
        (T + 300 + REFUSAL_DEADLINE_S, wait(9, T + 300 + REFUSAL_DEADLINE_S + LIST_LAG_S, urgent=True)),
    ),
    "the journal may be a minute ahead of AWS's clock": (
        Case(run(*created()), BOTH, None),
        (T - CLOCK_SLACK_S - 1, refuse(2, "clock-behind-journal")),
        (T - CLOCK_SLACK_S, Verify(NEW, "here")),
    ),
}


@pytest.mark.parametrize("story", LIMITS)
def test_a_wait_ends_to_the_second(story: str) -> None:
    """One second earlier something else comes."""
    case, (before, first), (after, then) = LIMITS[story]
    assert at(case, before) == first
    assert at(case, after) == then


@pytest.mark.parametrize("times", range(1, 8))
def test_an_unknown_canary_is_repeated_ever_more_rarely(times: int) -> None:
    """A minute, five, a quarter of an hour, an hour, then every four hours."""
    past = run(*told("gmail"), *(one for _ in range(times) for one in mail("gmail", UNKNOWN, T)))
    pause = CANARY_BACKOFF_S[min(times, 5) - 1]
    case = Case(past, BOTH, None)
    assert at(case, T + pause - 1) == wait(7, T + pause, urgent=True)
    assert at(case, T + pause) == SendCanary("gmail")


def test_of_several_unknown_canaries_the_next_one_due_is_waited_for() -> None:
    """Two consumers with unknown canaries: the process comes back for the first of them."""
    unknown = [*mail("gmail", UNKNOWN, T + 30), *mail("news", UNKNOWN, T + 10)]
    case = Case(run(*told(*BOTH_NAMES), *unknown, names=BOTH_NAMES), BOTH, None, consumers=BOTH_SEND)
    assert at(case, T + 60) == wait(7, T + 70, urgent=True)


def test_a_key_list_is_believed_for_a_minute() -> None:
    """A list of a minute ago decides, an older one is asked for again."""
    case = Case(run(*created()), BOTH, None)
    assert essence(replace(case, keys_age=60).step()) == Verify(NEW, "here")
    assert essence(replace(case, keys_age=61).step()) == Observe(Look.KEYS)


def test_a_consumer_that_cannot_be_read_back_now_is_waited_for() -> None:
    """No answer is no evidence: nothing is switched off on it."""
    case = Case(
        run(*told("file"), names=("file",)), BOTH, None, consumers=(FILE,), holdings={"file": NoAnswer("timed out")}
    )
    assert at(case, T + 60) == wait(7, T + 60 + HOUR, urgent=True)


MOVED_TWICE = Case(
    run(*told("gmail"), *mail("gmail", at=T + 10), *mail("gmail", at=T + 20)),
    BOTH,
    None,
    last_use={NEW: T + 5, OLD: T + 20},
)


def test_a_consumer_behind_is_told_again_and_then_a_person() -> None:
    """Its canary moved the old key twice: pushed once more in this process, then somebody has to look."""
    now = T + 20 + LAG
    assert at(MOVED_TWICE, now) == Push("gmail", NEW)
    pushed_already = replace(MOVED_TWICE, tried=frozenset({Tried(Act.PUSH, "gmail")}))
    assert at(pushed_already, now) == Ask(7, "still-on-old-key", ("gmail",), "")


def test_a_canary_that_moved_the_old_key_is_repeated_once() -> None:
    """Somebody else may have used the old key in that quarter hour: the mail is sent again, after its back-off."""
    moved = Case(run(*told("gmail"), *mail("gmail", at=T + 10)), BOTH, None, last_use={NEW: T + 5, OLD: T + 10})
    assert at(moved, T + 10 + LAG) == SendCanary("gmail", 7)
    unknown = replace(moved, past=[*moved.past, *mail("gmail", UNKNOWN, T + 10 + LAG)])
    assert at(unknown, T + 10 + LAG + 30) == wait(7, T + 10 + LAG + 60)


OURS = Case(run(*told("gmail"), *mail("gmail", at=T + 10), ev.LoggedIn(T + DAY, OLD, "here")), BOTH, None)


@pytest.mark.parametrize(("used", "ours"), [(T + DAY - 900, True), (T + DAY + 900, True), (T + DAY + 901, False)])
def test_our_own_login_with_the_old_key_does_not_break_the_quiet(used: int, *, ours: bool) -> None:
    """A use within a quarter of an hour of our own login was ours, to the second."""
    now = T + DAY + 2 * HOUR
    case = replace(OURS, last_use={NEW: T + 5, OLD: used}, grace=HOUR, tried=frozenset({Tried(Act.PUSH, "gmail")}))
    assert isinstance(at(case, now), Deactivate) is ours


@pytest.mark.parametrize(("used", "urgent"), [(T + 10 + 900, False), (T + 10 + 901, True)])
def test_a_use_after_everybody_was_confirmed_is_somebodys(used: int, *, urgent: bool) -> None:
    """Within a quarter of an hour of the confirmation it may have been before it; later it is news for a person."""
    case = Case(
        run(*told("gmail"), *mail("gmail", at=T + 10), *mail("gmail", at=T + 2000)),
        BOTH,
        None,
        last_use={NEW: T + 5, OLD: used},
        grace=HOUR,
        tried=frozenset({Tried(Act.PUSH, "gmail")}),
    )
    assert at(case, T + 2000 + LAG) == wait(8, used + DAY, urgent=urgent)


ROOM = [*CONFIRMED, LEAKED_NEW, *deactivated(T + HOUR)]
SEEN_OFF = [*ROOM, ev.OldRefused(T + HOUR + 9, OLD, seen=True)]
INCIDENT = run(mode=EMERGENCY)
MAKES_ROOM: dict[str, tuple[list[ev.Event], Step]] = {
    "SES was not seen to refuse the old key": (ROOM, Observe(Look.REFUSAL, OLD)),
    "no mail has come through since": (SEEN_OFF, SendCanary("gmail", 9)),
    "a mail came through since": (
        [*SEEN_OFF, *mail("gmail", at=T + HOUR + 20)],
        Delete(Retired(OLD, "makes room in an incident")),
    ),
}


@pytest.mark.parametrize("story", MAKES_ROOM)
def test_the_old_key_makes_room_only_when_nobody_misses_it(story: str) -> None:
    """The new key leaked; the old one goes early, but not before a mail showed that nobody needs it."""
    past, expected = MAKES_ROOM[story]
    assert at(Case([*INCIDENT, *past], KEYS_OFF, None), T + 2 * HOUR) == expected


def test_everybody_that_can_send_must_do_without_the_old_key() -> None:
    """One consumer's mail says nothing about another's."""
    past = run(*told(*BOTH_NAMES), *mail("gmail"), *mail("news"), LEAKED_NEW, names=BOTH_NAMES, mode=EMERGENCY)
    switched_off = [*deactivated(T + HOUR), ev.OldRefused(T + HOUR + 9, OLD, seen=True)]
    one = Case([*past, *switched_off, *mail("gmail", at=T + HOUR + 20)], KEYS_OFF, None, consumers=BOTH_SEND)
    assert at(one, T + 2 * HOUR) == SendCanary("news", 9)
    both = replace(one, past=[*one.past, *mail("news", at=T + HOUR + 30)])
    assert at(both, T + 2 * HOUR) == Delete(Retired(OLD, "makes room in an incident"))


def test_who_cannot_send_does_not_bar_the_way() -> None:
    """A file that says it holds the new key is enough for its part."""
    past = run(*told("file"), ev.ReadBack(T + 5, "file", NEW), LEAKED_NEW, names=("file",), mode=EMERGENCY)
    switched_off = [*deactivated(T + HOUR), ev.OldRefused(T + HOUR + 9, OLD, seen=True)]
    case = Case([*past, *switched_off], KEYS_OFF, None, consumers=(FILE,), holdings={"file": KeyId(NEW)})
    assert at(case, T + 2 * HOUR) == Delete(Retired(OLD, "makes room in an incident"))


FOREIGN = [*told("gmail"), *mail("gmail"), *switched(ev.Effect.REACTIVATE, NEW, T + 100)]


FILE_HAS_IT = Case(
    run(*told("file"), ev.ReadBack(T + 5, "file", NEW), names=("file",)),
    BOTH,
    None,
    consumers=(FILE,),
    holdings={"file": KeyId(NEW)},
)


def test_the_old_key_must_stand_still_for_a_file_too() -> None:
    """Nobody sends a mail through a file, so last-used is asked when the grace is over."""
    assert at(FILE_HAS_IT, GRACE) == Observe(Look.LAST_USE, NEW)
    assert at(replace(FILE_HAS_IT, last_use={NEW: T + 5}), GRACE) == Observe(Look.LAST_USE, OLD)


def test_evidence_that_nothing_brings_is_looked_for_in_an_hour() -> None:
    """What was read back is not recorded yet: no canary is due, and the next look comes in an hour."""
    unrecorded = replace(FILE_HAS_IT, past=run(*told("file"), names=("file",)))
    assert at(unrecorded, T + 60) == wait(7, T + 60 + HOUR, urgent=True)


HELD = [*CONFIRMED, *deactivated(T + 100), *switched(ev.Effect.REACTIVATE, OLD, T + 200)]


def test_a_second_unclear_reactivation_is_no_foreign_hand() -> None:
    """The list may lag until a minute after the request's deadline; then somebody else switched the key off."""
    case = Case(run(*HELD, *switched(ev.Effect.REACTIVATE, OLD, T + 300, LOST)), KEYS_OFF, None)
    landed = T + 300 + 21 + LIST_LAG_S
    assert at(case, T + 310) != refuse(2, "key-switched-off")
    assert at(case, landed) != refuse(2, "key-switched-off")
    assert at(case, landed + 1) == refuse(2, "key-switched-off")


def test_a_change_of_ours_explains_a_list_for_a_minute_after_its_deadline() -> None:
    """Then somebody else must have done it: a person is called."""
    case = Case(run(*FOREIGN), (on(OLD), off(NEW, 0)), None)
    landed = T + 100 + 21 + LIST_LAG_S
    assert at(case, landed) != refuse(2, "key-switched-off")
    assert at(case, landed + 1) == refuse(2, "key-switched-off")


def test_the_newest_stranger_is_named_first() -> None:
    """Of two foreign keys the one that just appeared is the one to talk about."""
    step = Case(run(), (on(OTHER, 5 * DAY), on("AKIA-FOURTH", 9 * DAY)), None).step()
    assert step.seen[0] == OTHER  # type: ignore[union-attr]
    assert len(step.seen) == KEYS_PER_USER  # type: ignore[union-attr]
