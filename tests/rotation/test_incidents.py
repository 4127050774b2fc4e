"""A key leaks while a run is open: every mode, on every stage of the run, for the old key and for the new one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from rotator.core import steps
from rotator.core.access_keys import KeyId, Status
from rotator.core.errors import RotatorError
from rotator.core.history import events as ev
from rotator.core.parts import Parts
from rotator.core.policy import Mode, Traits
from rotator.rotation import interventions
from rotator.rotation.loop import Ending, Rotation
from rotator.rotation.opening import Request, begin
from tests.rotation.memory_world import (
    BY_HAND,
    DAY,
    FILE,
    OLD,
    PERSON_WITH_TOKEN,
    WORKSPACE,
    MemoryConsumer,
    MemoryKeys,
    MemoryWorld,
    build,
)

CONSUMERS = {
    "file and alias": (FILE, WORKSPACE),
    "with a person": (FILE, BY_HAND),
    "with a person's mailbox": (WORKSPACE, PERSON_WITH_TOKEN),
}
STAGES = ("no run", "create lost", "verify stuck", "push stuck", "waiting or grace", "watch")


@dataclass
class Leak:
    """A leaked key must go off and stay off; looked at after every process."""

    world: MemoryWorld
    key: str
    went_off: bool = False

    def look(self) -> None:
        """Once off, never on again."""
        held = self.world.keys.get(self.key)
        active = held is not None and held.key.status is Status.ACTIVE
        assert not (self.went_off and active), "the leaked key is Active again"
        self.went_off = self.went_off or not active


def turn(parts: Parts, request: Request | None = None) -> Ending | None:
    """One process."""
    rotation = Rotation(parts)
    if request is not None and begin(rotation, request, "run-1"):
        return None
    return rotation.go_on()


def obey(parts: Parts, step: steps.Ask) -> None:
    """A person does what is asked."""
    for name in step.targets if step.what == "hand-over" else ():
        rotation = Rotation(parts)
        parts.consumers[name].held = interventions.hand_over(rotation, name, "jada").credential  # type: ignore[attr-defined]
        interventions.confirm(rotation, name, "jada")
        rotation.go_on()


def reach(world: MemoryWorld, parts: Parts, stage: str) -> None:
    """Play an ordinary rotation up to a stage."""
    faults = {
        "create lost": {"create": ["reply_lost"]},
        "verify stuck": {"soak": ["refused"]},
        "push stuck": {f"push {name}": ["refused"] for name in parts.consumers},
    }
    world.faults = dict(faults.get(stage, {}))
    if stage == "no run":
        return
    if stage == "create lost":
        world.faults["keys"] = []
        rotation = Rotation(parts)
        begin(rotation, Request(), "run-1")
        rotation._patience_s = 0
        rotation.go_on()
        return
    ending = turn(parts, Request())
    while stage == "watch" and ending is not None and not isinstance(ending.step, steps.Finish):
        if isinstance(ending.step, steps.Ask):
            obey(parts, ending.step)
        elif world.keys[OLD].key.status is Status.INACTIVE:
            return
        else:
            world.tick(DAY)
        ending = turn(parts)


CASES = {
    f"{mode.name.lower()} on the {which} key, {stage}, {name}": (mode, which, stage, traits)
    for mode in (Mode.EMERGENCY, Mode.REVOKE_FIRST)
    for which in ("old", "new")
    for stage in STAGES
    for name, traits in CONSUMERS.items()
    if not (which == "new" and stage in ("no run", "create lost"))
}


@pytest.mark.parametrize(("mode", "which", "stage", "traits"), CASES.values(), ids=CASES.keys())
def test_an_incident_ends_with_the_leaked_key_gone(
    mode: Mode, which: str, stage: str, traits: tuple[Traits, ...]
) -> None:
    """Whatever the run was doing: the leaked key ends deleted, never Active again, and everybody has another."""
    world, parts = build(*traits)
    reach(world, parts, stage)
    run = Rotation(parts).facts.run
    key = OLD if which == "old" or run is None else run.new
    leak = Leak(world, key)
    request: Request | None = Request(mode, key, "found in a public repository")
    for _ in range(80):  # a good old key keeps its grace and its watch, also after the new one leaked
        ending = turn(parts, request)
        request = None
        leak.look()
        if ending is None or isinstance(ending.step, steps.Finish):
            break
        if isinstance(ending.step, steps.Ask) and ending.step.what == "revoke-first":
            request = Request(Mode.REVOKE_FIRST, key, "no other way")
        elif isinstance(ending.step, steps.Ask):
            obey(parts, ending.step)
        else:
            world.tick(DAY // 4)
        leak.look()
    assert key not in world.keys
    (left,) = world.keys.values()
    assert left.key.status is Status.ACTIVE
    assert {one.held.key for one in parts.consumers.values()} == {left.key.id}  # type: ignore[attr-defined]


def test_revoke_first_switches_off_before_anything_else() -> None:
    """Revoke first: the leaked key is off before preflight, before a create, whatever is broken."""
    world, parts = build(FILE, WORKSPACE)
    world.faults = {f"preflight {FILE.name}": ["broken"], "create": ["refused"] * 9}
    turn(parts, Request(Mode.REVOKE_FIRST, OLD, "leaked"))
    assert world.keys[OLD].key.status is Status.INACTIVE
    assert world.calls.index("deactivate") <= 1


def test_an_incident_about_a_key_that_is_gone_does_nothing() -> None:
    """A key that was retired long ago: nothing is created, nothing is switched."""
    world, parts = build(FILE)
    ending = turn(parts, Request())
    while ending is not None and not isinstance(ending.step, steps.Finish):
        world.tick(DAY)
        ending = turn(parts)
    before = list(world.calls)
    assert turn(parts, Request(Mode.EMERGENCY, OLD, "leaked")) is None
    assert {"create", "deactivate"}.isdisjoint(world.calls[len(before) :])


def test_a_strangers_key_is_refused_in_every_mode() -> None:
    """A key that was neither adopted nor made here is not touched, not even in an incident."""
    world, parts = build(FILE)
    world.add("AKIASTRANGERSTRANGER")
    for mode in (Mode.EMERGENCY, Mode.REVOKE_FIRST):
        with pytest.raises(RotatorError, match="neither adopted nor made here"):
            turn(parts, Request(mode, "AKIASTRANGERSTRANGER", "leaked"))
    assert all(one.key.active for one in world.keys.values())


def test_an_incident_overtakes_an_abort() -> None:
    """An abort that the process did not live to carry out is void once the old key leaked: it is replaced."""
    world, parts = build(FILE)
    reach(world, parts, "verify stuck")
    interventions.abort(Rotation(parts), "wrong time")
    ending = turn(parts, Request(Mode.REVOKE_FIRST, OLD, "leaked"))
    for _ in range(5):
        if ending is not None and isinstance(ending.step, steps.Finish):
            break
        world.tick(DAY)
        ending = turn(parts)
    assert ending is not None
    assert ending.step == steps.Finish("rotated")
    assert OLD not in world.keys


def waiting_for_the_grace(*traits: Traits) -> tuple[MemoryWorld, Parts, str]:
    """A run in its grace, everybody told, and its new key."""
    world, parts = build(*traits)
    ending = turn(parts, Request())
    if ending is not None and isinstance(ending.step, steps.Ask):
        obey(parts, ending.step)
    run = Rotation(parts).facts.run
    assert run is not None
    return world, parts, run.new


@pytest.mark.parametrize("traits", [(FILE,), (WORKSPACE,), (BY_HAND,)], ids=["file", "alias", "person"])
@pytest.mark.parametrize("off", [True, False], ids=["switched off in the console", "still on"])
def test_a_good_old_key_is_not_given_up_for_a_leaked_one(traits: tuple[Traits, ...], off: bool) -> None:
    """The new key leaks in the grace: the old one stays Active, whatever becomes of the new one and of the create."""
    world, parts, new = waiting_for_the_grace(*traits)
    if off:
        MemoryKeys(world).deactivate(KeyId(new))
    world.faults = {"create": ["refused"] * 9}
    turn(parts, Request(Mode.EMERGENCY, new, "leaked"))
    assert world.keys[OLD].key.status is Status.ACTIVE
    assert OLD not in world.deleted


def test_no_abort_once_a_key_was_handed_out_and_lost() -> None:
    """The new key was pushed and then deleted by somebody else: the run cannot be dropped as if nobody had it."""
    world, parts, new = waiting_for_the_grace(FILE)
    del world.keys[new]
    world.tick(DAY)
    world.faults = {"create": ["refused"] * 9}
    turn(parts)
    with pytest.raises(RotatorError, match="can no longer be aborted"):
        interventions.abort(Rotation(parts), "wrong time")


def test_a_place_that_became_a_program_is_told() -> None:
    """A place fed by hand that the file turns into one we feed, mid-run, under the same name: it is told."""
    world, parts = build(BY_HAND)
    turn(parts, Request())
    changed = replace(BY_HAND, by_hand=False, sends=True)
    consumer = MemoryConsumer(world, changed, parts.consumers[BY_HAND.name].held)  # type: ignore[attr-defined]
    parts = replace(parts, policy=replace(parts.policy, consumers=(changed,)), consumers={BY_HAND.name: consumer})
    turn(parts)
    run = Rotation(parts).facts.run
    assert run is not None
    assert consumer.held is not None
    assert consumer.held.key == run.new


def test_a_persons_reactivation_starts_a_new_grace() -> None:
    """A person switches the old key on again in its watch: the next turns leave it on for a whole grace."""
    world, parts, _ = waiting_for_the_grace(FILE)
    while world.keys[OLD].key.status is Status.ACTIVE:
        world.tick(DAY)
        turn(parts)
    interventions.reactivate(Rotation(parts), OLD, "the billing job is broken", at_terminal=False)
    for _ in range(2):
        world.tick(DAY)
        turn(parts)
        assert world.keys[OLD].key.status is Status.ACTIVE


def test_a_leaked_key_that_a_person_brought_back_goes_when_told_again() -> None:
    """Revoked, switched on at a terminal: it stays on for that person, until an incident names it again."""
    world, parts, _ = waiting_for_the_grace(FILE)
    turn(parts, Request(Mode.REVOKE_FIRST, OLD, "leaked"))
    if OLD in world.keys:
        interventions.reactivate(Rotation(parts), OLD, "payroll runs tonight", at_terminal=True)
        world.tick(DAY)
        turn(parts)
        assert world.keys[OLD].key.status is Status.ACTIVE
        turn(parts, Request(Mode.REVOKE_FIRST, OLD, "enough"))
    assert OLD not in world.keys or world.keys[OLD].key.status is Status.INACTIVE


def test_a_hand_over_outside_a_run_is_remembered() -> None:
    """Whoever was handed the credential between runs is not forgotten when the file no longer names them."""
    _, parts = build(FILE, BY_HAND)
    rotation = Rotation(parts)
    rotation.record(ev.Forgotten(rotation.time.now(), BY_HAND.name, "moved away"))
    interventions.hand_over(rotation, BY_HAND.name, "jada")
    assert rotation.facts.consumer(BY_HAND.name).may_hold == (OLD,)


def test_the_password_of_a_key_that_somebody_deleted_is_kept_until_the_run_ends() -> None:
    """The pushed new key vanishes: its sealed password stays, in case the lists were wrong, and goes with the run."""
    world, parts, new = waiting_for_the_grace(FILE)
    del world.keys[new]
    world.tick(DAY)
    turn(parts)
    assert Rotation(parts).facts.kept == (new,)
    assert parts.journal.vault.open(KeyId(new), FILE.endpoint) is not None
    for _ in range(20):
        world.tick(DAY)
        turn(parts)
    assert Rotation(parts).facts.run is None
    assert parts.journal.vault.open(KeyId(new), FILE.endpoint) is None


@pytest.mark.parametrize("stage", ["grace", "watch"])
def test_a_new_key_that_somebody_deleted_is_replaced_although_one_place_is_broken(stage: str) -> None:
    """Whoever was told a key that is gone has no mail: one broken place does not hold up the next key for the rest."""
    world, parts, new = waiting_for_the_grace(FILE, WORKSPACE)
    while stage == "watch" and world.keys[OLD].key.active:
        world.tick(DAY)
        turn(parts)
    del world.keys[new]
    world.tick(DAY)
    world.faults = {f"preflight {FILE.name}": ["broken"] * 9, f"push {FILE.name}": ["refused"] * 9}
    turn(parts)
    run = Rotation(parts).facts.run
    assert run is not None
    assert run.new in world.keys
    assert parts.consumers[WORKSPACE.name].held.key == run.new  # type: ignore[attr-defined]
    assert world.keys[OLD].key.active, "until then the old key is the only one that can carry mail"


def test_nobodys_mail_waits_for_one_broken_place_when_the_only_key_is_gone() -> None:
    """The key that everybody holds was deleted between two rotations: the same."""
    world, parts = build(FILE, WORKSPACE)
    del world.keys[OLD]
    world.faults = {f"preflight {FILE.name}": ["broken"] * 9, f"push {FILE.name}": ["refused"] * 9}
    turn(parts, Request())
    (key,) = world.keys
    assert parts.consumers[WORKSPACE.name].held.key == key  # type: ignore[attr-defined]


def test_nobody_confirms_what_was_never_handed_out() -> None:
    """A person's word counts only for a credential that was handed out, in this run and for this key."""
    world, parts = build(BY_HAND)
    turn(parts, Request())
    with pytest.raises(RotatorError, match="nobody was handed the new credential"):
        interventions.confirm(Rotation(parts), BY_HAND.name, "jada")
    interventions.hand_over(Rotation(parts), BY_HAND.name, "jada")
    first = Rotation(parts).facts.run
    assert first is not None
    del world.keys[first.new]
    world.tick(DAY)
    turn(parts)
    with pytest.raises(RotatorError, match="nobody was handed the new credential"):
        interventions.confirm(Rotation(parts), BY_HAND.name, "jada")
    interventions.hand_over(Rotation(parts), BY_HAND.name, "jada")
    interventions.confirm(Rotation(parts), BY_HAND.name, "jada")
    assert Rotation(parts).facts.consumer(BY_HAND.name).attested_at > 0


def test_our_own_login_at_first_contact_does_not_look_like_somebody_elses() -> None:
    """Adopted with the password and rotated at once: our login moved last-used, and no canary is repeated for it."""
    world, parts = build(WORKSPACE)
    credential = parts.journal.vault.open(KeyId(OLD), WORKSPACE.endpoint)
    assert credential is not None
    assert world.accepts(credential)
    parts.journal.append(ev.LoggedIn(world.now, OLD, WORKSPACE.endpoint))
    turn(parts, Request())
    world.tick(DAY // 4)
    turn(parts)
    assert world.calls.count(f"send {WORKSPACE.name}") == 1
