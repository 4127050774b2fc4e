"""Every single fault and every kill, at every outside call of a whole rotation, on the real loop in memory.

After every call the promises are checked against what is, not against what the program believes.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rotator import interventions
from rotator.core import steps
from rotator.core.access_keys import KeyId, Status
from rotator.core.errors import RotatorError
from rotator.core.parts import Parts
from rotator.core.policy import Traits
from rotator.opening import Request, begin
from rotator.rotation import Rotation
from tests.rotation.memory_world import BY_HAND, DAY, FILE, OLD, PERSON_WITH_TOKEN, REGION, WORKSPACE, MemoryWorld, build

CONSUMERS = {
    "file": (FILE,),
    "workspace alias": (WORKSPACE,),
    "person": (BY_HAND,),
    "mailbox with a token": (PERSON_WITH_TOKEN,),
    "all four": (FILE, WORKSPACE, BY_HAND, PERSON_WITH_TOKEN),
}
TURNS_AT_MOST = 60


class Killed(BaseException):
    """The process died: nothing catches it."""


@dataclass
class Saboteur:
    """Does one thing to the n-th outside call, and checks the promises at every call."""

    world: MemoryWorld
    parts: Parts
    at: int
    what: str
    n: int = 0

    def __call__(self, name: str) -> str:
        check_promises(self.world, self.parts)
        self.n += 1
        if self.n != self.at:
            return ""
        if self.what == "kill before":
            raise Killed
        return {"lost": "lost", "reply lost": "reply_lost", "refused": "refused"}.get(self.what, "")

    def done(self) -> None:
        """The effect of the newest call has taken place; its caller may not live to learn it."""
        check_promises(self.world, self.parts)
        if self.n == self.at and self.what == "kill after":
            raise Killed


def check_promises(world: MemoryWorld, parts: Parts) -> None:
    """No consumer on a deleted key; a readable one never on an Inactive one; every key handed out is sealed."""
    for consumer in parts.consumers.values():
        held = consumer.held.key  # type: ignore[attr-defined]
        assert held not in world.deleted, f"{consumer.traits.name} holds deleted {held}"
        if consumer.traits.reads_back:
            assert world.keys[held].key.status is Status.ACTIVE, f"{consumer.traits.name} is on an Inactive key"
        assert parts.journal.vault.open(KeyId(held), REGION) is not None, f"the secret of {held} is lost"
    assert len(world.keys) <= 2


def run_once(parts: Parts, first: bool) -> steps.Step | None:
    """One process, which may be killed or refused."""
    try:
        rotation = Rotation(parts)
        if rotation.facts.run is None and first:
            begin(rotation, Request(), "run-1")
        return rotation.go_on().step
    except (Killed, RotatorError):
        return None


def obey(parts: Parts, step: steps.Ask) -> None:
    """The person pastes and confirms, or says that the orphan is nobody's; the process may die meanwhile."""
    try:
        for target in step.targets:
            rotation = Rotation(parts)
            if step.what == "whose-key":
                interventions.discard(rotation, target, "nobody's")
            else:
                parts.consumers[target].held = interventions.hand_over(rotation, target, "j").credential  # type: ignore[attr-defined]
                interventions.confirm(rotation, target, "j")
            rotation.go_on()
    except (Killed, RotatorError):
        return


def play(world: MemoryWorld, parts: Parts) -> None:
    """Turns once a day until the run has finished; raises if it never does."""
    for _ in range(TURNS_AT_MOST):
        step = run_once(parts, first=OLD in world.keys)
        if isinstance(step, steps.Finish) and step.outcome == "rotated":
            return
        if isinstance(step, steps.Ask):
            obey(parts, step)
        elif step is not None:
            world.tick(DAY)
    raise AssertionError(f"wedged: {step}")


def calls_of_a_happy_run(traits: tuple[Traits, ...]) -> int:
    """How many outside calls there are to sabotage."""
    world, parts = build(*traits)
    play(world, parts)
    return len(world.calls)


class KillableWorld(MemoryWorld):
    """A world whose calls a saboteur sees."""

    saboteur: Saboteur | None = None

    def fault(self, name: str) -> str:
        """Ask the saboteur."""
        self.calls.append(name)
        return self.saboteur(name) if self.saboteur else ""

    def done(self) -> None:
        """Tell the saboteur."""
        if self.saboteur:
            self.saboteur.done()


def sabotaged(traits: tuple[Traits, ...], at: int, what: str, sole_creator: bool) -> tuple[MemoryWorld, Parts]:
    """A world in which the `at`-th call goes wrong."""
    world, parts = build(*traits, sole_creator=sole_creator)
    world.__class__ = KillableWorld
    world.saboteur = Saboteur(world, parts, at, what)  # type: ignore[attr-defined]
    return world, parts


CASES = {
    f"{what} with {name}, {'sole creator' if sole else 'others may create'}": (traits, what, sole)
    for what in ("kill before", "kill after", "lost", "reply lost", "refused")
    for name, traits, sole in [
        *((name, traits, True) for name, traits in CONSUMERS.items()),
        ("file", CONSUMERS["file"], False),
    ]
}


@pytest.mark.parametrize(("traits", "what", "sole_creator"), CASES.values(), ids=CASES.keys())
def test_one_fault_anywhere_ends_well(traits: tuple[Traits, ...], what: str, sole_creator: bool) -> None:
    """One fault at any outside call: the promises hold at every call, and running again finishes."""
    for at in range(1, calls_of_a_happy_run(traits) + 2):
        world, parts = sabotaged(traits, at, what, sole_creator)
        try:
            play(world, parts)
        except AssertionError as broken:
            raise AssertionError(f"{what} at call {at} ({world.calls[at - 1]}): {broken}") from broken
        (key,) = world.keys.values()
        assert key.key.status is Status.ACTIVE
        assert {one.held.key for one in parts.consumers.values()} == {key.key.id}  # type: ignore[attr-defined]
