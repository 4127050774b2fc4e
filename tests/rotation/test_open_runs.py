"""What an open run keeps from one process to the next, and what it says when it cannot go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rotator.core import steps
from rotator.core.access_keys import KeyId, LastUse
from rotator.core.errors import ConfigurationError, KeyNotFound, RemoteFault, StopError
from rotator.core.parts import Parts
from rotator.core.policy import LIST_LAG_S, Mode
from rotator.core.ports import KeyList
from rotator.rotation import interventions
from rotator.rotation.loop import Ending, Rotation
from rotator.rotation.opening import Request, begin
from rotator.rotation.outcome import report
from tests.rotation.memory_world import BY_HAND, DAY, FILE, OLD, WORKSPACE, MemoryConsumer, MemoryKeys, build


def turn(parts: Parts, request: Request | None = None) -> Ending:
    """One process."""
    rotation = Rotation(parts)
    begin(rotation, request or Request(), "run-1")
    return rotation.go_on()


def test_a_grace_chosen_when_the_run_began_is_kept_by_the_next_process() -> None:
    """`rotate --grace 5d`, then the daily run without it: five days pass, not the file's three."""
    world, parts = build(FILE)
    turn(parts, Request(grace_s=5 * DAY))
    world.tick(4 * DAY)
    turn(parts)
    assert world.keys[OLD].key.active
    world.tick(DAY)
    turn(parts)
    assert not world.keys[OLD].key.active


@pytest.mark.parametrize("mode", [Mode.SCHEDULED, Mode.EMERGENCY])
def test_a_grace_chosen_later_is_kept_as_well(mode: Mode) -> None:
    """A run that is open takes another grace over; it is neither more nor less urgent for that."""
    _, parts = build(WORKSPACE)
    turn(parts)
    key = OLD if mode else ""
    turn(parts, Request(mode, key, "leaked" if mode else "", grace_s=9 * DAY))
    events = len(parts.journal.events())
    turn(parts, Request(mode, key, "leaked" if mode else "", grace_s=9 * DAY))
    run = Rotation(parts).facts.run
    assert run is None or (run.mode, run.grace) == (mode, 9 * DAY)
    assert mode or len(parts.journal.events()) == events, "the same word twice is one"


def test_after_a_day_of_silence_a_person_is_told_what_is_left_to_do() -> None:
    """A canary that never arrives: nothing is retired, and from a day on the text says how to let a lost place go."""
    world, parts = build(WORKSPACE, FILE)
    world.faults = {f"send {WORKSPACE.name}": ["lost"] * 999}
    forget = f"rotator forget jada {WORKSPACE.name} --reason"
    first = report(turn(parts), "jada")
    assert WORKSPACE.name in first.summary
    assert forget not in first.summary
    world.tick(DAY)
    second = report(turn(parts), "jada")
    assert forget in second.summary
    world.tick(40 * DAY)
    assert report(turn(parts), "jada").summary == second.summary, "told once, not anew every hour"
    assert world.keys[OLD].key.active
    left = replace(parts.policy, consumers=tuple(one for one in parts.policy.consumers if one.name != WORKSPACE.name))
    parts = replace(parts, policy=left)
    with pytest.raises(ConfigurationError, match=f"it knows: .*{WORKSPACE.name}"):
        interventions.forget(Rotation(parts), "mistyped", "the mailbox was closed")
    interventions.forget(Rotation(parts), WORKSPACE.name, "the mailbox was closed")
    step = turn(parts).step
    assert isinstance(step, steps.Wait)
    assert (step.number, world.keys[OLD].key.active) == (10, False), "the grace of the others is long over"


HERE, THERE = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"
OLD_PLACE = f"{FILE.name}@{HERE[:6]}"


def pointing_at(parts: Parts, place: str) -> Parts:
    """The same file, whose name points at a place."""
    return replace(parts, policy=replace(parts.policy, consumers=(replace(FILE, place=place),)))


def to_the_end(parts: Parts, days: int = 20) -> Ending:
    """A turn a day until the run is finished or refuses."""
    ending = turn(parts)
    for _ in range(days):
        if isinstance(ending.step, steps.Finish | steps.Refuse):
            break
        parts.sleep(DAY)
        ending = turn(parts)
    return ending


@pytest.mark.parametrize("when", ["before the first push", "before the first run"])
def test_the_place_that_was_adopted_is_not_cut_off(when: str) -> None:
    """The adopted key lies where the file pointed at adoption: pointed elsewhere since, that place bars its end."""
    world, parts = build(replace(FILE, place=HERE))
    here = parts.consumers[FILE.name]
    if when == "before the first push":
        world.faults["soak"] = ["535"]
        assert turn(parts).step.number == 5
    parts = replace(pointing_at(parts, THERE), consumers={FILE.name: MemoryConsumer(world, FILE, None)})
    step = to_the_end(parts).step
    assert isinstance(step, steps.Refuse)
    assert (step.id, step.seen) == ("consumer-not-in-file", (OLD_PLACE,))
    assert isinstance(here, MemoryConsumer)
    assert here.held is not None
    assert world.keys[here.held.key].key.active


