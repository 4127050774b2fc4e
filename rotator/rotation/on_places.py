"""Effects on the places that send, and on SES's endpoints: (5) verify, (6) push, (7) the canary."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rotator.core import steps
from rotator.core.access_keys import KeyId
from rotator.core.errors import ConsumerError, HelpNeeded
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.history.events import CanaryOutcome, Outcome
from rotator.core.parts import CANARY_DEADLINE_S
from rotator.core.ports import (
    Arrived,
    Canary,
    CanaryAnswer,
    Deadline,
    LoginRefused,
    PushAnswer,
    Refused,
    SoakAnswer,
    Unknown,
    Waiting,
)
from rotator.core.situation import Act, Observed
from rotator.core.smtp_credential import SmtpCredential
from rotator.rotation.acting import Acting, Done, outcome_of

COMPARE_OLD_S = 20.0


@dataclass(frozen=True, slots=True)
class OnPlaces(Acting):
    """Performs what a place or an endpoint notices."""

    def verify(self, step: steps.Verify, facts: Facts, observed: Observed) -> Done:
        """Log in with the new key until several in a row succeed; an AUTH is recorded after it."""
        endpoint = self.parts.endpoints[step.endpoint]
        if self.parts.journal.vault.open(KeyId(step.key), endpoint.region) is None:
            detail = f"{endpoint.name}: the password of {step.key} for {endpoint.region} is not sealed here"
            return Done(observed.with_tried(Act.UNSEAL, step.endpoint), "failed", detail)
        answer = self._soak(step.endpoint, step.key, self.parts.verify_deadline_s)
        if answer.reached:
            server = self.parts.policy.server(step.endpoint)
            self.parts.journal.append(ev.Verified(self.time.now(), step.key, step.endpoint, server))
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

    def push(self, step: steps.Push, facts: Facts, observed: Observed) -> Done:
        """Tell one consumer once.  Whatever it answers, it may hold the key from now on."""
        consumer = self.parts.consumers[step.consumer]
        credential = self._credential(step.key, consumer.traits.endpoint)
        wanted = self.parts.policy.consumer(step.consumer)
        where = (wanted.place, wanted.server) if wanted else ("", "")
        deadline = self.intend(ev.PushIntended(self.time.now(), step.consumer, step.key, self.until, *where))
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
        fix = answer.fix if isinstance(answer, Refused) else ""
        return Done(after.with_tried(Act.PUSH, step.consumer), status, f"{step.consumer}: {answer.detail}", fix)

    def _credential(self, key: str, endpoint: str) -> SmtpCredential:
        region = self.parts.endpoints[endpoint].region
        credential = self.parts.journal.vault.open(KeyId(key), region)
        if credential is None:
            raise HelpNeeded(
                f"the password of {key} for {region} is not sealed here",
                why="a region added to the file gets its password when the next key is created",
                fix="put the former endpoint back, or take the new region's consumers out, until this run is over",
                id="region-without-password",
                runbook="runbooks/configuration.md#a-region-was-added-during-a-run",
            )
        return credential

    def canary(self, step: steps.SendCanary, facts: Facts, observed: Observed) -> Done:
        """Send one mail through one consumer and wait for it."""
        token = self.parts.new_token()
        sent = self.time.now()
        until = self.time.now() + int(CANARY_DEADLINE_S)
        self.intend(ev.CanaryIntended(sent, step.consumer, token, until))
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


def _of_push(answer: PushAnswer) -> tuple[Outcome, str]:
    if isinstance(answer, Waiting):
        return Outcome.WAITING, "waiting"
    outcome = outcome_of(answer)
    return outcome, "ok" if outcome is Outcome.DONE else "failed"
