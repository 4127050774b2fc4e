"""A life: processes one after the other, on the shipped loop, until the wanted rotations are done.

Between two processes there is only what is durable: the world, the journal, and what somebody is about to do next.
So a life is cut into `Point`s, and any schedule can be started from any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from rotator.core import steps
from rotator.core.errors import RotatorError
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.next_step import RULES, Rule
from rotator.core.parts import Parts
from rotator.core.policy import Mode, Policy, Traits
from rotator.core.ports import Endpoint, Journal
from rotator.rotation import interventions
from rotator.rotation.loop import Ending, Rotation
from rotator.rotation.opening import Request, begin
from tests.schedules.edges import WHO, Iam, Place, SmtpEndpoint
from tests.schedules.journals import FileStore, MemoryStore, Store
from tests.schedules.promises import check, clean, someone_elses
from tests.schedules.world import (
    DAY,
    FILE,
    OURS,
    PERSON,
    RUBBISH,
    START,
    Broken,
    Choice,
    Killed,
    Late,
    Row,
    World,
    credential,
    key_name,
)

PASTED_LATER_S = 36 * 3600  # a person who pastes late does so a day and a half after saying so
Todo = tuple[str, ...]  # what somebody does next: ("rotate",), ("open",), ("hand over", consumer) ...


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a life is made of.  `modes`: one rotation each."""

    consumers: tuple[Traits, ...] = (FILE,)
    modes: tuple[Mode, ...] = (Mode.SCHEDULED, Mode.SCHEDULED)
    sole_creator: bool = True
    sealed: bool = True  # the adopted key's password is known
    age_s: int = 85 * DAY
    stranger: bool = False  # a person's own key is there at the start
    between_s: int = 80 * DAY  # from one rotation to the next
    grace_s: int = DAY
    quiet_s: int = DAY // 2
    watch_s: int = 2 * DAY
    ses_lag_s: int = 0
    call_s: int = 0
    last_used_tells: bool = True
    incident: tuple[int, Mode, str] | None = None  # before which process, how urgent, "old" or "new" key
    abort_before: int = 0  # the process before which a person aborts; 0 = nobody does
    edit_before: int = 0  # the process before which the file names another server for every endpoint; 0 = never
    rules: tuple[Rule, ...] = field(default=RULES, repr=False)

    @property
    def policy(self) -> Policy:
        """What the loop is told."""
        return _policy(self, self._server(1))

    def policy_of(self, process: int) -> Policy:
        """What the loop is told in that process."""
        return _policy(self, self._server(process))

    def _server(self, process: int) -> str:
        """Where every place is to log in; "" if it stays the same, so that it needs no name."""
        return ("then", "now")[process >= self.edit_before] if self.edit_before else ""


@cache
def _policy(one: Configuration, server: str) -> Policy:
    times: dict[str, Any] = {"grace_s": one.grace_s, "quiet_s": one.quiet_s, "watch_s": one.watch_s}
    consumers = tuple(replace(traits, server=server) for traits in one.consumers)
    return Policy(WHO.user, WHO.account, consumers, one.sole_creator, **times)


@dataclass(frozen=True, slots=True)
class Point:
    """Everything there is between two processes.  `done` rotations are over; `process` counts from 1."""

    world: World
    store: Store
    todo: Todo
    done: int = 0
    process: int = 1
    over: bool = False


@dataclass(frozen=True, slots=True)
class Lived:
    """One process: the calls it made, and what comes after it."""

    calls: tuple[str, ...]
    after: Point
    ending: str


def start(one: Configuration, directory: Path | None = None) -> Point:
    """An adopted user whose consumers all hold the adopted key; the journal is a file if `directory` is given."""
    old = Row(key_name(0), active=True, created=START - one.age_s, made_before=True)
    names = tuple(traits.name for traits in one.consumers)
    servers = {traits.name: traits.server for traits in one.policy.consumers}
    world = World({old.id: old}, dict.fromkeys(names, old.id), servers, ses_lag_s=one.ses_lag_s, call_s=one.call_s)
    world.last_used_tells = one.last_used_tells
    if one.stranger:
        world.made += 1
        world.rows[key_name(1)] = Row(key_name(1), active=True, created=START - DAY, by=PERSON)
    adopted = ev.Adopted(START, WHO.account, WHO.user, WHO.user_id, old.id, names, one.sealed)
    secrets = [(region, credential(old.id, region)) for region in one.policy.endpoints] if one.sealed else []
    if directory is not None:
        store: Store = FileStore.adopt(directory, adopted, secrets)
    else:
        store = MemoryStore(fold([adopted]), frozenset((login.key, region) for region, login in secrets))
    return Point(world, store, ("open", str(int(one.modes[0]))))


def live(one: Configuration, point: Point, choose: Choice) -> Lived:
    """One process from a point; `choose` says which calls go wrong.  Raises Broken."""
    world, store = point.world.copy(), point.store.copy()
    todo = _whats_next(one, point, store)
    world.choose = choose
    world.look = lambda: check(world, store, one.consumers, one.sealed)
    ending: Ending | None = None
    died = False
    with store.process(world) as journal:
        try:
            ending = _act(_rotation(one, one.policy_of(point.process), world, store, journal), todo, world)
            said = _named(ending)
        except (Killed, RotatorError) as end:
            said, died = f"{type(end).__name__} {end}".strip(), True
        world.look()
    calls = tuple(world.calls)
    world.calls = []
    after = Point(world, store, todo, done=point.done, process=point.process + 1)
    return Lived(calls, _after(one, after, todo, ending, died=died), f"{' '.join(todo)}: {said}")


