"""The audit of one IAM user: whom to send through, what to look for, and what goes into the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

from rotator.audit import belonging
from rotator.audit.headers import PAGE
from rotator.audit.mails import Clock
from rotator.audit.targets import Result, Target
from rotator.core.access_keys import KeyId, LastUse
from rotator.core.brief_lock import BriefLock
from rotator.core.errors import AccessError, LockHeld, RotatorError
from rotator.core.facts import Facts
from rotator.core.findings import CheckStatus, Finding
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.history.moved import moved
from rotator.core.history.proven import AuditOutcome, last_proven
from rotator.core.parts import Parts
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Consumer, Deadline, Holding, NotReadable, Unknown
from rotator.effect import Login, attempt

LOCK_PAGE = LockHeld.runbook
LOOKS_AT_MOST = 3  # a run that goes on between two looks is at work
KEEP_S, KEEP_POLL_S = 60.0, 0.5  # a rotation seldom takes longer; what it cannot wait for is told all the same


class UserAudit:
    """One user's part.  Its lock is held for each sending and each entry, and not in between."""

    def __init__(
        self, parts: Parts, lock: BriefLock, senders: Mapping[str, str], seen: Mapping[str, threading.Event]
    ) -> None:
        """`senders`: the address each place is to send as; `seen`: set once its mail is settled.

        Asks IAM who and which keys.  Raises AccessError (also for another account or user), RemoteFault, JournalError.
        """
        self.parts, self._lock, self._senders, self._seen = parts, lock, senders, seen
        self.busy = ""  # the rotation at work, beside which nothing is sent
        self.held_up = False  # whether one kept us from sending, judging or writing something down
        self._unkept: list[ev.AuditSettled] = []
        self.facts = fold(lock.events())
        self._told, self._asked = _must_be_the_adopted(parts, self.facts.account, self.facts.user_id), parts.monotonic()
        self._look()

    def _look(self) -> None:
        """Keys and journal as of one moment: nobody was at work on the user while they were read."""
        for _ in range(LOOKS_AT_MOST):
            self.facts = fold(self._lock.events())
            self._listed, self._began = self.parts.access_keys.keys(), self.parts.monotonic()
            try:
                with self._lock.held() as held:
                    if held.facts() == self.facts:
                        return
            except LockHeld as error:
                self.busy = str(error)
                return
        self.busy = "a rotation goes on again and again"

    @property
    def name(self) -> str:
        """The IAM user's name."""
        return self.parts.policy.user

    def now(self) -> int:
        """AWS's time, the earlier of two Dates, and never before what the journal already holds.

        One alone may be a broken proxy's: a login recorded in the future would stop every rotation until then.
        """
        passed = self.parts.monotonic()
        listed = self._listed.now + int(passed - self._began)
        told = self._told + int(passed - self._asked) if self._told else listed
        return max(min(listed, told), self.facts.latest)

    def targets(self, only: str = "") -> tuple[list[Target], list[Finding]]:
        """The places to send through, and a finding for each that nothing is sent through now."""
        chosen, left_out = [], []
        for name, consumer in self.parts.consumers.items():
            if only not in ("", name):
                continue
            holds = self._holds(consumer)
            why = why_not(self.facts, consumer.traits.sends, holds)
            if self.busy and consumer.traits.sends:
                why, self.held_up = f"nothing was sent: {self.busy}", True
            if why:
                left_out.append(self._left_out(consumer, why))
            else:
                chosen.append(self._target(consumer, holds))
        return chosen, left_out

    def settle(self, result: Result) -> None:
        """Keep one outcome, with the key that was used: no address, no text from outside.  Raises JournalError."""
        self.held_up = self.held_up or result.outcome is AuditOutcome.OVERTAKEN
        if result.tried:
            name, key = result.target.name, result.target.key
            self._unkept.append(ev.AuditSettled(self.now(), name, result.outcome, key, result.sent))
            self.keep()

    def keep(self) -> str:
        """Write down what was settled; why it could not be, "" if it is.  Raises JournalError, SealError."""
        if not self._unkept:
            return ""
        try:
            with self._lock.held() as held:
                while self._unkept:
                    held.append(self._unkept[0])
                    del self._unkept[0]
        except LockHeld as error:
            return str(error)
        return ""

    def not_kept(self) -> Iterator[Finding]:
        """A finding if something still is not written down."""
        if self._unkept and (why := self.keep()):
            self.held_up = True
            seen = f"{self.name}: what became of {len(self._unkept)} mails is told here only, not in the journal: {why}"
            evidence = (("user", self.name),)
            yield Finding("journal.kept", CheckStatus.WARNING, seen, "rotator audit, later", LOCK_PAGE, evidence)

    def findings(self) -> Iterator[Finding]:
        """Everything but the mails: keys, the open run, places that nobody ever confirmed; as it is now."""
        events = self._lock.events()
        if moved(self.facts, fold(events)):
            self._look()
        policy, keys, now = self.parts.policy, self._listed.keys, self.now()
        yield from belonging.unproven(policy, last_proven(events))
        if self.busy:
            yield self._keys_in_motion()
            return
        last_use: dict[str, LastUse | None] = {key.id: self._last_use(key.id) for key in keys}
        yield from belonging.key_findings(self.facts, policy, keys, last_use, now)
        yield belonging.run_finding(self.facts, policy, now)

    def _target(self, consumer: Consumer, holds: Holding) -> Target:
        name = consumer.traits.name
        known = holds if isinstance(holds, str) else "" if self.facts.run is not None else self.facts.current
        login = Login(known, consumer.traits.endpoint, name)
        return Target(
            self.name,
            consumer,
            self._senders[name],
            self.parts.new_token(),
            known,
            seen=self._seen[name],
            attempt=lambda: attempt(self._lock, self.facts, login, self.now, self.parts.monotonic),
            moved=lambda: moved(self.facts, fold(self._lock.events()), name),
        )

    def _keys_in_motion(self) -> Finding:
        seen, evidence = f"{self.name}: its keys were not looked at: {self.busy}", (("user", self.name),)
        return Finding("run.open", CheckStatus.SKIPPED, seen, "rotator status", LOCK_PAGE, evidence)

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


