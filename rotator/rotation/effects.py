"""Perform one effect: an intent in the journal before it, lock and deadline tested right before it, a record after it.

No effect is retried here: every attempt is a step of its own.  `tried` in the observations tells the decision
what this process has done with, so that it goes on to something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from rotator.core import events as ev
from rotator.core import steps
from rotator.core.access_keys import AccessKey, KeyId
from rotator.core.brief import intend
from rotator.core.errors import ConsumerError, StopError
from rotator.core.events import CanaryOutcome, Effect, Outcome
from rotator.core.facts import Facts
from rotator.core.parts import CANARY_DEADLINE_S, Parts
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import (
    Acknowledged,
    Arrived,
    Canary,
    CanaryAnswer,
    Created,
    Deadline,
    LoginRefused,
    PushAnswer,
    Refused,
    SoakAnswer,
    Unknown,
    Waiting,
)
from rotator.core.situation import Act, Observed, Tried
from rotator.core.smtp_credential import SmtpCredential, derive
from rotator.rotation.aws_time import AwsTime

COMPARE_OLD_S = 20.0


@dataclass(frozen=True, slots=True)
class Done:
    """What an effect came to: the observations after it, and words for whoever watches."""

    observed: Observed
    status: str = "ok"  # "failed", "warning" and "waiting" are shown differently
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Effects:
    """Performs the steps that change something, for one user."""

    parts: Parts
    time: AwsTime

    def perform(self, step: steps.Step, facts: Facts, observed: Observed) -> Done:
        """Do what the step says.  Raises TypeError for a step that is not an effect."""
        performer = PERFORMERS.get(type(step))
        if performer is None:
            raise TypeError(f"{type(step).__name__} is not an effect")
        return performer(self, step, facts, observed)

    def _intend(self, intent: ev.Event) -> Deadline:
        """Journal the intent, then test lock and deadline: what follows is the effect and nothing else.

        Raises LockHeld, JournalError, or StopError if this process was paused for too long in between.
        """
        return intend(self.parts.journal, intent, self.parts.monotonic)

    @property
    def _until(self) -> int:
        """When no request sent now can still be alive, on AWS's clock."""
        return self.time.now() + REQUEST_DEADLINE_S + 1

    # --- (4) create, discard -----------------------------------------------------------------------------------

    def create(self, step: steps.Create, facts: Facts, observed: Observed) -> Done:
        """CreateAccessKey once; the passwords are sealed in the transaction that records the key."""
        self._intend(ev.CreateIntended(self.time.now(), step.listed, self._until))
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

    # --- (5) verify --------------------------------------------------------------------------------------------

    def verify(self, step: steps.Verify, facts: Facts, observed: Observed) -> Done:
        """Log in with the new key until several in a row succeed; an AUTH is recorded after it."""
        endpoint = self.parts.endpoints[step.endpoint]
        answer = self._soak(step.endpoint, step.key, self.parts.verify_deadline_s)
        if answer.reached:
            self.parts.journal.append(ev.Verified(self.time.now(), step.key, step.endpoint))
            return Done(observed, detail=f"{endpoint.name}: {answer.detail}")
        old_works = False
        if step.compare_old and facts.run is not None and facts.run.old:
            old_works = self._soak(step.endpoint, facts.run.old, COMPARE_OLD_S).reached
        refused = 0 if answer.accepted else answer.refused
        failed = ev.VerifyFailed(self.time.now(), step.key, step.endpoint, refused, old_works, answer.detail)
        self.parts.journal.append(failed)
        # after the comparison the decision is asked again at once: it may now discard the key
        tried = observed if old_works else observed.with_tried(Act.VERIFY, step.endpoint)
        return Done(tried, "failed", f"{endpoint.name}: {answer.detail}")

    def _soak(self, name: str, key: str, seconds: float) -> SoakAnswer:
        endpoint = self.parts.endpoints[name]
        credential = self.parts.journal.vault.open(KeyId(key), endpoint.region)
        if credential is None:
            detail = f"the password of {key} for {endpoint.region} is not sealed here"
            return SoakAnswer(reached=False, accepted=0, refused=0, detail=detail)
        answer = endpoint.soak(credential, Deadline.after(seconds, self.parts.monotonic))
        if answer.accepted:
            self.parts.journal.append(ev.LoggedIn(self.time.now(), key, name))
        return answer

    # --- (6) push, (7) canary ----------------------------------------------------------------------------------

    def push(self, step: steps.Push, facts: Facts, observed: Observed) -> Done:
        """Tell one consumer once.  Whatever it answers, it may hold the key from now on."""
        consumer = self.parts.consumers[step.consumer]
        credential = self._credential(step.key, consumer.traits.endpoint)
        wanted = self.parts.policy.consumer(step.consumer)
        place = wanted.place if wanted else ""
        deadline = self._intend(ev.PushIntended(self.time.now(), step.consumer, step.key, self._until, place))
        try:
            answer: PushAnswer = consumer.push(credential, deadline)
        except ConsumerError as error:
            answer = Refused(str(error), error.fix)
        outcome, status = _of_push(answer)
        settled = ev.PushSettled(self.time.now(), step.consumer, step.key, outcome, answer.detail)
        self.parts.journal.append(settled)
        after = replace(observed, holdings=tuple(one for one in observed.holdings if one[0] != step.consumer))
        if status == "ok":  # a consumer that keeps going back is pushed once a process, not for ever
            return Done(after.with_tried(Act.PUSH, step.consumer), status, f"{step.consumer} acknowledged")
        if outcome is Outcome.UNKNOWN:
            return Done(after.after_unclear(Act.PUSH, step.consumer), status, f"{step.consumer}: {answer.detail}")
        return Done(after.with_tried(Act.PUSH, step.consumer), status, _told(step.consumer, answer))

    def _credential(self, key: str, endpoint: str) -> SmtpCredential:
        region = self.parts.endpoints[endpoint].region
        credential = self.parts.journal.vault.open(KeyId(key), region)
        if credential is None:
            raise StopError(
                f"the password of {key} for {region} is not sealed here",
                why="a region added to the file gets its password when the next key is created",
                fix="take the new region's consumers out of the file until this run is over",
                id="region-without-password",
                runbook="runbooks/configuration.md",
            )
        return credential

    def canary(self, step: steps.SendCanary, facts: Facts, observed: Observed) -> Done:
        """Send one mail through one consumer and wait for it."""
        token = self.parts.new_token()
        sent = self.time.now()
        until = self.time.now() + int(CANARY_DEADLINE_S)
        self._intend(ev.CanaryIntended(sent, step.consumer, token, until))
        mail = Canary(token, f"rotator canary {token}", "A test mail of the SMTP key rotation; nothing to do.\n")
        answer = self._send(step.consumer, mail)
        outcome = {Arrived: CanaryOutcome.ARRIVED, LoginRefused: CanaryOutcome.REFUSED}.get(
            type(answer), CanaryOutcome.UNKNOWN
        )
        settled = ev.CanarySettled(self.time.now(), step.consumer, token, outcome, sent, answer.detail)
        self.parts.journal.append(settled)
        status = "ok" if outcome is CanaryOutcome.ARRIVED else "failed"
        return Done(observed, status, f"{step.consumer}: {answer.detail or outcome}")

    def _send(self, name: str, mail: Canary) -> CanaryAnswer:
        try:
            return self.parts.consumers[name].send(mail, Deadline.after(CANARY_DEADLINE_S, self.parts.monotonic))
        except ConsumerError as error:
            return Unknown(str(error))

    # --- (9) deactivate, reactivate, revoke; (11) delete ---------------------------------------------------------

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
        self._intend(ev.EffectIntended(self.time.now(), effect, key, self._until, why, born))
        answer = iam.deactivate(KeyId(key)) if effect is Effect.DEACTIVATE else iam.activate(KeyId(key))
        return self._settle(effect, key, answer, observed.unlisted())

    def _settle(self, effect: Effect, key: str, answer: Acknowledged | Refused | Unknown, observed: Observed) -> Done:
        outcome = _outcome(answer)
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
        self._intend(ev.EffectIntended(self.time.now(), Effect.DELETE, key, self._until, type(what).__name__, born))
        answer = self.parts.access_keys.delete(key)
        unlisted = observed.unlisted()
        if not isinstance(answer, Acknowledged):
            return self._settle(Effect.DELETE, key, answer, unlisted)
        gone = ev.EffectSettled(self.time.now(), Effect.DELETE, key, Outcome.DONE)
        self.parts.journal.append_erased(gone, key)
        return Done(unlisted, detail=key)


