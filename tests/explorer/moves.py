"""What can happen next in a state: the program's step in every way it can go, time, people, and late effects.

The shipped `decide` names the step; the shipped loop's own effects and look-ups perform it over the ports of
`edges.py`; the shipped fold adds up what was recorded.  Only the ports are a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from rotator.core import steps
from rotator.core.errors import RotatorError
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.next_step import RULES, Rule, decide
from rotator.core.parts import Parts
from rotator.core.policy import DAY_S, HOUR_S, Mode, Policy, Traits
from rotator.core.situation import Observed
from rotator.rotation.loop import PATIENCE_S, Rotation
from tests.explorer import clock
from tests.explorer import world as w
from tests.explorer.edges import WHO, Consumer, Endpoint, Iam, Journal
from tests.explorer.play import Killed, Play, every_way
from tests.explorer.world import NOW, Broken, World

FRESH = Observed(identity=WHO, preflight=())  # a new process; the user is the right one and nothing bars a push
GRACE_S, QUIET_S, WATCH_S = 2 * HOUR_S, HOUR_S, 2 * DAY_S
LONGEST_S = WATCH_S + HOUR_S  # longer than every constant that a rule compares a time with


@dataclass(frozen=True, slots=True)
class State:
    """One point of the search."""

    world: World
    facts: Facts
    observed: Observed = FRESH


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happens.  `calm`: the program's own step with all going well."""

    says: str
    after: State | Broken
    calm: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is explored: consumers, faults that may happen, and what people may do."""

    consumers: tuple[Traits, ...]
    faults: int = 1
    sole_creator: bool = True
    adopted_sealed: bool = True
    old_key: bool = True
    last_used_tells: bool = True
    busy: bool = False  # consumers send mail all the time, canaries apart
    mode: Mode = Mode.SCHEDULED
    incident: tuple[Mode, str] | None = None  # raised once, at any time, about the "old" or "new" key
    aborts: int = 0
    strangers: int = 0
    foreign: str = ""  # a foreign hand switches off ("deactivate") or deletes ("delete") a key of ours, once
    reverts: int = 0
    rotations: int = 1
    wrong_births: int = 0
    rules: tuple[Rule, ...] = RULES
    slow_people: bool = False  # they take days to answer
    keeps_mail: bool = True  # False: only NoDeadKey is demanded (a consumer that goes back on its own)

    @property
    def policy(self) -> Policy:
        """The policy that the rules are given."""
        return Policy(
            WHO.user, WHO.account, self.consumers, self.sole_creator, grace_s=GRACE_S, quiet_s=QUIET_S, watch_s=WATCH_S
        )

    def start(self) -> State:
        """An adopted user, an open run."""
        old = w.key_name(1) if self.old_key else ""
        names = tuple(one.name for one in self.consumers)
        keys = frozenset({old} - {""})
        world = World(
            rows=(w.Row(old, active=True, created=NOW - LONGEST_S),) if old else (),
            holds=tuple((name, old) for name in names),
            ses=keys,
            known=keys,
            sealed=keys if self.adopted_sealed else frozenset(),
            faults=self.faults,
            incidents=int(self.incident is not None),
            aborts=self.aborts,
            strangers=self.strangers,
            foreign=int(bool(self.foreign)),
            reverts=self.reverts,
            rotations=self.rotations - 1,
            wrong_births=self.wrong_births,
        )
        adopted = ev.Adopted(NOW, WHO.account, WHO.user, WHO.user_id, old, names, self.adopted_sealed)
        return State(world, fold([adopted, ev.RunOpened(NOW, "run", self.mode, "", old, names)]))


@cache
def policy_of(configuration: Configuration) -> Policy:
    """One policy for all states of a configuration."""
    return configuration.policy


def process(configuration: Configuration, state: State, play: Play) -> Rotation:
    """A live rotation in this state, whose effects go to the play's world."""
    policy, journal = policy_of(configuration), Journal(play)
    parts = Parts(
        policy=policy,
        journal=journal,
        access_keys=Iam(play, configuration.last_used_tells),
        endpoints={"here": Endpoint(play)},
        consumers={one.name: Consumer(play, one) for one in policy.consumers},
        new_token=lambda: "",
        monotonic=lambda: 0.0,
        sleep=lambda _: None,
    )
    rotation = Rotation(parts)
    rotation.facts, rotation.observed = state.facts, state.observed
    rotation.time.set(NOW)
    return rotation


def played(
    configuration: Configuration, state: State, says: str, act: Callable[[Rotation], None], *, stays: bool = True
) -> Iterator[Move]:
    """One act of the program or of a person's command, in every way it can go."""
    scripts: list[tuple[int, ...]] = [()]
    while scripts:
        play = Play(state.world, scripts.pop())
        rotation = process(configuration, state, play)
        after = _outcome(state, play, rotation, act, stays=stays)
        scripts += every_way(play.script, play)
        yield Move("; ".join([says, *play.said]), after, calm=not any(play.taken))


def _outcome(
    state: State, play: Play, rotation: Rotation, act: Callable[[Rotation], None], *, stays: bool
) -> State | Broken:
    """Where the act leads; a process that was killed or gave up has seen nothing."""
    journal = rotation.parts.journal
    try:
        act(rotation)
        observed = rotation.observed if stays else FRESH
    except (Killed, RotatorError):
        observed = FRESH
    except Broken as broken:
        return broken
    return State(play.world, fold(journal.events(), state.facts), observed)