def keep_all(users: Sequence[UserAudit], clock: Clock) -> Iterator[Finding]:
    """What could not be written down because of a rotation at work: tried for KEEP_S, then told.

    Raises JournalError, SealError.
    """
    deadline = clock.monotonic() + KEEP_S
    while any(one.keep() for one in users) and clock.monotonic() < deadline:
        clock.sleep(KEEP_POLL_S)
    for one in users:
        yield from one.not_kept()


def why_not(facts: Facts, target_sends: bool, holds: Holding) -> str:
    """Why nothing may be sent through a place now; empty if it may.

    A login with the old key while a run is open would move its last-used, on which the run's decisions stand.
    """
    if not target_sends:
        return "rotator cannot send through it"
    run = facts.run
    if run is None or not run.old:
        return ""
    if holds == run.old:
        return "a run is open and the place still holds the old key"
    off = bool(facts.key(run.old).refused_at)
    if not off and not isinstance(holds, str):
        return "a run is open and the place may still log in with the old key; the run's own test mails prove it"
    return ""


def not_configured(user: str) -> Finding:
    """Where no address is configured, nothing is sent."""
    seen, fix = f"{user}: audit.mail_to is not set, so no mail was sent", "set audit.mail_to and audit.arrival"
    return Finding("mail.arrival", CheckStatus.SKIPPED, seen, fix, f"{PAGE}#nothing-was-sent", (("user", user),))


def _must_be_the_adopted(parts: Parts, account: str, user_id: str) -> int:
    """When IAM said so (its Date; 0 = it had none).  Raises AccessError for another account or user."""
    seen = parts.access_keys.identity()
    if (seen.account, seen.user_id) != (account, user_id):
        raise AccessError(
            f"these AWS credentials show {seen.user} ({seen.user_id}) in account {seen.account}; "
            f"adopted was {user_id} in account {account}",
            id="wrong-account" if seen.account != account else "wrong-user",
        )
    return seen.at or 0