@pytest.mark.parametrize(
    ("after", "barred"), [(HERE, f"{FILE.name}@{THERE[:6]}"), (f"{HERE}+{THERE}+{'c' * 16}", "")]
)
def test_a_copy_that_left_the_file_is_not_cut_off(after: str, barred: str) -> None:
    """A copy taken out of the file may hold the credential; one that is added is told, and nothing is barred."""
    world, parts = build(replace(FILE, place=f"{HERE}+{THERE}"))
    turn(parts)
    step = to_the_end(pointing_at(parts, after)).step
    assert world.calls.count(f"push {FILE.name}") == 2
    if barred:
        assert isinstance(step, steps.Refuse)
        assert (step.id, step.seen) == ("consumer-not-in-file", (barred,))
        assert world.keys[OLD].key.active
    else:
        assert isinstance(step, steps.Finish)


def test_a_name_that_points_back_is_told_there_and_only_where_it_erred_is_asked_for() -> None:
    """A mistyped path that was corrected: the place is told like the others; where it erred bars until a word."""
    world, parts = build(replace(FILE, place=HERE))
    turn(parts)
    here = parts.consumers[FILE.name]
    elsewhere = replace(pointing_at(parts, THERE), consumers={FILE.name: MemoryConsumer(world, FILE, None)})
    assert turn(elsewhere).step == steps.Refuse(2, "consumer-not-in-file", (OLD_PLACE,))
    erred = f"{FILE.name}@{THERE[:6]}"
    assert turn(parts).step == steps.Refuse(2, "consumer-not-in-file", (erred,))
    interventions.forget(Rotation(parts), erred, "nothing reads it")
    assert isinstance(to_the_end(parts).step, steps.Finish)
    assert isinstance(here, MemoryConsumer)
    assert here.held is not None
    assert here.held.key == Rotation(parts).facts.current