PERFORMERS: dict[type, Callable[..., Done]] = {
    steps.Create: Effects.create,
    steps.Discard: Effects.discard,
    steps.Verify: Effects.verify,
    steps.Push: Effects.push,
    steps.SendCanary: Effects.canary,
    steps.Deactivate: Effects.deactivate,
    steps.Revoke: Effects.revoke,
    steps.Reactivate: Effects.reactivate,
    steps.Delete: Effects.delete,
}


def _birth(what: steps.Deletable, keys: Iterable[AccessKey]) -> int:
    """An orphan's CreateDate, which ties it to the create it was born of; 0 for keys we know."""
    return next((one.created for one in keys if isinstance(what, steps.Orphan) and one.id == what.key), 0)


def _gave_up(observed: Observed, key: str) -> bool:
    """Whether this process is done with trying to switch or delete the key."""
    return not observed.tried.isdisjoint({Tried(Act.DEACTIVATE, key), Tried(Act.DELETE, key)})


def _outcome(answer: Acknowledged | Refused | Unknown) -> Outcome:
    if isinstance(answer, Acknowledged):
        return Outcome.DONE
    return Outcome.REFUSED if isinstance(answer, Refused) else Outcome.UNKNOWN


def _of_push(answer: PushAnswer) -> tuple[Outcome, str]:
    if isinstance(answer, Waiting):
        return Outcome.WAITING, "waiting"
    outcome = _outcome(answer)
    return outcome, "ok" if outcome is Outcome.DONE else "failed"


def _told(consumer: str, answer: PushAnswer) -> str:
    fix = f" -- fix: {answer.fix}" if isinstance(answer, Refused) and answer.fix else ""
    return f"{consumer}: {answer.detail}{fix}"
