"""Every fault of the key calls does what its line in the table says, and only that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from rotator.sandbox.keys import LATE, SPAN, Lags
from rotator.sandbox.world import World
from tests.sandbox.clients import USER, aws, first_key, try_login
from tests.sandbox.conftest import MakeWorld

# fault -> what the caller meets, keys afterwards, keys half a minute later
CREATES: dict[str, tuple[type[Exception], str, int, int]] = {
    "create_reply_lost": (HTTPClientError, "Connection was closed", 2, 2),
    "create_lost": (HTTPClientError, "Connection was closed", 1, 1),
    "create_late": (HTTPClientError, "Connection was closed", 1, 2),
    "create_late_500": (ClientError, "ServiceFailure", 1, 2),
    "create_truncated": (ResponseParserError, "Unable to parse response", 2, 2),
    "create_refused": (ClientError, "LimitExceeded", 1, 1),
    "create_500": (ClientError, "ServiceFailure", 1, 1),
    "throttled": (ClientError, "Throttling.*Rate exceeded", 1, 1),
    "access_denied": (ClientError, "AccessDenied.*no identity-based policy", 1, 1),
    "access_denied_scp": (ClientError, "with an explicit deny in a service control policy", 1, 1),
    "iam_500": (ClientError, "ServiceFailure", 1, 1),
}


@pytest.mark.parametrize("fault", CREATES)
def test_what_a_create_can_come_to(world: World, fault: str) -> None:
    """One attempt has the effect and the answer that the fault says, and the next attempt is sound."""
    error, text, at_once, later = CREATES[fault]
    iam = aws(world, "iam")
    world.faults.arm(fault)
    with pytest.raises(error, match=text):
        iam.create_access_key(UserName=USER)
    assert len(world.keys.now_held(USER)) == at_once
    world.clock.advance(LATE)
    assert len(iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]) == later
    assert world.faults.armed() == {}


def test_a_late_create_finds_the_quota_as_it_is_then(world: World) -> None:
    """An effect that lands on a full user is no effect, and nobody hears of it."""
    iam = aws(world, "iam")
    world.faults.arm("create_late")
    with pytest.raises(HTTPClientError):
        iam.create_access_key(UserName=USER)
    second = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    world.clock.advance(LATE)
    assert [key.id for key in world.keys.now_held(USER)] == [first_key(world).id, second]


def test_a_late_update_lands_after_the_one_that_was_meant_to_undo_it(world: World) -> None:
    """A deactivation whose reply was lost can undo a later reactivation."""
    iam, key = aws(world, "iam"), first_key(world)
    world.faults.arm("update_late")
    with pytest.raises(HTTPClientError):
        iam.update_access_key(UserName=USER, AccessKeyId=key.id, Status="Inactive")
    iam.update_access_key(UserName=USER, AccessKeyId=key.id, Status="Active")
    assert world.keys.now_held(USER)[0].status == "Active"
    world.clock.advance(LATE)
    assert world.keys.now_held(USER)[0].status == "Inactive"


def test_an_update_takes_effect_although_its_reply_is_lost(world: World) -> None:
    """No answer is not no effect."""
    iam, key = aws(world, "iam"), first_key(world)
    world.faults.arm("update_reply_lost")
    with pytest.raises(HTTPClientError, match="Connection was closed"):
        iam.update_access_key(UserName=USER, AccessKeyId=key.id, Status="Inactive")
    assert key.status == "Inactive"


def test_a_delete_takes_effect_although_its_reply_is_lost(world: World) -> None:
    """The next delete of the same key finds it gone."""
    iam, key = aws(world, "iam"), first_key(world)
    world.faults.arm("delete_reply_lost")
    with pytest.raises(HTTPClientError, match="Connection was closed"):
        iam.delete_access_key(UserName=USER, AccessKeyId=key.id)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.delete_access_key(UserName=USER, AccessKeyId=key.id)


def test_a_stale_list_shows_what_was_before_the_last_change(world: World) -> None:
    """Absence in one list is no proof."""
    iam, old = aws(world, "iam"), first_key(world)
    iam.create_access_key(UserName=USER)
    world.faults.arm("list_stale")
    counts = [len(iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]) for _ in range(2)]
    assert counts == [1, 2]
    assert old.status == "Active"


def test_lists_can_be_stale_unasked_but_not_for_long(make_world: MakeWorld) -> None:
    """In a world with lags the first lists after a change may be old, and some seconds later none is."""
    stale = 0
    for seed in range(6):
        world = make_world(seed=seed)
        world.keys.create(USER)
        stale += len(world.keys.rows(USER)) == 1
        world.clock.advance(timedelta(seconds=5))
        assert len(world.keys.rows(USER)) == 2
    assert 0 < stale < 6


def test_last_used_has_no_date_until_there_is_a_use(world: World) -> None:
    """Never used is N/A twice and no date."""
    key = world.keys.create(USER)
    answer = aws(world, "iam").get_access_key_last_used(AccessKeyId=key.id)
    assert answer["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    assert answer["UserName"] == USER


def test_last_used_moves_once_in_fifteen_minutes_and_shows_late(make_world: MakeWorld) -> None:
    """Only the first login of a span is recorded, and the API learns of it after its lag."""
    world = make_world(lags=Lags((0, 0), (0, 0), (1200, 1200), 0))
    iam, key = aws(world, "iam"), world.keys.create(USER)

    def last_used() -> object:
        return iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"].get("LastUsedDate")

    first = world.clock.now().replace(microsecond=0)
    assert try_login(world, key.id, "wrong").startswith("535")
    for _ in range(2):
        assert try_login(world, key.id, world.password_of(key)).startswith("235")
        world.clock.advance(timedelta(minutes=5))
    assert last_used() is None
    world.clock.advance(timedelta(minutes=11))
    seen = last_used()
    assert abs(seen - first) < timedelta(seconds=3)  # type: ignore[operator]
    answer = iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]
    assert (answer["ServiceName"], answer["Region"]) == ("ses-smtp", "us-east-1")
    assert try_login(world, key.id, world.password_of(key)).startswith("235")
    world.clock.advance(timedelta(minutes=20))
    assert last_used() - seen >= SPAN  # type: ignore[operator]
    assert len(key.uses) == 2


def test_smtp_logins_need_not_move_last_used(world: World) -> None:
    """Whether AWS counts SMTP logins is unknown: the switch makes a world in which it does not."""
    key = world.keys.create(USER)
    world.logins.moves_last_used = False
    assert try_login(world, key.id, world.password_of(key)).startswith("235")
    assert key.uses == []