def _named(ending: Ending | None) -> str:
    return f"{ending.step} [{ending.rule}]" if ending else "done"


def _rotation(one: Configuration, policy: Policy, world: World, store: Store, journal: Journal) -> Rotation:
    tokens = iter(f"token-{n}" for n in range(10_000))
    endpoints: dict[str, Endpoint] = {region: SmtpEndpoint(world, region, region) for region in policy.endpoints}
    parts = Parts(
        policy=policy,
        journal=journal,
        access_keys=Iam(world),
        endpoints=endpoints,
        consumers={traits.name: Place(world, traits, traits.endpoint) for traits in policy.consumers},
        new_token=lambda: next(tokens),
        monotonic=lambda: float(world.now),
        sleep=world.tick,
    )
    rotation = Rotation(parts, rules=one.rules)
    if isinstance(store, MemoryStore):  # what is folded already is not folded again: half the time of a process
        rotation.facts = store.facts
        rotation.time._base = store.facts.latest
    return rotation


def _whats_next(one: Configuration, point: Point, store: Store) -> Todo:
    """What somebody does in this process: as planned, or an alarm or an abort at its time."""
    if one.incident and one.incident[0] == point.process:
        return ("alarm", str(int(one.incident[1])), one.incident[2])
    if one.abort_before == point.process and store.facts.run is not None:
        return ("abort",)
    return point.todo


def _act(rotation: Rotation, todo: Todo, world: World) -> Ending | None:
    """What one command does.  None: it ends without the loop."""
    match todo:
        case ("open", mode):
            current = rotation.facts.run.old if rotation.facts.run else rotation.facts.current
            if _begin(rotation, Mode(int(mode)), current, world):
                return None
        case ("alarm", mode, which):
            run = rotation.facts.run
            key = (run.new if which == "new" else run.old) if run else rotation.facts.current
            if not key or _begin(rotation, Mode(int(mode)), key, world):
                return None
        case ("hand over", name):
            handed = interventions.hand_over(rotation, name, "jada")
            traits = rotation.parts.policy.consumer(name)
            _paste(world, name, handed.credential.key, traits.server if traits else "")
            return None
        case ("confirm", name):
            interventions.confirm(rotation, name, "jada")
        case ("discard", key):
            interventions.discard(rotation, key, "nobody's")
        case ("abort",):
            interventions.abort(rotation, "changed my mind")
        case _:
            pass
    return rotation.go_on()


def _begin(rotation: Rotation, mode: Mode, key: str, world: World) -> str:
    named = key if mode is not Mode.SCHEDULED else ""
    if mode is Mode.REVOKE_FIRST:
        world.revoked = True
    not_begun = begin(rotation, Request(mode, named, "it leaked" if named else ""), "run")
    if named and rotation.facts.key(named).compromised:
        world.leaked |= {named}
    return not_begun


def _paste(world: World, name: str, key: str, server: str) -> None:
    fault = world.call(f"paste {name}")
    world.late = tuple(one for one in world.late if (one.what, one.consumer) != ("paste", name))  # it is out of date
    if fault == "late":
        world.late = (*world.late, Late("paste", key, world.now + PASTED_LATER_S, 0, name, server))
    else:
        world.holds[name], world.through[name] = RUBBISH if fault == "rubbish" else key, server


def _after(one: Configuration, point: Point, did: Todo, ending: Ending | None, *, died: bool) -> Point:
    """What somebody does after a process ended, and the time that passes until then."""
    world, step = point.world, ending.step if ending else None
    if did[0] == "hand over" and not died:
        return replace(point, todo=("confirm", did[1]))
    if step is None:
        again = did[0] in {"open", "alarm"} and point.store.facts.run is None
        return replace(point, todo=did if again else ("rotate",))
    if isinstance(step, steps.Finish):
        return _finished(one, point, step)
    if isinstance(step, steps.Ask):
        return replace(point, todo=_answer(world, step))
    if isinstance(step, steps.Wait):
        world.tick(max(1, min(step.until - world.now, DAY)))
    else:
        for key in someone_elses(world):  # told that it is in the way, its maker takes it away
            world.delete(key)
        world.tick(DAY)
    return replace(point, todo=("rotate",))


def _answer(world: World, step: steps.Ask) -> Todo:
    match step.what:
        case "hand-over":
            return ("hand over", step.targets[0])
        case "whose-key":
            key = step.targets[0]
            if world.rows[key].by == OURS:
                return ("discard", key)
            world.delete(key)
            return ("rotate",)
        case "revoke-first":
            return ("alarm", str(int(Mode.REVOKE_FIRST)), "new")
        case _:
            world.tick(DAY)
            return ("rotate",)


def _finished(one: Configuration, point: Point, step: steps.Finish) -> Point:
    if step.outcome == "nothing open":
        raise Broken("the run is gone without having been finished")
    done = point.done + 1
    if done < len(one.modes):
        point.world.tick(one.between_s)
        return replace(point, todo=("open", str(int(one.modes[done]))), done=done)
    point.world.tick(DAY)  # nothing that is still on its way may change anything
    if step.outcome == "rotated":
        clean(point.world, point.store)
    return replace(point, done=done, over=True)
