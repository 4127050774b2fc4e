"""The promises, looked at after everything that happens."""

from __future__ import annotations

from rotator.core.facts import Facts
from rotator.core.policy import Traits
from tests.explorer.moves import Configuration, State
from tests.explorer.world import GARBAGE, OURS, World


def broken(configuration: Configuration, state: State) -> str:
    """The first promise that does not hold in this state, in words; "" if all hold."""
    world, facts = state.world, state.facts
    for traits in configuration.consumers:
        held = world.held(traits.name)
        if held in {"", GARBAGE}:  # nothing yet, or what only a person can have done
            continue
        said = _consumer(configuration, world, facts, traits, held)
        if said:
            return said
    return _secret_lost(world, facts)


def _consumer(configuration: Configuration, world: World, facts: Facts, traits: Traits, held: str) -> str:
    row = world.row(held)
    if held not in world.known:
        return f"{traits.name} was given {held}, which SES has never accepted"
    if world.revoked or held in world.hit:  # a person chose that mail may be deferred; or a foreign hand did it
        return ""
    if row is None:
        return f"{traits.name} holds {held}, which is deleted"
    if row.active or not configuration.keeps_mail:
        return ""
    if traits.reads_back:
        return f"{traits.name} holds {held}, which is Inactive, and could have been read back"
    return "" if _being_probed(facts, traits.name, held) else f"{traits.name} holds {held}, which stays Inactive"


def _being_probed(facts: Facts, name: str, held: str) -> bool:
    """A write-only consumer may be on the Inactive old key until the canary that follows the deactivation.

    If that canary fails, the key is switched on again before the consumer is told again - unless it leaked.
    """
    key, consumer = facts.key(held), facts.consumer(name)
    survived = key.refused_at and consumer.survived == held
    told_again = key.deactivated_at and not consumer.canary_at and not key.compromised
    return facts.run is not None and held == facts.run.old and not survived and not told_again


def _secret_lost(world: World, facts: Facts) -> str:
    for row in world.rows:
        handed = any(row.id in one.may_hold for one in facts.consumers)
        if row.by == OURS and row.active and handed and facts.key(row.id).sealed and row.id not in world.sealed:
            return f"the secret of {row.id} is lost although a consumer may hold it"
    return ""


def clean(configuration: Configuration, state: State) -> bool:
    """A finished state: no run, one Active key of ours, which every consumer holds, nothing on its way."""
    world, facts = state.world, state.facts
    ours = [one for one in world.rows if one.by == OURS]
    return (
        facts.run is None
        and not world.late
        and [(one.id, one.active) for one in ours] == [(facts.current, True)]
        and all(held == facts.current for _, held in world.holds)
        and facts.current not in world.leaked
    )
