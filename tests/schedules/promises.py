"""The promises, held against the world as it is, before every call and after every change."""

from __future__ import annotations

from rotator.core.facts import Facts
from rotator.core.policy import Traits
from tests.schedules.journals import Rows, Store
from tests.schedules.world import OURS, PERSON, RUBBISH, Broken, World


def check(world: World, store: Store, consumers: tuple[Traits, ...], adopted_sealed: bool) -> None:
    """Raises Broken if a promise does not hold now."""
    for traits in consumers:
        held = world.holds[traits.name]
        row = world.rows.get(held)
        if (row is not None and row.active) or held == RUBBISH or world.revoked:
            continue
        if row is None:
            raise Broken(f"{traits.name} holds {held}, which is deleted")
        if traits.reads_back:
            raise Broken(f"{traits.name} holds {held}, which is Inactive, and could have been read back")
        if not _being_probed(store.facts, traits, held):
            raise Broken(f"{traits.name} holds {held}, which stays Inactive")
    _secrets_kept(world, store.facts, store.sealed, adopted_sealed)


def _being_probed(facts: Facts, traits: Traits, held: str) -> bool:
    """A write-only place may be on the Inactive old key until the canary that follows the deactivation."""
    if facts.run is None or held != facts.run.old:
        return False
    return not (facts.key(held).refused_at and facts.consumer(traits.name).survived == held)


def _secrets_kept(world: World, facts: Facts, sealed: Rows, adopted_sealed: bool) -> None:
    kept = {key for key, _ in sealed}
    for row in world.rows.values():
        if row.id in kept or not row.active or row.by != OURS or (row.made_before and not adopted_sealed):
            continue
        if any(row.id in one.may_hold for one in facts.consumers):
            raise Broken(f"the secret of {row.id} is lost although a consumer may hold it")


def clean(world: World, store: Store) -> None:
    """Raises Broken unless a finished life leaves one Active key of ours, which every consumer holds, and no more."""
    facts = store.facts
    ours = [(one.id, one.active) for one in world.rows.values() if one.by == OURS]
    if ours != [(facts.current, True)]:
        raise Broken(f"at the end there is {ours} and the journal says {facts.current}")
    if set(world.holds.values()) != {facts.current}:
        raise Broken(f"at the end the consumers hold {world.holds}, and the key is {facts.current}")
    if facts.current in world.leaked:
        raise Broken(f"at the end the leaked {facts.current} is in use")
    if {key for key, _ in store.sealed} - {facts.current}:
        raise Broken("at the end there are sealed secrets of keys that are gone")


def someone_elses(world: World) -> tuple[str, ...]:
    """The keys that persons made for something else."""
    return tuple(one.id for one in world.rows.values() if one.by == PERSON)
