"""Effects on access keys: (4) create and discard, (9) deactivate, reactivate and revoke, (11) delete."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rotator.core import steps
from rotator.core.access_keys import AccessKey, KeyId
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.history.events import Effect, Outcome
from rotator.core.ports import Acknowledged, Created, Refused, Unknown
from rotator.core.situation import Act, Observed, Tried
from rotator.core.smtp_credential import derive
from rotator.rotation.acting import Acting, Done, outcome_of


@dataclass(frozen=True, slots=True)
class OnKeys(Acting):
    """Performs what changes a key at IAM."""

    def create(self, step: steps.Create, facts: Facts, observed: Observed) -> Done:
        """CreateAccessKey once; the passwords are sealed in the transaction that records the key."""
        self.intend(ev.CreateIntended(self.time.now(), step.listed, self.until))
        answer = self.parts.access_keys.create()
        unlisted = observed.unlisted()
        match answer:
            case Created(key, secret):
                regions = dict.fromkeys(one.region for one in self.parts.endpoints.values())
                sealed = [(region, derive(key.id, secret, region)) for region in regions]
                self.parts.journal.append_sealed(ev.KeyCreated(self.time.now(), key.id), sealed)
                return Done(unlisted, detail=key.id)
            case Refused(detail):
                self.parts.journal.append(ev.CreateSettled(self.time.now(), Outcome.REFUSED, detail))
                return Done(unlisted.with_tried(Act.CREATE, facts.user), "failed", detail)
            case Unknown(detail):
                self.parts.journal.append(ev.CreateSettled(self.time.now(), Outcome.UNKNOWN, detail))
                return Done(unlisted, "failed", f"outcome unknown: {detail}")

    def discard(self, step: steps.Discard, facts: Facts, observed: Observed) -> Done:
        """Off first, deleted in the next turn: a new key that nobody was given."""
        key = step.what.key
        if step.active:
            born = _birth(step.what, observed.keys or ())
            done = self._switch(Effect.DEACTIVATE, key, "discard", observed, born=born)
        else:
            done = self._delete(step.what, facts, observed)
        if done.status != "ok":
            gave_up = _gave_up(done.observed, key)
            return replace(done, observed=done.observed.with_tried(Act.DISCARD, key)) if gave_up else done
        return replace(done, detail=f"{key} {'switched off' if step.active else 'deleted'}")

    def deactivate(self, step: steps.Deactivate, facts: Facts, observed: Observed) -> Done:
        """Switch the replaced key off."""
        return self._switch(Effect.DEACTIVATE, step.retired.key, "replaced", observed)

    def revoke(self, step: steps.Revoke, facts: Facts, observed: Observed) -> Done:
        """Switch a leaked key off, whatever holds it."""
        done = self._switch(Effect.DEACTIVATE, step.key, "revoked", observed)
        tried = done.observed.with_tried(Act.REVOKE, step.key)
        return replace(done, observed=tried) if _gave_up(done.observed, step.key) else done

    def reactivate(self, step: steps.Reactivate, facts: Facts, observed: Observed) -> Done:
        """Switch the old key on again; the rules never name a compromised one."""
        done = self._switch(Effect.REACTIVATE, step.key, step.why, observed.pushing_anew())
        return replace(done, observed=done.observed.with_tried(Act.REACTIVATE, step.key), detail=step.why)

    def _switch(self, effect: Effect, key: str, why: str, observed: Observed, born: int = 0) -> Done:
        iam = self.parts.access_keys
        self.intend(ev.EffectIntended(self.time.now(), effect, key, self.until, why, born))
        answer = iam.deactivate(KeyId(key)) if effect is Effect.DEACTIVATE else iam.activate(KeyId(key))
        return self._settle(effect, key, answer, observed.unlisted())

    def _settle(self, effect: Effect, key: str, answer: Acknowledged | Refused | Unknown, observed: Observed) -> Done:
        outcome = outcome_of(answer)
        self.parts.journal.append(ev.EffectSettled(self.time.now(), effect, key, outcome, answer.detail))
        if outcome is Outcome.DONE:
            return Done(observed, detail=key)
        unclear = outcome is Outcome.UNKNOWN
        tried = observed.after_unclear(Act(effect), key) if unclear else observed.with_tried(Act(effect), key)
        return Done(tried, "failed", f"{key}: {answer.detail}")

    def delete(self, step: steps.Delete, facts: Facts, observed: Observed) -> Done:
        """Delete a retired key."""
        return self._delete(step.what, facts, observed)

    def _delete(self, what: steps.Deletable, facts: Facts, observed: Observed) -> Done:
        """The one place that deletes a key: list once more, check Inactive and hold, delete, erase its secret."""
        key = KeyId(what.key)
        listed = {one.id: one for one in self.parts.access_keys.keys().keys}
        if (key in listed and listed[key].active) or facts.key(key).held:
            state = "held" if facts.key(key).held else "Active"
            return Done(observed.unlisted().with_tried(Act.DELETE, key), "failed", f"{key} is {state}")
        born = _birth(what, listed.values())
        self.intend(ev.EffectIntended(self.time.now(), Effect.DELETE, key, self.until, type(what).__name__, born))
        answer = self.parts.access_keys.delete(key)
        unlisted = observed.unlisted()
        if not isinstance(answer, Acknowledged):
            return self._settle(Effect.DELETE, key, answer, unlisted)
        gone = ev.EffectSettled(self.time.now(), Effect.DELETE, key, Outcome.DONE)
        self.parts.journal.append_erased(gone, key)
        return Done(unlisted, detail=key)


def _birth(what: steps.Deletable, keys: Iterable[AccessKey]) -> int:
    """An orphan's CreateDate, which ties it to the create it was born of; 0 for keys we know."""
    return next((one.created for one in keys if isinstance(what, steps.Orphan) and one.id == what.key), 0)


def _gave_up(observed: Observed, key: str) -> bool:
    """Whether this process is done with trying to switch or delete the key."""
    return not observed.tried.isdisjoint({Tried(Act.DEACTIVATE, key), Tried(Act.DELETE, key)})
