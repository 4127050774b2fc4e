"""Decide the next step of one rotation.

  (1) lock        one open run per IAM user; lock and deadline tested before every effect
  (2) survey      identity, keys, last use; an error here is "unknown", never "unused" and never "absent"
  (3) preflight   whatever could fail later is tried while nothing has changed
  (4) create      intent first, one request, sealed before anything else
  (5) verify      the new key logs in at every endpoint in use, several times
  (6) push        every consumer is told; unknown is pushed again, then drained
  (7) confirm     evidence per consumer: read back, canary, or a person's word
  (8) grace       the old key stays Active, and its last-used stands still
  (9) deactivate  only with a verified successor and a confirmation from every consumer; then canaries again
 (10) watch       reactivate on a genuine sign of need, never a compromised key
 (11) delete      one call site, a last check, then erase the sealed secret

Steps (1)-(5) change nothing that sends mail and may be aborted.  From the first push intent in (6)
the run only goes forward; while anything is unknown both keys stay Active.

`next_step` is pure: no I/O, no clock, standard library only.  It is asked again after everything that was done
or seen, so there is nothing to resume: whoever asks next decides from the journal and the world as they are.
"""

from __future__ import annotations

from collections.abc import Callable

from rotator.core.access_keys import Instant
from rotator.core.facts import Facts
from rotator.core.policy import Policy
from rotator.core.rules import handing_over, incident, probe, retiring, survey
from rotator.core.situation import Observed, Situation
from rotator.core.steps import Step

Rule = Callable[[Situation], Step | None]

RULES: tuple[Rule, ...] = (
    incident.revoke_what_leaked,
    survey.know_whom_we_act_on,
    survey.know_the_keys,
    survey.settle_the_orphan,
    survey.stop_at_a_stranger,
    survey.have_a_run,
    survey.replace_what_is_gone,
    survey.notice_foreign_hands,
    incident.switch_on_again,
    probe.see_who_misses_the_old_key,
    survey.keep_every_holder,
    incident.drop_what_nobody_was_given,
    incident.make_room_for_a_successor,
    survey.name_what_came_back,
    handing_over.preflight_before_create,
    handing_over.create_once,
    handing_over.verify_before_push,
    handing_over.push_to_every_consumer,
    handing_over.drain_before_evidence,
    handing_over.read_back_where_possible,
    handing_over.push_to_every_consumer,  # again: what was just read back may show another key
    handing_over.canary_before_retiring,
    handing_over.ask_whoever_feeds_by_hand,
    handing_over.wait_for_canaries,
    retiring.finish_without_an_old_key,
    handing_over.canary_again_if_old_key_moved,
    retiring.wait_out_the_grace,
    retiring.see_the_old_key_stand_still,
    retiring.deactivate_the_replaced,
    probe.wait_until_ses_refuses,
    probe.survive_the_deactivation,
    probe.watch_while_inactive,
    retiring.delete_what_is_watched_out,
)


def decide(
    facts: Facts, observed: Observed, policy: Policy, now: Instant, rules: tuple[Rule, ...] = RULES
) -> tuple[Step, str]:
    """The next step and the name of the rule that spoke."""
    situation = Situation(facts, observed, policy, now)
    for rule in rules:
        step = rule(situation)
        if step is not None:
            return step, rule.__name__
    raise AssertionError("the last rule always answers")


def next_step(facts: Facts, observed: Observed, policy: Policy, now: Instant) -> Step:
    """The first rule that answers decides."""
    return decide(facts, observed, policy, now)[0]
