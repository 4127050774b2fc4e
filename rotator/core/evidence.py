"""How sure we are that a consumer uses the new key: the ladder, and what each mode demands of it.

A mail that arrives while both keys are Active does not say which key sent it.  Only a canary sent after SES
refused the old key proves the switch (*survived*).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TypeVar

from rotator.core.access_keys import USE_BUCKET_S, LastUse, Status
from rotator.core.facts import ConsumerFacts, Run
from rotator.core.history.events import Outcome
from rotator.core.history.fold_consumers import drain
from rotator.core.policy import LAST_USED_LAG_S, Mode, Policy, Traits
from rotator.core.ports import LoginRefused
from rotator.core.situation import Situation
from rotator.core.steps import ConfirmedConsumer, Replaced, Retired, VerifiedKey

Answer = TypeVar("Answer")  # a CanaryAnswer, or that nothing was sent

REFUSALS_THAT_COUNT = 2  # one refused login may be the relay's own bad day (facts: intermittent 535)


class Rung(IntEnum):
    """The ladder, lowest first."""

    NONE = 0
    ACKNOWLEDGED = 1
    ATTESTED = 2
    READ_BACK = 3
    CANARY = 4
    OLD_KEY_STILL = 5
    SURVIVED = 6

    @property
    def text(self) -> str:
        """The rung as status, report and JSON write it."""
        return self.name.lower()


def calibrated(s: Situation) -> bool:
    """Whether last-used means anything in this account: our own login with the new key has shown up in it.

    Not shown up means "no information", and so does a look-up that failed.
    """
    use = s.last_use(s.run.new)
    first = s.new.first_login
    return bool(use and use.at and first and use.at >= first - USE_BUCKET_S)


def old_key_moved(s: Situation, consumer: ConsumerFacts) -> bool | None:
    """Whether the old key was used in the quarter hour of the consumer's canary; None = no information (yet).

    Only the newest use is known, and of several within a quarter hour the first: a use after the canary hides
    whether there was one at the canary, and so does a login of our own (adopt, the old key compared), also one that a
    doctor or an audit intended and did not live to tell of.
    """
    use = s.last_use(s.run.old)
    if use is None or not calibrated(s) or s.now < consumer.canary_at + LAST_USED_LAG_S:
        return None
    if own_login(s, use) or _close(use, s.old.login_tried):
        return None
    if use.at is None or use.at < consumer.canary_at - USE_BUCKET_S:
        return False
    return True if use.at <= consumer.canary_at + USE_BUCKET_S else None


def own_login(s: Situation, use: LastUse) -> bool:
    """Whether a use of the old key may have been our newest own login."""
    return _close(use, s.old.last_login)


def _close(use: LastUse, own: int) -> bool:
    return bool(own and use.at and abs(use.at - own) <= USE_BUCKET_S)


def rung(s: Situation, traits: Traits, consumer: ConsumerFacts) -> Rung:
    """The highest rung that the consumer's evidence reaches for the run's new key."""
    if not s.run.new or consumer.pushed != s.run.new or consumer.push_outcome not in (Outcome.DONE, Outcome.WAITING):
        return Rung.NONE
    if unattested(traits, consumer):
        return Rung.NONE
    if traits.sends and consumer.canary_at:
        if survived(s, consumer):
            return Rung.SURVIVED
        return Rung.OLD_KEY_STILL if old_key_moved(s, consumer) is False else Rung.CANARY
    if traits.reads_back and consumer.read_back == s.run.new:
        return Rung.READ_BACK
    return Rung.ATTESTED if traits.by_hand else Rung.ACKNOWLEDGED


def survived(s: Situation, consumer: ConsumerFacts) -> bool:
    """Whether a canary was sent after SES had refused the old key, and arrived."""
    return bool(s.run.old and s.old.refused_at and consumer.survived == s.run.old)


def needs_push(s: Situation, traits: Traits, consumer: ConsumerFacts) -> bool:
    """Whether the consumer must be told (again): not told, unclear, refused twice, or gone back to another key.

    Also if the file now sends it elsewhere: to another place, or to log in at another server.
    """
    told = Outcome.WAITING if traits.by_hand else Outcome.DONE  # a place whose kind changed meanwhile is told anew
    if consumer.pushed != s.run.new or consumer.push_outcome != told or moved_away(traits, consumer):
        return True
    if refused_for_good(consumer):
        return True
    return traits.reads_back and holds_another(s, traits.name)


def unattested(traits: Traits, consumer: ConsumerFacts) -> bool:
    """Whether nobody has said yet that they put the newest credential there."""
    return traits.by_hand and not consumer.attested_at


def refused_for_good(consumer: ConsumerFacts) -> bool:
    """Whether its canaries were refused often enough to believe that it has the wrong credential."""
    return consumer.canary_refused >= REFUSALS_THAT_COUNT


def asked_again(send: Callable[[], Answer], over: Callable[[], bool] = lambda: False) -> Answer:
    """The answer to a mail outside of a run, where a refused login must be told from a bad day at once.

    It is sent again until the refusals count; `over`: whether nobody needs the answer any more.
    """
    answer = send()
    for _ in range(REFUSALS_THAT_COUNT - 1):
        if isinstance(answer, LoginRefused) and not over():
            answer = send()
    return answer


def moved_away(traits: Traits, consumer: ConsumerFacts) -> bool:
    """Whether the name points at another place, or its endpoint at another server, than when it was told."""
    place = bool(traits.place and consumer.place and traits.place != consumer.place)
    return place or bool(traits.server and consumer.server and traits.server != consumer.server)


def may_be_overtaken_until(traits: Traits, consumer: ConsumerFacts) -> int:
    """Until when an unclear push for another server may still land, on top of what is pushed now; 0 = there is none.

    One for the same server brings the same value, whenever it lands.
    """
    if not traits.server or not consumer.server or traits.server == consumer.server:
        return 0
    return drain(consumer)


def holds_another(s: Situation, name: str) -> bool:
    """Whether the consumer said in this process that it holds a key other than the new one."""
    holding = s.holding(name)
    return isinstance(holding, str) and holding != s.run.new


def confirmed(s: Situation, traits: Traits, consumer: ConsumerFacts) -> ConfirmedConsumer | None:
    """The proof that a consumer has the new key, if its evidence is enough for the run's mode (grace apart).

    Read back where possible; else acknowledged and a canary; a person's word where we cannot send.
    """
    if needs_push(s, traits, consumer):
        return None
    reached = rung(s, traits, consumer)
    if traits.reads_back:
        return _proof(traits, reached) if consumer.read_back == s.run.new else None
    return _proof(traits, reached) if reached >= enough(traits) else None


def enough(traits: Traits) -> Rung:
    """The rung that a consumer which cannot be read back must reach before the old key is touched."""
    if traits.sends:
        return Rung.CANARY
    return Rung.ATTESTED if traits.by_hand else Rung.ACKNOWLEDGED


def _proof(traits: Traits, reached: Rung) -> ConfirmedConsumer:
    return ConfirmedConsumer(traits.name, reached.text)


def unverified(s: Situation) -> tuple[str, ...]:
    """The endpoints in use where the new key has not logged in yet, each as the file has it now."""
    return tuple(one for one in s.policy.endpoints if not took_the_new_key(s.run, s.policy, one))


def took_the_new_key(run: Run, policy: Policy, endpoint: str) -> bool:
    """Whether the run's new key has logged in at the endpoint, as the file has it now."""
    return endpoint in run.verified or policy.server(endpoint) in run.verified


