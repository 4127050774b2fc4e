"""The loop of one rotation: observe, decide, perform, record.  Level-triggered: nothing is ever resumed.

What a step is for and when it may come is decided by `core.next_step` alone; how it is done stands in `looking.py`,
`on_keys.py` and `on_places.py`.  Killing the process between any two lines is harmless: the next one decides anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rotator.core import steps
from rotator.core.access_keys import KeyId
from rotator.core.drift import Drift, drifted
from rotator.core.facts import Run
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.history.fold_keys import missed
from rotator.core.next_step import RULES, Rule, decide
from rotator.core.parts import Parts, Progress
from rotator.core.situation import Observed, Situation
from rotator.rotation.acting import Done
from rotator.rotation.aws_time import AwsTime
from rotator.rotation.effects import Effects
from rotator.rotation.looking import Looking

STEPS_AT_MOST = 1000  # a happy rotation takes about forty; more is a loop, which is a bug
PATIENCE_S = 30  # waits up to this long are slept through; longer ones are left to the next process


class EndlessLoop(RuntimeError):
    """The decision went round in circles: a bug, the journal says where."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a process stopped, and the view it had: Wait, Ask, Refuse or Finish."""

    step: steps.Step
    rule: str
    situation: Situation
    run: str  # id of the run that was open, also if it has just been finished
    fixes: Mapping[str, str] = field(default_factory=dict)  # consumer -> what its refusal of a push said is to be done


class Rotation:
    """One process's work on one user, under the lock that the journal holds."""

    def __init__(self, parts: Parts, patience_s: int = PATIENCE_S, rules: tuple[Rule, ...] = RULES) -> None:
        self.parts = parts
        self._patience_s = patience_s
        self._rules = rules
        self.facts = fold(parts.journal.events())
        self._folded = len(parts.journal.events())
        self.time = AwsTime(parts.monotonic, self.facts.latest)
        self.observed = Observed()
        self._looking = Looking(parts, self.time)
        self._effects = Effects(parts, self.time)
        self._fixes: dict[str, str] = {}

    def record(self, event: ev.Event) -> None:
        """Append one event of a person's word (adopt, confirm, abort ...) and fold it."""
        self.parts.journal.append(event)
        self._refold()

    def look(self, what: steps.Look, target: str = "") -> None:
        """One look-up on request, before anything is decided."""
        self.observed = self._looking.perform(steps.Observe(what, target), self.facts, self.observed)

    def survey(self) -> None:
        """The keys, and whom we act on: two replies, so that what is recorded next has a time that both agree on."""
        self.look(steps.Look.KEYS)
        self.look(steps.Look.IDENTITY)

    def preflight(self) -> None:
        """Try now whatever could fail later.  Raises SealError or JournalError if a secret could not be kept."""
        self.observed = self._looking.preflight(self.observed)

    def drifted(self) -> tuple[Drift, ...]:
        """The places that went back to another key; the keys must have been looked at.  Nothing is recorded."""
        readable = [one.name for one in self.parts.policy.consumers if one.reads_back]
        active = frozenset(one.id for one in self.situation.listed.values() if one.active)
        holdings = {name: self._looking.holding(name) for name in readable}
        return drifted(self.facts, self.parts.policy, holdings, active)

    def go_on(self) -> Ending:
        """Decide and perform until there is nothing to do now.  Raises RotatorError."""
        for _ in range(STEPS_AT_MOST):
            step, rule = decide(self.facts, self.observed, self.parts.policy, self.time.now(), self._rules)
            ending = Ending(step, rule, self.situation, self.facts.run.id if self.facts.run else "", self._fixes)
            if isinstance(step, steps.Finish) and self.facts.run is not None:
                self.finish(self.facts.run, step.outcome)
                self.parts.observer(Progress(step, "finish", "ok", step.outcome, 0))
                return ending
            if isinstance(step, steps.Ask | steps.Refuse | steps.Finish) or self._too_long(step):
                return ending
            self._perform(step)
        raise EndlessLoop(f"{STEPS_AT_MOST} steps without an end")

    def perform(self, step: steps.Step) -> Done:
        """One effect that a person ordered by name (reactivate)."""
        done = self._effects.perform(step, self.facts, self.observed)
        self.observed = done.observed
        self._refold()
        return done

    def forget(self, key: str) -> None:
        """Record a key that is gone.  One that went without us may be missed: its password stays until the run ends."""
        lost = ev.Lost(self.time.now(), key)
        if missed(self.facts.key(key)):
            self.parts.journal.append(lost)
        else:
            self.parts.journal.append_erased(lost, KeyId(key))

    def finish(self, run: Run, outcome: str) -> None:
        """Close the open run, and erase what was kept of keys that are gone."""
        for key in self.facts.kept:
            self.parts.journal.append_erased(ev.Lost(self.time.now(), key), KeyId(key))
        self.record(ev.RunFinished(self.time.now(), run.id, outcome))

    @property
    def situation(self) -> Situation:
        """What the decision sees now."""
        return Situation(self.facts, self.observed, self.parts.policy, self.time.now())

    def _too_long(self, step: steps.Step) -> bool:
        return isinstance(step, steps.Wait) and step.until - self.time.now() > self._patience_s

    def _perform(self, step: steps.Step) -> None:
        began = self.parts.monotonic()
        done = self._dispatch(step)
        self.observed = done.observed
        if isinstance(step, steps.Push):
            self._fixes[step.consumer] = done.fix
        self._refold()
        ms = int((self.parts.monotonic() - began) * 1000)
        self.parts.observer(Progress(step, NAMES.get(type(step), ""), done.status, done.detail, ms))

    def _dispatch(self, step: steps.Step) -> Done:
        match step:
            case steps.Observe():
                return Done(self._looking.perform(step, self.facts, self.observed))
            case steps.Preflight():
                return _found(self._looking.preflight(self.observed))
            case steps.Wait(until=until):
                self.parts.sleep(max(1, until - self.time.now()))
                return Done(self.observed.unlisted())
            case steps.Forget(key=key):
                self.forget(key)
                return Done(self.observed.unlisted(), "failed", f"{key} was deleted by somebody else")
            case _:
                return self._effects.perform(step, self.facts, self.observed)

    def _refold(self) -> None:
        events = self.parts.journal.events()
        self.facts = fold(events[self._folded :], self.facts)
        self._folded = len(events)


NAMES: dict[type, str] = {
    steps.Preflight: "preflight",
    steps.Create: "create",
    steps.Discard: "discard",
    steps.Verify: "verify",
    steps.Push: "push",
    steps.SendCanary: "canary",
    steps.Deactivate: "deactivate",
    steps.Revoke: "revoke",
    steps.Reactivate: "reactivate",
    steps.Delete: "delete",
    steps.Forget: "forget",
}


def _found(observed: Observed) -> Done:
    problems = observed.preflight or ()
    if not problems:
        return Done(observed, detail="IAM, journal, seal, endpoints, consumers")
    status = "warning" if all(one.warning for one in problems) else "failed"
    return Done(observed, status, "; ".join(one.seen for one in problems))
