"""SES's API for reading: at the service's rate, and every shape that it answers with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rotator.core.errors import AccessError, RemoteFault
from rotator.core.looks import SuppressedAddress
from rotator.sandbox.sesv2 import ConfigurationSet
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.services.ses import SesApi
from tests.worlds import lived_in

DOMAIN, HERE = "queenofsandiego.com", "us-east-1"


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds
            self.slept += seconds


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A calm world without Gmail, whose environment is the test's."""
    with lived_in(tmp_path, monkeypatch) as started:
        yield started


@pytest.fixture
def clock() -> Clock:
    """Time that nobody waits for."""
    return Clock()


@pytest.fixture
def ses(world: World, clock: Clock) -> SesApi:
    """The adapter under test."""
    return SesApi(session=AwsSession(), sleep=clock.sleep, monotonic=clock.monotonic)


def test_a_second_lies_between_two_requests_to_a_region(ses: SesApi, clock: Clock) -> None:
    """The first goes out at once, each further one a second after the last, whatever it asks."""
    ses.account(HERE)
    assert clock.slept == 0
    ses.identity(HERE, DOMAIN)
    ses.suppressed(HERE, "ann@mail.example")
    assert clock.slept == pytest.approx(2.0)


def test_regions_have_a_rate_each(ses: SesApi, clock: Clock) -> None:
    """Another region's request waits for nobody."""
    ses.account(HERE)
    ses.account("eu-west-1")
    assert clock.slept == 0


def test_a_pause_of_one_s_own_is_not_paid_twice(ses: SesApi, clock: Clock) -> None:
    """Whoever comes later than the second does not wait."""
    ses.account(HERE)
    clock.now += 5
    ses.account(HERE)
    assert clock.slept == 0


def test_the_account_is_read(world: World, ses: SesApi) -> None:
    """Enforcement, switches, quota and the reasons that are suppressed."""
    world.ses.enforcement, world.ses.production, world.ses.sent = "PROBATION", False, 7
    found = ses.account(HERE)
    assert (found.enforcement, found.production, found.sending) == ("PROBATION", False, True)
    assert (found.sent, found.quota, found.rate) == (7.0, 50_000.0, 14.0)
    assert found.suppressed_reasons == ("BOUNCE", "COMPLAINT")


def test_the_identity_is_read(world: World, ses: SesApi) -> None:
    """Tokens, the zone that they point to, the MAIL FROM domain and why it is not verified."""
    one = world.ses.identities[DOMAIN]
    one.verified, one.status, one.error, one.reject_without_mx = False, "FAILED", "HOST_NOT_FOUND", True
    found = ses.identity(HERE, DOMAIN)
    assert found is not None
    assert (found.verified, found.status, found.error) == (False, "FAILED", "HOST_NOT_FOUND")
    assert (found.tokens, found.hosted_zone) == (tuple(one.tokens), "dkim.us-east-1.amazonses.com")
    assert (found.mail_from, found.on_mx_failure) == (f"bounce.{DOMAIN}", "REJECT_MESSAGE")


def test_what_is_not_there_is_none(ses: SesApi) -> None:
    """NotFound is an answer: no such identity here, no entry, no set."""
    assert ses.identity("eu-west-1", DOMAIN) is None
    assert ses.suppressed(HERE, "ann@mail.example") is None
    assert ses.configuration_set(HERE, "gone") is None


def test_a_configuration_set_may_have_reasons_of_its_own(world: World, ses: SesApi) -> None:
    """Without them the account's count, which is something else than none."""
    world.ses.configuration_sets |= {"plain": ConfigurationSet("plain"), "own": ConfigurationSet("own", False, [])}
    plain, own = ses.configuration_set(HERE, "plain"), ses.configuration_set(HERE, "own")
    assert plain is not None
    assert own is not None
    assert (plain.sending, plain.suppressed_reasons) == (True, None)
    assert (own.sending, own.suppressed_reasons) == (False, ())


def test_an_entry_has_reason_and_date(world: World, ses: SesApi) -> None:
    """Whatever the case of the address."""
    at = datetime(2026, 10, 1, tzinfo=UTC)
    world.ses.suppress("Ann@mail.example", "COMPLAINT", at)
    assert ses.suppressed(HERE, "ann@MAIL.example") == SuppressedAddress("COMPLAINT", int(at.timestamp()))


def test_throttled_once_is_asked_again(world: World, ses: SesApi) -> None:
    """A 429 has no effect; three in a row are no answer."""
    world.faults.arm("ses_throttled", 2)
    assert ses.account(HERE).sending
    world.faults.arm("ses_throttled", 9)
    with pytest.raises(RemoteFault, match="TooManyRequests"):
        ses.account(HERE)


def test_without_permission_it_is_an_access_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fix names the policy that the program prints."""
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
    key = world.add_caller("poor", nothing)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    with pytest.raises(AccessError) as caught:
        SesApi(session=AwsSession()).account(HERE)
    assert "rotator config policy" in caught.value.fix
