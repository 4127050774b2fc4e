"""The file changes an endpoint while a run is open: its places are told again, proven there, and nobody is cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rotator.core import steps
from rotator.core.errors import Exit
from rotator.core.looks import NothingThere
from rotator.core.parts import Parts
from rotator.core.policy import Traits
from rotator.core.ports import Acknowledged, Canary, CanaryAnswer, Deadline, Holding, PushAnswer, Unknown
from rotator.core.smtp_credential import SmtpCredential
from rotator.rotation import interventions
from rotator.rotation.loop import Ending, Rotation
from rotator.rotation.opening import Request, begin
from rotator.rotation.outcome import Report, report
from tests.rotation.memory_world import (
    BY_HAND,
    DAY,
    FILE,
    OLD,
    REGION,
    WORKSPACE,
    MemoryConsumer,
    MemoryEndpoint,
    MemoryWorld,
    build,
)

PUBLIC, FIPS = "0123456789abcdef", "fedcba9876543210"  # fingerprints of two SES hosts of one region
FAR = "eu-west-1"


class Alias(MemoryConsumer):
    """An alias that sends through the server it was last told; at its worst: from another we learn nothing."""

    through = PUBLIC

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Pair and server are one PATCH: both are taken over, or neither."""
        answer = super().push(credential, deadline)
        if self.held == credential:
            self.through = self.traits.server
        return answer

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        """Neither a mail nor a refusal comes back from another server than the file's."""
        if self.through != self.traits.server:
            return Unknown("neither the mail nor a bounce is there")
        return super().send(canary, deadline)


class Relay(MemoryConsumer):
    """A file with one line for each server."""

    def __init__(self, world: MemoryWorld, traits: Traits, held: SmtpCredential | None) -> None:
        super().__init__(world, traits, held)
        self.lines = {PUBLIC: held}

    def push(self, credential: SmtpCredential, deadline: Deadline) -> PushAnswer:
        """Our server's line is written."""
        answer = super().push(credential, deadline)
        self.lines[self.traits.server] = self.held if isinstance(answer, Acknowledged) else None
        return answer

    def holds(self, deadline: Deadline) -> Holding:
        """What stands in our server's line."""
        line = self.lines.get(self.traits.server)
        return line.key if line else NothingThere("no credential for it")


def opened(kind: type[MemoryConsumer], traits: Traits) -> tuple[MemoryWorld, Parts, MemoryConsumer]:
    """A run about one place of that kind, at the public host."""
    traits = replace(traits, server=PUBLIC)
    world, parts = build(traits)
    world.last_use_works = False  # nothing tells on a place that stays behind
    place = kind(world, traits, parts.consumers[traits.name].held)  # type: ignore[attr-defined]
    parts = replace(parts, consumers={traits.name: place})
    begin(Rotation(parts), Request(), "run-1")
    return world, parts, place


def edited(parts: Parts, place: MemoryConsumer, **changes: str) -> Parts:
    """The next process reads another file."""
    place.traits = replace(place.traits, **changes)  # type: ignore[arg-type]
    return replace(parts, policy=replace(parts.policy, consumers=(place.traits,)))


def turn(parts: Parts) -> Ending:
    """One process."""
    return Rotation(parts).go_on()


def said(parts: Parts) -> Report:
    """What the next process tells a person."""
    return report(turn(parts), "jada")


def to_the_end(world: MemoryWorld, parts: Parts, place: MemoryConsumer, days: int = 20) -> Ending:
    """A process a day until the run is over; after each of them mail of the place flows."""
    ending = turn(parts)
    for _ in range(days):
        assert place.held is not None
        assert world.keys[place.held.key].key.active, f"cut off: {ending.step}"
        if isinstance(ending.step, steps.Finish):
            return ending
        world.tick(DAY)
        ending = turn(parts)
    raise AssertionError(f"the run did not end in {days} days: {ending.step}")


@pytest.mark.parametrize("name", ["the same name", "another name"])
def test_an_alias_that_never_took_the_new_key_is_not_cut_off_by_an_edit(name: str) -> None:
    """Gmail said yes and did nothing, the canary came on the old key; in the grace the file names the FIPS host."""
    world, parts, place = opened(Alias, WORKSPACE)
    world.faults = {f"push {WORKSPACE.name}": ["lied"]}
    assert turn(parts).step.number == 8
    assert (place.held.key, world.calls.count(f"send {WORKSPACE.name}")) == (OLD, 1)  # type: ignore[union-attr]
    endpoint = REGION if name == "the same name" else "fips"
    parts = replace(parts, endpoints={endpoint: MemoryEndpoint(world)})
    parts = edited(parts, place, server=FIPS, endpoint=endpoint)
    world.tick(DAY)
    assert to_the_end(world, parts, place).step == steps.Finish("rotated")
    assert (place.through, set(world.keys)) == (FIPS, {place.held.key})  # type: ignore[attr-defined, union-attr]