def verified(s: Situation) -> VerifiedKey | None:
    """The proof that the new key logs in at every endpoint in use."""
    return VerifiedKey(s.run.new, s.policy.endpoints) if s.run.new and not unverified(s) else None


def replaced(s: Situation) -> Replaced | None:
    """The proof that the old key may be switched off: verified, confirmed by all, nothing still on its way."""
    proof = verified(s)
    all_confirmed = tuple(confirmed(s, traits, consumer) for traits, consumer in s.consumers)
    if proof is None or not s.run.old or any(one is None for one in all_confirmed):
        return None
    if any(consumer.drain_until > s.now for _, consumer in s.consumers):
        return None
    return Replaced(s.run.old, proof, tuple(one for one in all_confirmed if one is not None))


def retired(s: Situation) -> Retired | None:
    """The proof that the old key may be deleted: replaced, off, refused by SES, missed by nobody, held by no mark.

    And watched for its time, unless it leaked.
    """
    old = s.old
    over = old.compromised or s.now >= old.deactivated_at + s.policy.watch_s
    if replaced(s) is None or not (old.deactivated_at and old.refused_at and over) or old.held:
        return None
    if not all(survived(s, consumer) for traits, consumer in s.consumers if traits.sends):
        return None
    return Retired(s.run.old, "compromised" if old.compromised else "watched out")


def makes_room(s: Situation) -> Retired | None:
    """The old key in its watch, that nobody misses: it goes early when its successor leaked.

    SES refuses it, and since then a canary came through everybody that can send; a person's word alone shows nothing.
    """
    if not s.run.old or s.run.old_gone or not s.old.deactivated_at or s.old.held or not s.old.refused_at:
        return None
    senders = [one for traits, one in s.consumers if traits.sends]
    seen = bool(senders) or all(traits.reads_back for traits, _ in s.consumers)
    missed_by_nobody = seen and all(survived(s, one) for one in senders)
    return Retired(s.run.old, "makes room in an incident") if missed_by_nobody else None


def leaked_successor(s: Situation) -> Retired | None:
    """The new key that leaked after it was handed out, once it is off."""
    off = s.new.deactivated_at or s.status(s.new) is Status.INACTIVE
    return Retired(s.run.new, "compromised") if s.new.compromised and s.new.pushed and off else None


def grace_from(s: Situation) -> int:
    """When the last consumer was confirmed, or somebody switched the old key on again: the grace counts from here."""
    confirmed_at = max(max(one.push_at, one.attested_at, one.canary_first_at) for _, one in s.consumers)
    return max(confirmed_at, s.run.reactivated_at)


def patient(s: Situation) -> bool:
    """Whether grace and quiet are kept: always, unless it is the old key that leaked."""
    return s.run.mode is Mode.SCHEDULED or not s.old.compromised
