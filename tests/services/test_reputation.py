"""SES's rates, read from the sandbox's CloudWatch over the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rotator.core.access_keys import Instant
from rotator.core.errors import AccessError, RemoteFault
from rotator.core.policy import DAY_S
from rotator.core.reputation import RATES
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.services.reputation import MAX_PAGES, Points, ReputationRates

BOUNCES, COMPLAINTS = (one.metric for one in RATES)
YEAR_S = 366 * DAY_S


def now(world: World) -> Instant:
    """AWS's time."""
    return Instant(int(world.clock.now().timestamp()))


def count(world: World, days_ago: int, sent: int, bounced: int = 0, complained: int = 0) -> date:
    """Mail of one day in the past, and what became of it."""
    on = world.clock.now().date() - timedelta(days=days_ago)
    world.ses.reputation.count(on, sent, bounced, complained)
    return on


def read(world: World, days: int = 366) -> dict[str, Points]:
    """What the program makes of it."""
    rates = ReputationRates(session=AwsSession(), region=world.scenario.region)
    return dict(rates.read(Instant(now(world) - days * DAY_S), now(world)))


def test_before_the_first_mail_there_is_nothing(world: World) -> None:
    """The namespace is empty until something was sent."""
    assert read(world) == {BOUNCES: (), COMPLAINTS: ()}


def test_one_average_a_day_oldest_first(world: World) -> None:
    """From the day of the first mail to today, at midnight; bounces and complaints apart."""
    first = count(world, 3, 1000, 20, 1)
    count(world, 0, 1000)
    found = read(world)
    assert [value for _, value in found[BOUNCES]] == [0.02, 0.02, 0.02, 0.01]
    assert [value for _, value in found[COMPLAINTS]] == [0.001, 0.001, 0.001, 0.0005]
    times = [at for at, _ in found[BOUNCES]]
    assert datetime.fromtimestamp(times[0], UTC).date() == first
    assert [at % DAY_S for at in times] == [0, 0, 0, 0]


def test_what_is_older_than_asked_for_is_left_out(world: World) -> None:
    """A short look-back begins at its first day."""
    count(world, 300, 10)
    assert (len(read(world)[BOUNCES]), len(read(world, days=10)[BOUNCES])) == (301, 11)


def test_every_page_is_read(world: World) -> None:
    """A series that goes on on the next page, in the middle of a page, comes out whole."""
    count(world, 365, 100, 3)
    whole = read(world)
    world.figures.page_size = 17
    before = len(world.record.entries(0))
    assert read(world) == whole
    assert len(world.record.entries(0)) - before == -(-366 * 2 // 17)


def test_pages_have_an_end(world: World) -> None:
    """A service that always has another page does not hold the report up."""
    count(world, 365, 100)
    world.figures.page_size = 732 // MAX_PAGES - 1
    with pytest.raises(RemoteFault, match=f"more than {MAX_PAGES} pages"):
        read(world)


@pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
def test_a_series_that_failed_is_not_taken_for_good(world: World, status: str) -> None:
    """An answer without values is no rate of zero."""
    count(world, 3, 100)
    world.figures.status = status
    with pytest.raises(RemoteFault, match=status):
        read(world)


def test_without_the_right_it_says_which_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who may do nothing."""
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    key = world.add_caller("narrow", deny)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    with pytest.raises(AccessError, match="cloudwatch:GetMetricData"):
        read(world)
