"""Numbers that others rely on or that others published, and what happens exactly at a limit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rotator.core import access_keys, durations, evidence, facts, policy
from rotator.core.access_keys import Instant, LastUse, mask
from rotator.core.durations import BadDuration, format_duration, parse_duration
from rotator.core.errors import Exit
from rotator.core.evidence import Rung
from rotator.core.facts import CreateIntent
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.history.records import from_record
from rotator.core.mail import bounce
from rotator.core.policy import CLOCK_SLACK_S, LAST_USED_LAG_S, Policy, Traits
from rotator.core.situation import Observed, Situation
from tests.core.telling import (
    BOTH,
    GMAIL,
    HAND,
    NEW,
    OLD,
    OTHER,
    WHO,
    T,
    created,
    deactivated,
    mail,
    pushed,
    run,
    told,
    verified,
)

ROOT = Path(__file__).parents[2]

PUBLISHED = {
    "IAM's quota AccessKeysPerUser": (access_keys.KEYS_PER_USER, 2),
    "IAM notes the first use in fifteen minutes": (access_keys.USE_BUCKET_S, 900),
    "last-used is usually there within four hours": (policy.LAST_USED_LAG_S, 14_400),
    "no request of ours lives longer than": (policy.REQUEST_DEADLINE_S, 20),
    "IAM's lists lag": (policy.LIST_LAG_S, 60),
    "Date headers differ by": (policy.CLOCK_SLACK_S, 60),
    "SES is asked so long whether it refuses the old key": (policy.REFUSAL_DEADLINE_S, 900),
    "a deactivation has reached SES after": (policy.REFUSAL_ASSUMED_S, 3600),
    "535 is lag no longer after": (policy.WRONG_PASSWORD_S, 86_400),
    "what only time mends is looked at again after": (policy.RETRY_S, 3600),
    "an unknown canary calls a person after": (policy.CANARY_GIVES_UP_S, 86_400),
    "an unknown canary is repeated after": (policy.CANARY_BACKOFF_S, (60, 300, 900, 3600, 14_400)),
    "unclear creates are remembered": (facts.INTENTS_KEPT, 8),
    "deleted ids are remembered": (facts.DELETED_KEPT, 4),
    "one refused login may be the relay's own bad day": (evidence.REFUSALS_THAT_COUNT, 2),
    "of a bounce is kept, in characters": (bounce.REPLY_LIMIT, 300),
    "the longest duration is ten years": (durations.LONGEST_S, 3650 * 86_400),
    "modes, as journals hold them": (tuple(map(int, policy.Mode)), (0, 1, 2)),
    "the journal's schema": (ev.SCHEMA_VERSION, 1),
}
DEFAULTS = {"max_age_s": 90, "rotate_at_s": 80, "grace_s": 3, "quiet_s": 1, "watch_s": 7, "open_alarm_s": 2}  # days


@pytest.mark.parametrize("what", PUBLISHED)
def test_a_number_is_the_published_one(what: str) -> None:
    """Numbers from documents, and those that the pages promise, do not drift."""
    found, published = PUBLISHED[what]
    assert found == published


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_is_the_documented_one(name: str) -> None:
    """Who configures nothing gets the times that the documents name."""
    default = Policy("ses", "1", (GMAIL,))
    assert getattr(default, name) == DEFAULTS[name] * 86_400
    assert not default.sole_creator


def test_exit_codes_are_those_of_the_first_page() -> None:
    """The README's table of exit codes is the contract with cron and systemd."""
    rows = re.findall(r"^\| (\d+(?:, \d+)*) \|", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    documented = {int(code) for row in rows for code in row.split(", ")}
    assert {0, 1, 2, 3, 4, 5, 6, 7, 70, 130, 143} <= documented
    assert [int(code) for code in Exit] == [0, 1, 2, 3, 4, 5, 6, 7, 70, 130, 143]


def test_the_ladder_goes_up() -> None:
    """Rungs are compared, so their order is their meaning."""
    names = ["NONE", "ACKNOWLEDGED", "ATTESTED", "READ_BACK", "CANARY", "OLD_KEY_STILL", "SURVIVED"]
    assert [one.name for one in sorted(Rung)] == names


def test_a_key_id_is_shown_by_its_ends() -> None:
    """Four characters of each end tell two keys apart; what is short is shown whole."""
    assert mask("AKIAIOSFODNN7EXAMPLE") == "AKIA…MPLE"
    assert mask("123456789") == "1234…6789"
    assert mask("12345678") == "12345678"
    assert mask("") == ""


WINDOW = CreateIntent((OLD,), at=T, until=T + 21)
BIRTHS = {  # created: (inside the window, not before it)
    T - CLOCK_SLACK_S - 1: (False, False),
    T - CLOCK_SLACK_S: (True, True),
    T + 21 + CLOCK_SLACK_S: (True, True),
    T + 21 + CLOCK_SLACK_S + 1: (False, True),
}


@pytest.mark.parametrize("created_at", BIRTHS)
def test_a_birth_is_placed_to_the_second(created_at: int) -> None:
    """Clocks differ by a minute at most; only a person's word makes up for the end of the window."""
    assert (WINDOW.bore(NEW, created_at), WINDOW.may_bear(NEW, created_at)) == BIRTHS[created_at]
    assert not WINDOW.bore(OLD, created_at)
    assert not WINDOW.may_bear(OLD, created_at)


def test_only_a_pushed_new_key_is_pushed() -> None:
    """A run without a new key, or with one that nobody was given, may still be aborted."""
    assert not fold(run()).pushed_new
    assert not fold(run(*created())).pushed_new
    assert fold(run(*created(), *pushed("gmail"))).pushed_new
    assert not fold([]).pushed_new


DURATIONS = {
    0: "0s",
    59: "59s",
    60: "1m",
    90: "90s",
    3600: "1h",
    3660: "61m",
    86_400: "24h",
    345_600: "4d",
    345_599: "345599s",
}
SEEN = {
    True: "a word that YAML gives a meaning",
    None: "a word that YAML gives a meaning",
    90: "the bare number 90",
    10**9 - 1: "the bare number 999999999",
    10**9: "a bare number",
    "x" * 12: f"'{'x' * 12}'",
    "x" * 13: "a text of 13 characters",
}


@pytest.mark.parametrize("seconds", DURATIONS)
def test_a_duration_is_written_in_its_largest_unit(seconds: int) -> None:
    """People say 24h and 72h, but 4d and 7d."""
    assert format_duration(seconds) == DURATIONS[seconds]


@pytest.mark.parametrize("value", SEEN)
def test_what_is_no_duration_is_named_or_hidden(value: Any) -> None:
    """Short texts and numbers are repeated; what is long may be a secret in the wrong place."""
    with pytest.raises(BadDuration) as caught:
        parse_duration(value)
    assert str(caught.value).startswith(f"{SEEN[value]} is not a duration")


def seen(past: list[ev.Event], now: int, last_use: dict[str, int], consumer: Traits = GMAIL) -> Situation:
    """A situation in which last-used was answered."""
    uses = tuple((key, LastUse(Instant(at))) for key, at in last_use.items())
    observed = Observed(WHO, BOTH, now, uses, (), ())
    return Situation(fold(run(*past, names=(consumer.name,))), observed, Policy("ses", "1", (consumer,)), Instant(now))


QUARTER, LOOKED = 900, T + 60 + LAST_USED_LAG_S
MOVED = {  # old key's last use, seconds before or after the canary: whether it moved
    -QUARTER - 1: False,
    -QUARTER: True,
    0: True,
    QUARTER: True,
    QUARTER + 1: None,
}


@pytest.mark.parametrize("apart", MOVED)
def test_the_old_key_moved_in_the_canarys_quarter_hour(apart: int) -> None:
    """To the second: inside the quarter hour it moved, before it stood still, after it nobody knows."""
    s = seen([*told("gmail"), *mail("gmail", at=T + 60)], LOOKED, {NEW: T, OLD: T + 60 + apart})
    assert evidence.old_key_moved(s, s.facts.consumer("gmail")) is MOVED[apart]


def test_last_used_is_believed_after_four_hours_and_not_before() -> None:
    """The value lags: a second earlier it says nothing."""
    past = [*told("gmail"), *mail("gmail", at=T + 60)]
    early, due = (seen(past, now, {NEW: T, OLD: T - 99_999}) for now in (LOOKED - 1, LOOKED))
    assert evidence.old_key_moved(early, early.facts.consumer("gmail")) is None
    assert evidence.old_key_moved(due, due.facts.consumer("gmail")) is False


@pytest.mark.parametrize(("used", "calibrated"), [(T - QUARTER, True), (T - QUARTER - 1, False)])
def test_our_own_login_calibrates_within_its_quarter_hour(used: int, calibrated: bool) -> None:
    """The use that IAM shows may carry the time of the quarter hour's beginning, but none before it."""
    assert evidence.calibrated(seen([*created(), *verified()], T + 60, {NEW: used, OLD: T})) is calibrated


def test_what_cannot_send_or_read_back_is_believed_when_it_says_yes() -> None:
    """A program without a check can only acknowledge; a person can only give their word."""
    program = Traits("program", "command", "here")
    assert evidence.enough(program) is Rung.ACKNOWLEDGED
    assert evidence.enough(HAND) is Rung.ATTESTED
    s = seen(told("program"), T + 60, {}, program)
    assert evidence.replaced(s) is not None


def test_an_unclear_push_bars_the_proof_until_it_can_no_longer_land() -> None:
    """Up to its deadline nothing is proven; one second of drain left is too much."""
    past = [
        *created(),
        *verified(),
        *pushed("gmail", ev.Outcome.UNKNOWN),
        *pushed("gmail", at=T + 5),
        *mail("gmail", at=T + 9),
    ]
    assert evidence.replaced(seen(past, T + 20, {})) is None
    assert evidence.replaced(seen(past, T + 21, {})) is not None


def test_one_unclear_push_of_two_bars_the_proof() -> None:
    """Each consumer's own unclear push counts."""
    other = Traits("other", "command", "here")
    unclear = [*pushed("other", ev.Outcome.UNKNOWN, T + 1), *pushed("other", at=T + 5)]
    past = [*told("gmail"), *mail("gmail", at=T + 9), *unclear]
    facts_then = fold(run(*past, names=("gmail", "other")))
    wanted = Policy("ses", "1", (GMAIL, other))
    at_20 = Situation(facts_then, Observed(WHO, BOTH, T + 20), wanted, Instant(T + 20))
    at_22 = Situation(facts_then, Observed(WHO, BOTH, T + 22), wanted, Instant(T + 22))
    assert evidence.replaced(at_20) is None
    assert evidence.replaced(at_22) is not None


def test_a_strangers_key_is_not_born_of_our_create() -> None:
    """A key that was listed before the create is nobody's fruit."""
    assert not CreateIntent((OLD, OTHER), T, T + 21).bore(OTHER, T)


@pytest.mark.parametrize("after", [True, False])
def test_a_canary_after_the_refusal_survives_even_in_its_second(after: bool) -> None:
    """What was sent after SES was seen to refuse the old key is the proof, also if the clock shows the same second."""
    refused, last = ev.OldRefused(T + 70, OLD, seen=True), mail("gmail", at=T + 70)
    off = [*deactivated(T + 60), *([refused, *last] if after else [*last, refused])]
    s = seen([*told("gmail"), *mail("gmail", at=T + 5), *off], T + 80, {})
    assert evidence.survived(s, s.facts.consumer("gmail")) is after


def test_older_events_mean_what_they_meant() -> None:
    """Fields that older journals do not have are read as the case that was meant then."""
    adopted_then = {"at": T, "account": "1", "user": "u", "user_id": "A", "key": OLD, "consumers": ["gmail"]}
    assert from_record("Adopted", adopted_then) == ev.Adopted(T, "1", "u", "A", OLD, ("gmail",), sealed=False)
    effect_then = {"at": T, "effect": "delete", "key": OLD, "until": T + 21}
    assert from_record("EffectIntended", effect_then) == ev.EffectIntended(T, "delete", OLD, T + 21, "", 0)