def test_the_line_of_another_server_is_written_as_soon_as_the_file_names_it() -> None:
    """A relay's file has no line for the new host yet: it is told, and the run is not kept waiting for a read back."""
    world, parts, place = opened(Relay, FILE)
    assert turn(parts).step.number == 8
    assert to_the_end(world, edited(parts, place, server=FIPS), place).step == steps.Finish("rotated")
    assert {line.key for line in place.lines.values()} == set(world.keys)  # type: ignore[attr-defined]


def test_a_person_is_asked_again_where_the_server_has_changed() -> None:
    """An alias fed by hand: who pasted the pair beside the former host is asked to paste it with the new one."""
    world, parts, place = opened(MemoryConsumer, BY_HAND)
    assert isinstance(turn(parts).step, steps.Ask)
    paste(parts, place)
    assert turn(parts).step.number == 8
    parts = edited(parts, place, server=FIPS)
    asked = turn(parts).step
    assert isinstance(asked, steps.Ask)
    assert asked.targets == (BY_HAND.name,)
    paste(parts, place)
    assert to_the_end(world, parts, place).step == steps.Finish("rotated")


def paste(parts: Parts, place: MemoryConsumer) -> None:
    """A person takes the credential, pastes it, and says so."""
    place.held = interventions.hand_over(Rotation(parts), place.traits.name, "jada").credential
    interventions.confirm(Rotation(parts), place.traits.name, "jada")


def test_a_changed_endpoint_that_does_not_answer_is_told_with_the_way_back() -> None:
    """Nobody is told before the new key logged in there; a person reads that the file's change is what keeps it."""
    world, parts, place = opened(Alias, WORKSPACE)
    turn(parts)
    changed = edited(parts, place, server=FIPS)
    world.faults = {"soak": ["535"]}
    told = said(changed)
    assert (told.exit_code, told.next) == (Exit.HELP_NEEDED, "rotator rotate --user jada")
    assert "changed or added it in the open run" in told.summary
    assert world.calls.count(f"push {WORKSPACE.name}") == 1
    assert to_the_end(world, edited(changed, place, server=PUBLIC), place).step == steps.Finish("rotated")
    assert world.calls.count(f"push {WORKSPACE.name}") == 1, "it was told there before"


class FarEndpoint(MemoryEndpoint):
    """The endpoint of another region."""

    name = region = FAR


@pytest.mark.parametrize("way_out", ["put back", "taken out"])
def test_a_region_that_is_new_in_an_open_run_is_told_with_the_way_out(way_out: str) -> None:
    """The new key's password for it was never made and its secret is gone: a person is told what to do, at once."""
    world, parts, place = opened(Alias, WORKSPACE)
    turn(parts)
    far = replace(WORKSPACE, name="far", endpoint=FAR, server=FIPS)
    abroad = replace(parts, endpoints={**parts.endpoints, FAR: FarEndpoint(world)})
    if way_out == "put back":
        abroad = edited(abroad, place, endpoint=FAR, server=FIPS)
    else:
        abroad = replace(
            abroad,
            policy=replace(parts.policy, consumers=(place.traits, far)),
            consumers={**parts.consumers, "far": MemoryConsumer(world, far, None)},
        )
    events = len(parts.journal.events())
    told = said(abroad)
    assert (told.exit_code, told.cause) == (Exit.HELP_NEEDED, "region-without-password")
    assert FAR in told.summary
    assert "put the former endpoint back" in told.fix
    assert "take a place out that is new" in told.fix
    assert len(parts.journal.events()) == events, "it was not even tried"
    back = edited(abroad, place, endpoint=REGION, server=PUBLIC)
    assert to_the_end(world, back, place).step == steps.Finish("rotated")


def test_without_a_password_for_its_region_the_old_key_is_given_its_hour() -> None:
    """The file moved to a region whose old password nobody has: SES cannot be asked, so an hour passes first."""
    world, parts, place = opened(Alias, replace(WORKSPACE, endpoint=FAR))
    parts = replace(parts, endpoints={FAR: FarEndpoint(world)})
    world.region = FAR
    ending = turn(parts)
    while world.keys[OLD].key.active:
        world.tick(DAY)
        ending = turn(parts)
    assert isinstance(ending.step, steps.Wait)
    assert (ending.step.urgent, ending.step.until - world.now) == (False, 3600)
    assert not Rotation(parts).facts.key(OLD).refused_at
    assert to_the_end(world, parts, place).step == steps.Finish("rotated")


def test_a_run_of_an_older_version_does_not_know_the_server_and_tells_nobody_twice() -> None:
    """A push recorded without a server is taken for one to the server of the file."""
    world, parts, place = opened(Alias, WORKSPACE)
    older = replace(parts, policy=replace(parts.policy, consumers=(WORKSPACE,)))
    turn(older)
    assert to_the_end(world, parts, place).step == steps.Finish("rotated")
    assert world.calls.count(f"push {WORKSPACE.name}") == 1
