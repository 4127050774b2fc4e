"""(8) grace, (9) deactivate, (11) delete: the old key rests, goes off, and is deleted last (`probe.py`: in between)."""

from __future__ import annotations

from rotator.core import evidence
from rotator.core.access_keys import USE_BUCKET_S, Instant
from rotator.core.policy import LAST_USED_LAG_S, RETRY_S
from rotator.core.situation import Act, Situation
from rotator.core.steps import (
    Deactivate,
    Delete,
    Finish,
    Look,
    Observe,
    Push,
    Step,
    Wait,
)


def finish_without_an_old_key(s: Situation) -> Step | None:
    """Nothing to retire, or it is gone: the run is over once everybody is confirmed."""
    return Finish("rotated") if not s.run.old or s.run.old_gone else None


def wait_out_the_grace(s: Situation) -> Step | None:
    """The old key stays Active for the policy's time after the last consumer was confirmed."""
    if s.old.deactivated_at or not evidence.patient(s):
        return None
    until = evidence.grace_from(s) + s.grace_s
    return Wait(8, Instant(until), "the grace of the old key") if s.now < until else None


def see_the_old_key_stand_still(s: Situation) -> Step | None:
    """Quiet: the old key's last-used has not moved for a while, if last-used says anything in this account."""
    if s.old.deactivated_at or not evidence.patient(s):
        return None
    for key in (s.run.new, s.run.old):
        if not s.asked_last_use(key):
            return Observe(Look.LAST_USE, key)
    use = s.last_use(s.run.old)
    if use is None or s.last_use(s.run.new) is None:
        return Wait(8, Instant(s.now + RETRY_S), "when the keys were last used is unknown", urgent=True)
    if not evidence.calibrated(s):
        return None
    quiet_from = 0 if evidence.own_login(s, use) else use.at or 0
    if s.now < quiet_from + s.policy.quiet_s:
        return _still_used(s, quiet_from)
    return _last_use_has_caught_up(s)


def _still_used(s: Situation, used_at: int) -> Step:
    """Used after everybody was confirmed: who cannot be read back is told again, once a grace, and a person knows."""
    still = used_at > evidence.grace_from(s) + USE_BUCKET_S
    unsure = [one.name for one, _ in s.consumers if still and not one.reads_back and not one.by_hand]
    untold = next((name for name in unsure if not s.tried(Act.PUSH, name)), None)
    if untold is not None:
        return Push(untold, s.run.new)
    why = f"{s.run.old} was used; it must stand still for a while"
    return Wait(8, Instant(used_at + s.policy.quiet_s), why, urgent=still)


def _last_use_has_caught_up(s: Situation) -> Step | None:
    """Last-used lags for hours: a canary's trace in it is looked for only after that."""
    newest = max((one.canary_at for traits, one in s.consumers if traits.sends and not traits.reads_back), default=0)
    if newest and s.now < newest + LAST_USED_LAG_S:
        return Wait(8, Instant(newest + LAST_USED_LAG_S), "last-used may lag for four hours")
    return None


def deactivate_the_replaced(s: Situation) -> Step | None:
    """Only with the proof that every consumer has a verified successor."""
    if s.old.deactivated_at:
        return None
    if s.old.compromised and s.old.held:
        why = f"{s.run.old} leaked and a person switched it on: `rotate --emergency --key` ends that"
        return Wait(9, Instant(s.now + RETRY_S), why, urgent=True)
    proof = evidence.replaced(s)
    if proof is None or s.tried(Act.DEACTIVATE, s.run.old):
        return Wait(9, Instant(s.now + RETRY_S), f"{s.run.old} could not be switched off", urgent=True)
    return Deactivate(proof)


def delete_what_is_watched_out(s: Situation) -> Step | None:
    """The end of the old key: off, refused by SES, missed by nobody, held by no mark."""
    proof = evidence.retired(s)
    if proof is None or s.tried(Act.DELETE, s.run.old):
        return Wait(11, Instant(s.now + RETRY_S), f"{s.run.old} could not be deleted", urgent=True)
    return Delete(proof)
