"""A year of it, through the very commands that the timer and people type: the promises hold every evening."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rotator.core.history.proven import AuditOutcome
from rotator.sandbox.reputation import LOOKS_BACK
from tests.saga.launching import Zygote
from tests.year.towns import Town
from tests.year.years import (
    BETWEEN_AUDITS,
    BOUNCE_DAY,
    DAYS,
    FIRST_AUDIT,
    IN_TIME_DAYS,
    LEAK_DAY,
    Diary,
    Year,
    citizens,
)

LEAST_ROTATIONS = DAYS // 90 - 1  # the first key is a month old, and a slow person's is late


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    """Runs of the program without a second of imports each."""
    started = Zygote()
    yield started
    started.close()


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[ExitStack]:
    """What ends with the test."""
    with ExitStack() as stack:
        yield stack


USERS = {"six users": 6, "two dozen users": pytest.param(24, marks=pytest.mark.slow)}


@pytest.mark.parametrize("users", USERS.values(), ids=USERS.keys())
def test_a_year(users: int, tmp_path: Path, zygote: Zygote, ended: ExitStack) -> None:
    """Keys stay within their limit where people answer in time; elsewhere the very day is told; nobody is cut off."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    town = Town(home, citizens(users), zygote)
    ended.enter_context(town.stage.stack)
    year = Year(town)
    diary = year.live()
    assert diary.wrong == []
    _kept_their_limit(town, diary)
    _rotated(town, diary)
    _the_leaked_key_is_gone(town, year)
    _told_once(town, diary)
    _the_report_shows_it(town, tmp_path / "report.html")
    assert town.stage.leaks() == []


def _kept_their_limit(town: Town, diary: Diary) -> None:
    slow = {one.name for one in town.citizens if one.days_to_answer > IN_TIME_DAYS}
    assert set(diary.too_old) == slow
    assert diary.overdue == diary.too_old  # told on every such day, the first one too, and on no other


def _rotated(town: Town, diary: Diary) -> None:
    for one in town.citizens:
        slow = one.days_to_answer > IN_TIME_DAYS
        assert diary.rotated[one.name] >= (LEAST_ROTATIONS - 1 if slow else LEAST_ROTATIONS), one.name


def _the_leaked_key_is_gone(town: Town, year: Year) -> None:
    assert year.leaked
    assert year.leaked not in {key.id for key in town.world.keys.now_held(town.citizens[0].name)}


def _told_once(town: Town, diary: Diary) -> None:
    """Every notice exactly once: each end of a run, each key that became too old.

    On some of the days nobody could be told: what SES refuses with a 500 it has not sent, so it is told later, once.
    """
    told = Counter(town.notices())
    sent = [one for one in town.world.record.entries() if one.name == "sesv2:SendEmail"]
    assert any(one.outcome.startswith("500") for one in sent)
    assert [one for one, times in told.items() if times != 1] == []
    about_the_list = [one for one in told if one.startswith("suppression-")]
    assert len(about_the_list) == 1
    del told[about_the_list[0]]
    kinds = Counter((one.partition("/")[0], one.split("/")[1]) for one in told)
    assert sum(one.startswith("done/") for one in told) == sum(diary.rotated.values()) + 1  # the leak's, at once
    for one in town.citizens:
        if one.days_to_answer <= IN_TIME_DAYS:  # with the others the next rotation is due before the last is over
            assert kinds["due-soon", one.name] >= diary.rotated[one.name] - 1, one.name  # nobody foresees a leak
        assert kinds["overdue", one.name] == len(runs_of_days(diary.too_old.get(one.name, []))), one.name
    assert any(one.startswith("waiting/") and one.endswith("/1") for one in told)  # a reminder


def runs_of_days(days: list[int]) -> list[int]:
    """The first day of every unbroken stretch."""
    return [day for day in days if day - 1 not in days]


def _the_report_shows_it(town: Town, page: Path) -> None:
    """Every rotation of the year, the incident with its reason, and who is still waited for."""
    told = json.loads(town.stage.rotator("report", "-o", str(page), "--json").out)
    assert {one["user"] for one in told["keys"]} == {one.name for one in town.citizens}
    incidents = [run for run in told["runs"] if run["mode"] == "emergency"]
    assert [(run["user"], run["reason"], run["outcome"]) for run in incidents] == [
        (town.citizens[0].name, "in a repository", "rotated")
    ]
    assert incidents[0]["run"] in page.read_text()
    _and_the_audits(told)
    _and_the_account(town, told)


def _and_the_audits(told: dict[str, Any]) -> None:
    """Each mail of each audit arrived; a place that nobody can send through has none."""
    expected = [AuditOutcome.ARRIVED] * len(range(FIRST_AUDIT, DAYS + 1, BETWEEN_AUDITS))
    sending = {"relay", "alias"}
    for one in told["audits"]:
        outcomes = [audit["outcome"] for audit in one["audits"]]
        assert outcomes == (expected if one["consumer"] in sending else []), one


def _and_the_account(town: Town, told: dict[str, Any]) -> None:
    """The bounce stands in the year's rate while AWS looks back at it, and in the list's growth on its day."""
    bounces, complaints = (one["points"] for one in told["rates"])
    days = [at for at, value in bounces if value]
    on = town.world.clock.now().date() - timedelta(days=DAYS - BOUNCE_DAY)
    assert (days[0][:10], len(days)) == (f"{on}", LOOKS_BACK.days)
    assert max(value for _, value in bounces) <= 1 / 200
    assert len(bounces) == len(complaints) >= DAYS - 30
    (growth,) = told["suppressed"]
    assert [day[0][:10] for day in growth["days"] if day[1:] == [1, 0]] == [f"{on}"]
    assert told["missing"] == []


def test_the_leak_falls_between_two_rotations() -> None:
    """The year holds what it says: the leaked key is one in everyday use, and every outage ends."""
    assert 0 < LEAK_DAY < DAYS