ALIKE = {
    "two persons": (replace(BY_HAND, place=HERE), "phone"),
    "two uses of one file": (replace(FILE, place=HERE), "backup"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_of_two_consumers_with_one_place_neither_stands_for_the_other(case: str) -> None:
    """Two persons, or two accounts in one file, have one place: what is told to one is not told to the other."""
    traits, name = ALIKE[case]
    world, parts = build(traits, replace(traits, name=name))
    assert turn(parts).step != steps.Refuse(2, "consumer-not-in-file", (name,))
    alone = replace(parts, policy=replace(parts.policy, consumers=(traits,)))
    for _ in range(30):
        assert turn(alone).step == steps.Refuse(2, "consumer-not-in-file", (name,))
        world.tick(2 * DAY)
    assert world.keys[OLD].key.active


@pytest.mark.parametrize("points_at", [HERE, THERE])
def test_what_a_name_left_behind_stays_if_that_name_is_gone(points_at: str) -> None:
    """The name left the file: another consumer at the same place is no sign that it is told."""
    world, parts = build(replace(FILE, place=HERE))
    turn(parts)
    elsewhere = replace(pointing_at(parts, THERE), consumers={FILE.name: MemoryConsumer(world, FILE, None)})
    assert turn(elsewhere).step == steps.Refuse(2, "consumer-not-in-file", (OLD_PLACE,))
    other = replace(FILE, name="other", place=points_at)
    policy = replace(parts.policy, consumers=(other,))
    gone = replace(parts, policy=policy, consumers={"other": MemoryConsumer(world, other, None)})
    assert turn(gone).step == steps.Refuse(2, "consumer-not-in-file", (FILE.name, OLD_PLACE))


@pytest.mark.parametrize("when", ["in the run", "between two runs"])
def test_a_name_that_points_elsewhere_is_told_and_the_old_place_not_cut_off(when: str) -> None:
    """The path behind a name changes: the new place is told, and nothing is retired before a word about the old one."""
    world, parts = build(FILE)
    parts = pointing_at(parts, HERE)
    step = turn(parts).step
    while when == "between two runs" and not isinstance(step, steps.Finish):
        world.tick(DAY)
        step = turn(parts).step
    parts = pointing_at(parts, THERE)
    there = MemoryConsumer(world, FILE, None)
    parts = replace(parts, consumers={FILE.name: there})
    step = turn(parts).step
    assert isinstance(step, steps.Refuse)
    assert (step.id, step.seen) == ("consumer-not-in-file", (OLD_PLACE,))
    run = Rotation(parts).facts.run
    assert run is not None
    assert there.held is not None
    assert there.held.key == run.new
    world.tick(40 * DAY)
    assert isinstance(turn(parts).step, steps.Refuse)
    assert world.keys[run.old].key.active
    interventions.forget(Rotation(parts), OLD_PLACE, "the old server is gone")
    for _ in range(20):
        world.tick(DAY)
        if isinstance(turn(parts).step, steps.Finish):
            break
    assert set(world.keys) == {run.new}


def test_a_run_of_an_older_version_does_not_know_the_place_and_tells_nobody_twice() -> None:
    """A push recorded without a place is taken for one to the place of the file."""
    world, parts = build(FILE)
    turn(parts)
    world.tick(DAY)
    turn(pointing_at(parts, HERE))
    assert world.calls.count(f"push {FILE.name}") == 1


class StaleList(MemoryKeys):
    """A list that lags far behind: it leaves out one key for as long as it is told to."""

    hidden: str = ""

    def keys(self) -> KeyList:
        """What is listed without the hidden key."""
        listed = super().keys()
        return replace(listed, keys=tuple(one for one in listed.keys if one.id != self.hidden))


@pytest.mark.parametrize("failure", ["no answer", "denied"])
@pytest.mark.parametrize("which", ["old", "new"])
def test_a_failed_look_up_is_not_absence(which: str, failure: str) -> None:
    """A key that is missing from a list, and about which IAM could not be asked, is not given up; the run goes on."""
    world, parts = build(FILE)
    iam = StaleList(world)
    parts = replace(parts, access_keys=iam)
    turn(parts)
    run = Rotation(parts).facts.run
    assert run is not None
    world.tick(DAY)
    iam.hidden = run.old if which == "old" else run.new
    world.faults["last_use"] = [failure] * 4
    step = turn(parts).step
    assert isinstance(step, steps.Wait)
    assert step.urgent
    assert Rotation(parts).facts.deleted == ()
    iam.hidden, world.faults = "", {}
    for _ in range(20):
        world.tick(DAY)
        if isinstance(turn(parts).step, steps.Finish):
            break
    assert (set(world.keys), world.made) == ({run.new}, 1)


class Lagging(StaleList):
    """IAM that does not know one key at all for as long as it is told to."""

    def last_use(self, key: KeyId) -> LastUse:
        """No such key, if it is the hidden one."""
        if key == self.hidden:
            raise KeyNotFound(f"GetAccessKeyLastUsed: {key} cannot be found")
        return super().last_use(key)


@pytest.mark.parametrize("before", ["", "lost"], ids=["created at once", "created after a request that was lost"])
def test_a_key_that_iam_shows_too_late_is_named_and_left_alone(before: str) -> None:
    """Given up after a minute in which IAM did not know it, it comes: a person hears of it, and nobody deletes it."""
    world, parts = build(FILE)
    world.faults["create"] = [before]
    iam = Lagging(world)
    parts = replace(parts, access_keys=iam)
    world.faults["soak"] = ["refused"] * 9
    turn(parts)
    run = Rotation(parts).facts.run
    assert run is not None
    iam.hidden = run.new
    world.tick(2 * LIST_LAG_S)
    world.faults = {}
    assert not isinstance(turn(parts).step, steps.Finish)  # there is no room for another
    iam.hidden = ""
    world.tick(DAY)
    ended = turn(parts)
    assert isinstance(ended.step, steps.Refuse)
    assert (ended.step.id, ended.step.seen[0]) == ("key-came-back", run.new)
    assert run.new in report(ended, "jada").fix
    assert (world.deleted, world.keys[run.new].key.active) == ([], True)
    with pytest.raises(StopError, match="came back") as caught:  # it leaked as well: that is not over
        turn(parts, Request(Mode.EMERGENCY, run.new, "leaked"))
    assert f"--access-key-id {run.new} --status Inactive" in caught.value.fix
    with pytest.raises(StopError, match="not the fruit"):  # an unclear create may look as if it had borne it
        interventions.discard(Rotation(parts), run.new, "nobody's")
    del world.keys[run.new]  # by hand
    for _ in range(20):
        world.tick(DAY)
        if isinstance(turn(parts).step, steps.Finish):
            break
    assert (len(world.keys), world.made, world.deleted) == (1, 2, [OLD])


def confirmed(parts: Parts) -> None:
    """A person's word."""
    interventions.hand_over(Rotation(parts), BY_HAND.name, "jada")
    interventions.confirm(Rotation(parts), BY_HAND.name, "jada")


def leaked(parts: Parts) -> None:
    """An incident."""
    begin(Rotation(parts), Request(Mode.EMERGENCY, OLD, "it leaked"))


@pytest.mark.parametrize("said", [confirmed, leaked])
def test_one_wrong_date_does_not_put_a_persons_word_into_the_future(said: Callable[[Parts], None]) -> None:
    """A broken proxy's Date is found out before anything is recorded with it: the run would stand still until then."""
    world, parts = build(BY_HAND)
    assert isinstance(turn(parts).step, steps.Ask)
    world.faults["keys"] = ["ahead", "ahead"]  # of two words: a reveal goes on without a time, see test_reveals
    with pytest.raises(RemoteFault):
        said(parts)
    world.faults = {}
    assert Rotation(parts).facts.latest <= world.now + 60
    world.tick(DAY)
    assert not isinstance(turn(parts).step, steps.Refuse)
