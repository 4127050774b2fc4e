"""Observe: look-ups that change nothing outside, each with its answer put into `Observed`.

A look-up that fails is "unknown": it raises (identity, keys) or is noted as None (last use) or `Unknown` (read back).
What evidence rests on is journalled too: what a place says that it holds, and that SES refuses a key.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rotator.core.access_keys import KeyId
from rotator.core.errors import AccessError, ConsumerError, Exit, KeyNotFound, RotatorError
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.mixed import Mixed
from rotator.core.parts import Parts
from rotator.core.policy import REFUSAL_DEADLINE_S, REQUEST_DEADLINE_S
from rotator.core.ports import Acknowledged, Deadline, Holding, Problem, Refused, Unknown
from rotator.core.situation import Act, Observed, Tried
from rotator.core.steps import Look, Observe
from rotator.rotation.aws_time import AwsTime

ENDPOINT_PAGE = "runbooks/smtp-endpoint.md"


@dataclass(frozen=True, slots=True)
class Looking:
    """Performs `Observe` and `Preflight` for one user."""

    parts: Parts
    time: AwsTime

    def perform(self, step: Observe, facts: Facts, observed: Observed) -> Observed:
        """The observations after one look-up.  Raises AccessError or RemoteFault for identity and keys."""
        match step.what:
            case Look.IDENTITY:
                return self._identity(observed)
            case Look.KEYS:
                return self._keys(observed)
            case Look.LAST_USE:
                return self._last_use(KeyId(step.target), observed)
            case Look.READ_BACK:
                return self._read_back(step.target, facts, observed)
            case Look.REFUSAL:
                return self._refusal(KeyId(step.target), facts, observed)

    def _identity(self, observed: Observed) -> Observed:
        who = self.parts.access_keys.identity()
        if who.at:
            self.time.set(who.at)
        return replace(observed, identity=who)

    def _keys(self, observed: Observed) -> Observed:
        listed = self.parts.access_keys.keys()
        self.time.set(listed.now)
        return replace(observed, keys=listed.keys, keys_at=listed.now)

    def _last_use(self, key: KeyId, observed: Observed) -> Observed:
        use = None
        try:
            use = self.parts.access_keys.last_use(key)
        except KeyNotFound:
            observed = replace(observed, absent=observed.absent | {key})
        except AccessError:
            observed = replace(observed, denied=observed.denied | {key})
        except RotatorError:
            pass
        return replace(observed, last_use=(*observed.last_use, (key, use)))

    def _read_back(self, name: str, facts: Facts, observed: Observed) -> Observed:
        holding = self.holding(name)
        if isinstance(holding, Mixed):
            holding = holding.but(facts.consumer(name).pushed) or Unknown(holding.detail)
        if isinstance(holding, str) and holding != facts.consumer(name).read_back:
            self.parts.journal.append(ev.ReadBack(self.time.now(), name, holding))
        return replace(observed, holdings=(*observed.holdings, (name, holding)))

    def holding(self, name: str) -> Holding:
        """What a place says that it holds; nothing is written down."""
        try:
            return self.parts.consumers[name].holds(self._deadline())
        except ConsumerError as error:
            return Unknown(str(error))

    def _refusal(self, key: KeyId, facts: Facts, observed: Observed) -> Observed:
        """Ask every endpoint whose password we hold until it refuses; without one the hour has passed instead.

        A key that is sealed for other regions only: the decision hears it first, and waits for that hour.
        """
        seen = False
        for endpoint in self.parts.endpoints.values():
            credential = self.parts.journal.vault.open(key, endpoint.region)
            if credential is None:
                continue
            answer = endpoint.refuses(credential, Deadline.after(REFUSAL_DEADLINE_S, self.parts.monotonic))
            if answer.accepted:
                self.parts.journal.append(ev.LoggedIn(self.time.now(), key, endpoint.name))
            if not answer.reached:
                return observed.with_tried(Act.REFUSAL, key)
            seen = True
        unheard = Tried(Act.UNSEAL, key) not in observed.tried
        if not seen and facts.key(key).sealed and unheard:
            return observed.with_tried(Act.UNSEAL, key)
        self.parts.journal.append(ev.OldRefused(self.time.now(), key, seen))
        return observed

    def preflight(self, observed: Observed) -> Observed:
        """Try whatever could fail later.  Raises SealError or JournalError if a secret could not be kept."""
        self.parts.journal.vault.probe()
        found = [*self._endpoint_problems(), *self._permission_problems(), *self._consumer_problems()]
        return replace(observed, preflight=tuple(found))

    def _endpoint_problems(self) -> list[Problem]:
        answers = {name: one.reach(self._deadline()) for name, one in self.parts.endpoints.items()}
        return [
            Problem("endpoint", f"{name}: {answer.detail}", _fix(answer), ENDPOINT_PAGE, exit_code=_class(answer))
            for name, answer in answers.items()
            if not isinstance(answer, Acknowledged)
        ]

    def _permission_problems(self) -> list[Problem]:
        answer = self.parts.access_keys.may_send()
        if isinstance(answer, Acknowledged):
            return []
        fix = "let the SMTP user's policy allow ses:SendRawEmail on its identity"
        unsure = isinstance(answer, Unknown)  # the simulation itself may not be allowed: a warning
        page = f"runbooks/access.md#{'no-permission' if unsure else 'the-smtp-user-may-not-send'}"
        code = Exit.ACCESS
        return [Problem("permission", answer.detail, fix, page, warning=unsure, exit_code=code)]

    def _consumer_problems(self) -> list[Problem]:
        found: list[Problem] = []
        for name, consumer in self.parts.consumers.items():
            try:
                found += [replace(one, consumer=name) for one in consumer.preflight(self._deadline())]
            except ConsumerError as error:
                seen, code = f"{name}: {error}", error.exit_code
                found.append(Problem(error.id, seen, error.fix, error.runbook, consumer=name, exit_code=code))
        return found

    def _deadline(self) -> Deadline:
        return Deadline.after(REQUEST_DEADLINE_S, self.parts.monotonic)


def _class(answer: Refused | Unknown) -> Exit:
    return Exit.FAILED if isinstance(answer, Refused) else Exit.RETRY


def _fix(answer: Refused | Unknown) -> str:
    return answer.fix if isinstance(answer, Refused) and answer.fix else "check host, port and security of the endpoint"
