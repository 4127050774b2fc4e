"""A wrong Date in the journal: whose word corrects it, and that no wait is cut short by it."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from rotator.core.access_keys import Identity, Instant
from rotator.core.errors import AccessError, RemoteFault, StopError
from rotator.core.history import events as ev
from rotator.core.parts import Parts
from rotator.core.policy import HOUR_S as HOUR
from rotator.core.policy import Mode
from rotator.core.steps import Finish, Refuse
from rotator.rotation.correcting import SAME_TIME_S, correct_clock, wrong_date
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from tests.rotation.memory_world import DAY, FILE, OLD, MemoryKeys, MemoryWorld, build


def revoked_in_the_future() -> tuple[MemoryWorld, Parts]:
    """A leaked key was revoked at once while a proxy dated every reply a month ahead; now the Dates are right again."""
    world, parts = build(FILE)
    world.faults = {"keys": ["ahead"] * 99, "identity": ["ahead"] * 99}
    rotation = Rotation(parts)
    begin(rotation, Request(Mode.REVOKE_FIRST, OLD, "in a public repository"), "run-1")
    rotation.go_on()
    world.faults = {}
    return world, parts


def test_after_a_wrong_date_a_person_says_what_time_it_is_and_the_run_ends() -> None:
    """Without that word nothing goes on for a month; with it the run goes on at once, and the leaked key goes."""
    world, parts = revoked_in_the_future()
    stuck = Rotation(parts).go_on().step
    assert isinstance(stuck, Refuse)
    assert stuck.id == "clock-behind-journal"
    rotation = Rotation(parts)
    wrong = wrong_date(rotation, world.now)
    assert (wrong.newest > world.now + 29 * DAY, wrong.now) == (True, world.now)
    correct_clock(rotation, "the proxy was a month ahead")
    ended = Rotation(parts).go_on().step
    for _ in range(9):
        world.tick(2 * HOUR)
        ended = Rotation(parts).go_on().step
    assert isinstance(ended, Finish), ended
    assert OLD not in world.keys


def test_a_wait_that_began_at_a_wrong_time_is_kept_in_full() -> None:
    """The grace of a key that did not leak counts from the correction: a month in the future, it is never skipped."""
    world, parts = build(FILE)
    world.now += 30 * DAY  # everybody agrees on a wrong day
    begin(Rotation(parts), Request(), "run-1")
    Rotation(parts).go_on()
    world.now -= 30 * DAY
    rotation = Rotation(parts)
    wrong_date(rotation, world.now)
    correct_clock(rotation, "a whole network was wrong")
    for hours in (0, parts.policy.grace_s // HOUR - 1):
        world.tick(hours * HOUR)
        Rotation(parts).go_on()
        assert world.keys[OLD].key.active
    world.tick(2 * HOUR)
    Rotation(parts).go_on()
    assert not world.keys[OLD].key.active


DOUBTS = {
    "the journal is not ahead": (0, 0, "clock-right"),
    "this machine is an hour behind AWS": (40 * DAY, -HOUR, "clock-doubtful"),
    "this machine is an hour ahead of AWS": (40 * DAY, HOUR, "clock-doubtful"),
    "this machine and AWS agree": (40 * DAY, SAME_TIME_S, ""),
}


@pytest.mark.parametrize("case", DOUBTS)
def test_the_time_is_believed_only_where_aws_and_this_machine_agree(case: str) -> None:
    """With a wrong time a key would go too early, so a doubt ends it and nothing is recorded."""
    ahead, off, refused = DOUBTS[case]
    world, parts = build(FILE)
    parts.journal.append(ev.Sealed(Instant(world.now + ahead), OLD))
    known = len(parts.journal.events())
    with pytest.raises(StopError) if refused else contextlib.nullcontext() as caught:
        wrong_date(Rotation(parts), world.now + off)
    assert (caught.value.id if caught else "") == refused
    assert len(parts.journal.events()) == known


def test_one_wrong_date_today_is_not_taken_for_the_time() -> None:
    """Two replies that contradict each other correct nothing."""
    world, parts = revoked_in_the_future()
    world.faults = {"identity": ["behind"]}
    with pytest.raises(RemoteFault, match="clock jumped"):
        wrong_date(Rotation(parts), world.now)


def test_another_users_credentials_correct_nothing() -> None:
    """The journal of another user may be right: whom we act on is looked at first."""
    world, parts = revoked_in_the_future()
    strange = replace(parts, access_keys=Stranger(world))
    with pytest.raises(AccessError, match="another user"):
        wrong_date(Rotation(strange), world.now)


class Stranger(MemoryKeys):
    """The keys as another user's credentials show them."""

    def identity(self) -> Identity:
        """Another user id."""
        return replace(super().identity(), user_id="AIDASOMEBODY")
