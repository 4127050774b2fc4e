"""What is published of a rotation, and when the old key counts as used."""

from __future__ import annotations

import pytest

from rotator.alarms.published import of_audit, of_rotation, old_key_used
from rotator.core.access_keys import USE_BUCKET_S, AccessKey, Instant, KeyId, LastUse, Status
from rotator.core.findings import CheckStatus, Finding
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.history.proven import AuditOutcome
from rotator.core.policy import Policy, Traits
from rotator.core.situation import Observed, Situation
from tests.core.telling import HOUR, NEW, OLD, T, adopted, deactivated, mail, opened, told

POLICY = Policy("u", "1", (Traits("gmail", "gmail_send_as", "here", sends=True),))
NOW = T + 10 * HOUR
KEYS = (
    AccessKey(KeyId(OLD), Status.ACTIVE, Instant(T - 100)),
    AccessKey(KeyId(NEW), Status.ACTIVE, Instant(T)),
)
CONFIRMED = [adopted(), opened(), *told("gmail"), *mail("gmail", at=T + 60)]


def seen(events: list[ev.Event], used: LastUse | None = None, keys: tuple[AccessKey, ...] | None = KEYS) -> Situation:
    """What a turn saw: the keys, and perhaps when the old one was last used."""
    last_use = ((KeyId(OLD), used),) if used is not None else ()
    return Situation(fold(events), Observed(keys=keys, keys_at=Instant(NOW), last_use=last_use), POLICY, Instant(NOW))


def used(at: int) -> LastUse:
    """A login at that time."""
    return LastUse(Instant(at), "ses-smtp", "us-east-1")


LATE = T + 60 + USE_BUCKET_S + 1
USES = {
    "no run is open": (seen([adopted()], used(LATE)), False),
    "not every place has the new key": (seen([adopted(), opened(), *told("gmail")], used(LATE)), False),
    "used before the last place was confirmed": (seen(CONFIRMED, used(T)), False),
    "used in the same quarter hour": (seen(CONFIRMED, used(LATE - 1)), False),
    "used after that": (seen(CONFIRMED, used(LATE)), True),
    "used after that, by ourselves": (seen([*CONFIRMED, ev.LoggedIn(LATE, OLD, "e")], used(LATE)), False),
    "nobody asked": (seen(CONFIRMED), False),
    "never used": (seen(CONFIRMED, LastUse(None)), False),
}


@pytest.mark.parametrize(("s", "is_used"), USES.values(), ids=USES.keys())
def test_when_the_old_key_counts_as_used(s: Situation, *, is_used: bool) -> None:
    """Only a login after every place had the new key, and not one of our own."""
    assert old_key_used(s) is is_used


AGES = {
    "no run": ([adopted()], 10 * HOUR + 100),
    "a run before the deactivation: mail still leaves with the old key": (CONFIRMED, 10 * HOUR + 100),
    "the old key is off": ([*CONFIRMED, *deactivated(T + HOUR)], 10 * HOUR),
}


@pytest.mark.parametrize(("events", "age"), AGES.values(), ids=AGES.keys())
def test_the_age_is_that_of_the_key_in_use(events: list[ev.Event], age: int) -> None:
    """The old key's until it is off, then the new one's."""
    assert {one.metric: one.value for one in of_rotation(seen(events))}["KeyAgeSeconds"] == age


def test_nothing_is_published_that_was_not_seen() -> None:
    """IAM could not be asked: no figures, and two days of that ring."""
    assert list(of_rotation(seen([adopted()], keys=None))) == []
    assert "KeyAgeSeconds" not in {one.metric for one in of_rotation(seen([adopted()], keys=()))}


def test_every_place_that_did_not_pass_counts() -> None:
    """Also one that nobody could ask; a failure that is about no place, but a key or a run; none that was overtaken."""
    assert of_audit("u", [AuditOutcome.ARRIVED, AuditOutcome.OVERTAKEN], []).value == 0
    assert of_audit("u", list(AuditOutcome), []).value == len(AuditOutcome) - 2
    assert of_audit("u", [AuditOutcome.ARRIVED], []).value == 0
    others = [Finding("keys.unknown", one, "seen") for one in CheckStatus]
    assert of_audit("u", [AuditOutcome.ARRIVED], others).value == 1
    assert of_audit("u", [], others).value == 1
