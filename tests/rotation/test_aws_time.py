"""AWS's clock as a process hears it: grace and watch end by a time that two replies agree on."""

from __future__ import annotations

import pytest

from rotator.core.access_keys import Instant
from rotator.core.errors import Exit, RemoteFault
from rotator.core.history import events as ev
from rotator.core.policy import CLOCK_SLACK_S
from rotator.core.secret import Secret
from rotator.rotation.adopting import add_password
from rotator.rotation.aws_time import AwsTime
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from tests.rotation.memory_world import DAY, OLD, START, WORKSPACE, build


@pytest.mark.parametrize("call", ["keys", "identity"])
@pytest.mark.parametrize("skew", ["ahead", "behind"])
def test_one_wrong_date_neither_ends_a_grace_nor_starts_another(call: str, skew: str) -> None:
    """A reply dated a month ahead, or a day behind, is contradicted by the other one: nothing is done."""
    world, parts = build(WORKSPACE)
    begin(Rotation(parts), Request(), "run-1")
    Rotation(parts).go_on()
    world.tick(2 * DAY)
    known = len(parts.journal.events())
    world.faults = {call: [skew]}
    with pytest.raises(RemoteFault, match="clock jumped") as caught:
        begin(rotation := Rotation(parts), Request()) or rotation.go_on()
    assert (caught.value.id, caught.value.exit_code) == ("clock-jumped", Exit.RETRY)
    assert len(parts.journal.events()) == known
    assert world.keys[OLD].key.active


def test_a_later_process_may_be_any_time_later() -> None:
    """Between two processes any time may pass; inside one, what passed here as well, and a minute of slack."""
    passed = [0.0]
    time = AwsTime(lambda: passed[0], START)
    time.set(Instant(START + 400 * DAY))
    passed[0] = 900.0
    for off in (-CLOCK_SLACK_S, CLOCK_SLACK_S):
        time.set(Instant(time.now() + off))
    for off in (-CLOCK_SLACK_S - 1, CLOCK_SLACK_S + 1):
        with pytest.raises(RemoteFault):
            time.set(Instant(time.now() + off))
        assert time.contradicted


def test_a_time_is_agreed_on_once_two_replies_told_it() -> None:
    """One Date alone may be a broken proxy's; and after a contradiction no time is, whatever comes."""
    time = AwsTime(lambda: 0.0, START)
    agreed = [time.agreed]
    for _ in range(2):
        time.set(Instant(START + DAY))
        agreed.append(time.agreed)
    with pytest.raises(RemoteFault):
        time.set(Instant(START + 2 * DAY))
    time.set(Instant(START + DAY))
    assert (agreed, time.agreed) == ([False, False, True], False)


@pytest.mark.parametrize("first", ["ahead", "right"])
def test_of_two_times_that_differ_the_earlier_goes_on(first: str) -> None:
    """By a reply that is a year ahead everything would be overdue: whichever came first, nothing is."""
    ahead, right = Instant(START + 400 * DAY), Instant(START + DAY)
    passed = [0.0]
    time = AwsTime(lambda: passed[0], START)
    time.set(ahead if first == "ahead" else right)
    assert not time.contradicted
    passed[0] = 30.0
    with pytest.raises(RemoteFault):
        time.set(right if first == "ahead" else ahead)
    assert right <= time.now() <= right + 30
    assert time.contradicted


def test_a_password_that_is_given_later_was_proven_then() -> None:
    """Weeks after the adoption: our login stands in the journal with the time at which it moved the key's last-used."""
    world, parts = build(WORKSPACE, sealed=False)
    world.tick(30 * DAY)
    add_password(Rotation(parts), "", lambda _: Secret(world.keys[OLD].secret))
    given = [one for one in parts.journal.events() if isinstance(one, ev.Sealed | ev.LoggedIn)]
    assert [(type(one).__name__, one.at) for one in given] == [("Sealed", world.now), ("LoggedIn", world.now)]
    assert world.keys[OLD].used.at == world.now