def perform(step: steps.Step) -> Callable[[Rotation], None]:
    """What the loop does with a step that does not end the process."""

    def act(rotation: Rotation) -> None:
        if isinstance(step, steps.Observe):
            rotation.look(step.what, step.target)
        elif isinstance(step, steps.Forget):
            rotation.forget(step.key)
            rotation.observed = replace(rotation.observed, keys=None)
        elif isinstance(step, steps.Finish):
            assert rotation.facts.run is not None
            rotation.finish(rotation.facts.run, step.outcome)
            play = rotation.parts.access_keys.play  # type: ignore[attr-defined]
            play.world = replace(play.world, revoked=False)  # the order was about this run
        else:
            rotation.perform(step)

    return act


def moves(configuration: Configuration, state: State) -> tuple[steps.Step, list[Move]]:
    """The step that the program decides here, and everything that can happen."""
    from tests.explorer.people import people

    step, rule = decide(state.facts, state.observed, policy_of(configuration), NOW, configuration.rules)
    found: list[Move] = []
    if isinstance(step, steps.Wait):
        found += _time(configuration, state, step.until - NOW, f"waits: {step.why}")
    elif isinstance(step, steps.Refuse):
        found += _time(configuration, state, DAY_S, f"refuses: {step.id}")
    elif isinstance(step, steps.Ask):
        found += _ended(state, f"asks: {step.what}")
        if configuration.slow_people:
            found += _time(configuration, state, DAY_S, f"asks: {step.what}")
    elif isinstance(step, steps.Finish) and state.facts.run is None:
        found += _ended(state, "nothing is open")
    else:
        ends = isinstance(step, steps.Finish)
        found += played(configuration, state, f"{_named(step)}  [{rule}]", perform(step), stays=not ends)
    found += people(configuration, state, step)
    found += _world(configuration, state)
    return step, [tidy(one) for one in found]


def _named(step: steps.Step) -> str:
    words = [f"{name}={getattr(step, name)}" for name in step.__dataclass_fields__]
    return f"{type(step).__name__}({', '.join(words)})"


def _ended(state: State, says: str) -> list[Move]:
    """The process has ended; the next one may come at once."""
    return [] if state.observed == FRESH else [Move(f"{says}; the next process", replace(state, observed=FRESH))]


def _time(configuration: Configuration, state: State, seconds: int, says: str) -> list[Move]:
    """A wait is slept through if it is short; else the process ends, and the next comes when it likes."""
    found = [] if seconds <= PATIENCE_S else _ended(state, says)
    daily = [DAY_S] if seconds > DAY_S else []
    for pause in [*daily, max(seconds, 1)]:
        after = _passed(configuration, state, pause)
        if after is None:
            continue
        if pause <= PATIENCE_S:
            same = replace(after, observed=replace(after.observed, keys=None))
            found.append(Move(f"{says}: {pause} s", same, calm=False))
        else:
            found.append(Move(f"{says}: {pause} s, next process", replace(after, observed=FRESH)))
        if pause >= HOUR_S:  # deletion's last check and the deletion are not one act: no design survives in between
            found += _reverted(after, f"{says}: {pause} s")
    return found


def _passed(configuration: Configuration, state: State, seconds: int) -> State | None:
    """The state some seconds later; None while something that must land before has not landed."""
    if any(0 < one.until < NOW + seconds for one in state.world.late):
        return None
    world = _at_work(configuration, state.world)
    for key, due in world.lag:
        if due < NOW + seconds:
            world = world.noticed(key)
    if world.before_until < NOW + seconds:
        world = replace(world, before=(), before_until=0)
    after = State(*clock.later((world, state.facts, state.observed), seconds, LONGEST_S))
    return replace(after, world=_at_work(configuration, after.world))


def _at_work(configuration: Configuration, world: World) -> World:
    """Consumers that send all the time use what they hold."""
    if configuration.busy:
        for key in {key for _, key in world.holds if key in world.ses}:
            world = world.use(key)
    return world


def _reverted(state: State, says: str) -> Iterator[Move]:
    """While time passes, a consumer may go back to the key it held before, if that still exists."""
    run = state.facts.run
    if run is None or not state.world.reverts or state.world.row(run.old) is None:
        return
    for name, held in state.world.holds:
        if held == run.new:
            world = replace(state.world.holding(name, run.old), reverts=state.world.reverts - 1)
            yield Move(f"{says}; meanwhile {name} goes back to {run.old}", State(world, state.facts, FRESH))


def _world(configuration: Configuration, state: State) -> Iterator[Move]:
    """What happens by itself: late effects, foreign hands, and the process may be killed where it stands."""
    for late in state.world.late:
        yield Move(f"late: {late.what} {late.key} {late.consumer}", replace(state, world=w.land(state.world, late)))
    if state.world.foreign:
        for row in state.world.rows:
            world = w.land(state.world, w.Late(configuration.foreign, row.id, 0))
            world = replace(world, foreign=0, hit=world.hit | {row.id})
            yield Move(f"a foreign hand: {configuration.foreign} {row.id}", replace(state, world=world))
    for key in state.world.hit if state.facts.run is None else ():  # nobody else can: the program does not look now
        after = replace(state, world=w.switch(state.world, key, active=True))
        yield Move(f"who switched {key} off switches it on again", after)
    if state.observed != FRESH and state.world.faults:
        world = replace(state.world, faults=state.world.faults - 1)
        yield Move("killed", State(world, state.facts, FRESH))


def tidy(move: Move) -> Move:
    """The move with a state that holds nothing no rule reads."""
    if isinstance(move.after, Broken):
        return move
    return Move(move.says, State(move.after.world, clock.tidy(move.after.facts), move.after.observed), move.calm)
