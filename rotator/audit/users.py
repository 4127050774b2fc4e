"""The audit of one IAM user: whom to send through, what to look for, and what goes into the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from rotator.audit import belonging
from rotator.audit.headers import PAGE
from rotator.audit.mails import Result, Target, why_not
from rotator.core import events as ev
from rotator.core.access_keys import KeyId, LastUse
from rotator.core.errors import AccessError, RotatorError
from rotator.core.findings import CheckStatus, Finding
from rotator.core.fold import fold
from rotator.core.parts import Parts
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Consumer, Deadline, Holding, NotReadable, Unknown
from rotator.core.proven import last_proven


class UserAudit:
    """One user's part, under the lock that its journal holds."""

    def __init__(self, parts: Parts, senders: Mapping[str, str], seen: Mapping[str, threading.Event]) -> None:
        """`senders`: the address each place is to send as; `seen`: set once its mail is settled.

        Asks IAM who and which keys.  Raises AccessError (also for another account or user), RemoteFault.
        """
        self.parts, self._senders, self._seen = parts, senders, seen
        self.facts = fold(parts.journal.events())
        _must_be_the_adopted(parts, self.facts.account, self.facts.user_id)
        self._listed = parts.access_keys.keys()
        self._began = parts.monotonic()

    @property
    def name(self) -> str:
        """The IAM user's name."""
        return self.parts.policy.user

    def now(self) -> int:
        """AWS's time, never before what the journal already holds."""
        return max(self._listed.now + int(self.parts.monotonic() - self._began), self.facts.latest)

    def targets(self, only: str = "") -> tuple[list[Target], list[Finding]]:
        """The places to send through, and a finding for each that nothing is sent through now."""
        chosen, left_out = [], []
        for name, consumer in self.parts.consumers.items():
            if only not in ("", name):
                continue
            holds = self._holds(consumer)
            why = why_not(self.facts, consumer.traits.sends, holds)
            if why:
                left_out.append(self._left_out(consumer, why))
            else:
                chosen.append(self._target(consumer, holds))
        return chosen, left_out

    def settle(self, result: Result) -> None:
        """Keep one outcome: no address, no text from outside."""
        self.parts.journal.check_lock()
        self.parts.journal.append(ev.AuditSettled(self.now(), result.target.name, result.outcome, result.target.key))

    def findings(self) -> Iterator[Finding]:
        """Everything but the mails: keys, the open run, places that nobody ever confirmed."""
        policy, keys, now = self.parts.policy, self._listed.keys, self.now()
        yield from belonging.unproven(policy, last_proven(self.parts.journal.events()))
        last_use: dict[str, LastUse | None] = {key.id: self._last_use(key.id) for key in keys}
        yield from belonging.key_findings(self.facts, policy, keys, last_use, now)
        yield belonging.run_finding(self.facts, policy, now)

    def _target(self, consumer: Consumer, holds: Holding) -> Target:
        name = consumer.traits.name
        known = holds if isinstance(holds, str) else "" if self.facts.run is not None else self.facts.current
        return Target(self.name, consumer, self._senders[name], self.parts.new_token(), known, seen=self._seen[name])

    def _holds(self, consumer: Consumer) -> Holding:
        if not consumer.traits.reads_back:
            return NotReadable()
        try:
            return consumer.holds(Deadline.after(REQUEST_DEADLINE_S, self.parts.monotonic))
        except RotatorError as error:
            return Unknown(str(error))

    def _left_out(self, consumer: Consumer, why: str) -> Finding:
        name = consumer.traits.name
        status = CheckStatus.SKIPPED if consumer.traits.sends else CheckStatus.NOT_KNOWN
        fix = "rotator status" if consumer.traits.sends else "send a mail through it by hand and look at its headers"
        evidence = (("user", self.name), ("consumer", name))
        return Finding("mail.arrival", status, f"{name}: {why}", fix, f"{PAGE}#nothing-was-sent", evidence)

    def _last_use(self, key: KeyId) -> LastUse | None:
        try:
            return self.parts.access_keys.last_use(key)
        except RotatorError:
            return None


def not_configured(user: str) -> Finding:
    """Where no address is configured, nothing is sent."""
    seen, fix = f"{user}: audit.mail_to is not set, so no mail was sent", "set audit.mail_to and audit.arrival"
    return Finding("mail.arrival", CheckStatus.SKIPPED, seen, fix, f"{PAGE}#nothing-was-sent", (("user", user),))


def _must_be_the_adopted(parts: Parts, account: str, user_id: str) -> None:
    seen = parts.access_keys.identity()
    if (seen.account, seen.user_id) != (account, user_id):
        raise AccessError(
            f"these AWS credentials show {seen.user} ({seen.user_id}) in account {seen.account}; "
            f"adopted was {user_id} in account {account}",
            id="wrong-account" if seen.account != account else "wrong-user",
        )
