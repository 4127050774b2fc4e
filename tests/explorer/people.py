"""What people do: paste, confirm, raise an alarm, abort, answer, make a key of their own.

A person's command goes through the shipped functions of `opening.py` and `interventions.py`, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from rotator.core import steps
from rotator.core.policy import Mode
from rotator.rotation import interventions, opening
from rotator.rotation.loop import Rotation
from tests.explorer import moves as m
from tests.explorer import world as w

WHO = "jada"


def people(configuration: m.Configuration, state: m.State, step: steps.Step) -> Iterator[m.Move]:
    """Everything a person may do in this state."""
    at_rest = isinstance(step, steps.Ask | steps.Refuse | steps.Wait | steps.Finish)
    if isinstance(step, steps.Ask):
        yield from _answers(configuration, state, step)
    if isinstance(step, steps.Refuse):
        yield from _own_key_taken_away(state)
        if step.id in {"key-switched-off", "key-switched-on"}:  # needed after all, says the answer to the second
            says = f"a person switches {step.seen[0]} on again"
            yield from _command(configuration, state, says, lambda r: _switch_on(r, step.seen[0]))
    if state.facts.run is None:
        yield from _next_rotation(configuration, state)
    if state.world.incidents:
        yield from _alarm(configuration, state)
    if state.world.aborts and state.facts.run is not None and not state.facts.run.aborting:
        yield from _command(configuration, state, "a person aborts", _abort)
    if state.world.strangers and not at_rest and len(state.world.rows) < 2:
        world, row = w.create(replace(state.world, strangers=0), by=w.PERSON)
        assert row is not None
        yield m.Move(f"a person makes {row.id} for something else", replace(state, world=world))


def _command(
    configuration: m.Configuration, state: m.State, says: str, act: Callable[[Rotation], None]
) -> Iterator[m.Move]:
    """A command of a person: another process, which has seen nothing yet and ends after it; a refused one is none."""
    before = replace(state, observed=m.FRESH)
    for move in m.played(configuration, before, says, act, stays=False):
        if move.after != before:
            yield replace(move, calm=False)


def _abort(rotation: Rotation) -> None:
    interventions.abort(rotation, "changed my mind")
    _world_of(rotation, aborts=0)


def _switch_on(rotation: Rotation, key: str) -> None:
    interventions.reactivate(rotation, key, "needed", at_terminal=True)


def _world_of(rotation: Rotation, **changes: object) -> None:
    """Count down what a person did, in the play that the process runs in."""
    play = rotation.parts.access_keys.play  # type: ignore[attr-defined]  # the explorer's own port
    play.world = replace(play.world, **changes)


def _next_rotation(configuration: m.Configuration, state: m.State) -> Iterator[m.Move]:
    def act(rotation: Rotation) -> None:
        urgent = opening.Request(configuration.mode, state.facts.current, "leaked")
        opening.begin(rotation, urgent if configuration.mode else opening.Request(), "run")
        _world_of(rotation, rotations=max(0, state.world.rotations - 1))

    gone = bool(state.facts.current) and state.world.row(state.facts.current) is None  # then it is due at once
    if state.world.rotations or gone:
        yield from _command(configuration, state, "the next rotation is due", act)


def _alarm(configuration: m.Configuration, state: m.State) -> Iterator[m.Move]:
    """An incident about the old or the new key, once."""
    assert configuration.incident is not None
    mode, which = configuration.incident
    run = state.facts.run
    key = (run.old if which == "old" else run.new) if run else state.facts.current
    if not key or (run and run.aborting):
        return

    def act(rotation: Rotation) -> None:
        opening.begin(rotation, opening.Request(mode, key, "leaked"), "run")
        world = rotation.parts.access_keys.play.world  # type: ignore[attr-defined]
        leaked = world.leaked | {key}  # from here on the person knows that it was heard; a killed command is repeated
        _world_of(rotation, incidents=0, leaked=leaked, revoked=world.revoked or mode is Mode.REVOKE_FIRST)

    yield from _command(configuration, state, f"{key} leaked: a person orders {mode.name}", act)


# --- answers -------------------------------------------------------------------------------------------------------


def _answers(configuration: m.Configuration, state: m.State, step: steps.Ask) -> Iterator[m.Move]:
    match step.what:
        case "hand-over":
            for name in step.targets:
                yield from _pastes(configuration, state, name)
        case "whose-key":
            row = state.world.row(step.targets[0])
            if row is not None and row.by == w.OURS:
                says = f"a person says: {row.id} is nobody's"
                yield from _command(configuration, state, says, lambda r: interventions.discard(r, row.id, "nobody's"))
            yield from _own_key_taken_away(state)
        case "revoke-first":

            def act(rotation: Rotation) -> None:
                opening.begin(rotation, opening.Request(Mode.REVOKE_FIRST, step.targets[0], "leaked"), "run")
                _world_of(rotation, revoked=True)

            yield from _command(configuration, state, f"a person revokes {step.targets[0]} first", act)


def _pastes(configuration: m.Configuration, state: m.State, name: str) -> Iterator[m.Move]:
    """The credential is shown, and the person confirms: having pasted it, something else, or nothing yet.

    Where we can send, evidence can find out a wrong word; where we cannot, the word is all there is, and true.
    """
    run = state.facts.run
    assert run is not None
    new = run.new

    def pasted(what: str) -> Callable[[Rotation], None]:
        def act(rotation: Rotation) -> None:
            interventions.hand_over(rotation, name, WHO)
            play = rotation.parts.access_keys.play  # type: ignore[attr-defined]
            if what == "later":
                play.world = replace(play.world, late=(*play.world.late, w.Late("paste", new, 0, name)))
            else:
                play.world = play.world.holding(name, what)
            interventions.confirm(rotation, name, WHO)

        return act

    yield from _command(configuration, state, f"a person pastes {new} into {name} and confirms", pasted(new))
    traits = m.policy_of(configuration).consumer(name)
    if state.world.faults and traits is not None and traits.sends:
        poorer = replace(state, world=replace(state.world, faults=state.world.faults - 1))
        rubbish = f"a person pastes rubbish into {name} and confirms"
        yield from _command(configuration, poorer, rubbish, pasted(w.GARBAGE))
        yield from _command(configuration, poorer, f"a person confirms {name} and pastes later", pasted("later"))


def _own_key_taken_away(state: m.State) -> Iterator[m.Move]:
    """Told that their key is in the way, the person who made it takes it away."""
    for row in state.world.rows:
        if row.by == w.PERSON:
            after = replace(state, world=w.delete(state.world, row.id), observed=m.FRESH)
            yield m.Move(f"its maker takes {row.id} away", after)
