"""The checker is checked: a rule switched off, or a known defect planted, must come out as a story."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.explorer import defects
from tests.explorer.configurations import ALIAS, EMERGENCY, FILE, GMAIL, QUICK, REVOKE_FIRST
from tests.explorer.defects import instead, without
from tests.explorer.moves import Configuration
from tests.explorer.search import explore

ONE_FAULT = Configuration((FILE,))

# rule: (configuration without it, what comes of that)
OFF = {
    "revoke_what_leaked": (QUICK["the old key is revoked first"], "was to be revoked first"),
    "know_the_keys": (ONE_FAULT, "wedged"),
    "settle_the_orphan": (ONE_FAULT, "wedged"),
    "replace_what_is_gone": (Configuration((FILE,), faults=0, foreign="delete"), "wedged"),
    "drop_what_nobody_was_given": (QUICK["our derivation is wrong"], "wedged"),
    "switch_on_again": (QUICK["last-used says nothing"], "stays Inactive"),
    "make_room_for_a_successor": (QUICK["the new key is revoked first"], "wedged"),
    "verify_before_push": (ONE_FAULT, "which SES has never accepted"),
    "push_to_every_consumer": (Configuration((FILE,), faults=0), "wedged"),
    "read_back_where_possible": (Configuration((FILE,), faults=0), "wedged"),
    "canary_before_retiring": (Configuration((GMAIL,), faults=0), "wedged"),
    "deactivate_the_replaced": (Configuration((FILE,), faults=0), "wedged"),
    "see_who_misses_the_old_key": (Configuration((GMAIL,), faults=0), "wedged"),
}


@pytest.mark.parametrize("rule", OFF)
def test_without_a_rule_a_promise_breaks(rule: str) -> None:
    """Each of these rules guards something: without it the search tells how it goes wrong."""
    configuration, verdict = OFF[rule]
    found = explore(replace(configuration, rules=without(rule)))
    print(f"{rule}: {found}")
    assert verdict in found.verdict
    assert found.story


SURVIVES_ANYTHING = without("wait_until_ses_refuses", "watch_while_inactive")

PLANTED = {
    "delete the oldest of two keys": (
        replace(ONE_FAULT, rules=instead(without(), settle_the_orphan=defects.delete_the_oldest)),
        "holds AKIA-1, which is",
    ),
    "discard without provenance": (
        replace(
            QUICK["a person makes a key of their own"],
            rules=instead(without(), settle_the_orphan=defects.discard_without_provenance),
        ),
        "a person's own key",
    ),
    "in an incident, switch off what is unknown": (
        replace(
            QUICK["a person makes a key of their own"],
            rules=instead(without(), stop_at_a_stranger=defects.revoke_a_strangers_key),
        ),
        "a person's own key",
    ),
    "roll back when a push is not answered": (
        replace(ONE_FAULT, rules=instead(without(), drop_what_nobody_was_given=defects.roll_back_a_lost_push)),
        "holds AKIA-2, which is",
    ),
    "an answer is taken for evidence": (
        replace(
            ONE_FAULT,
            rules=instead(
                without("read_back_where_possible", "wait_for_canaries"),
                deactivate_the_replaced=defects.deactivate_on_an_answer,
            ),
        ),
        "holds AKIA-1, which is Inactive",
    ),
    "no drain after an unclear push": (
        replace(
            Configuration((FILE,), mode=EMERGENCY, incident=(EMERGENCY, "old"), rotations=2),
            rules=instead(
                without("drain_before_evidence"),
                deactivate_the_replaced=defects.deactivate_without_drain,
                delete_what_is_watched_out=defects.delete_what_is_off,
            ),
        ),
        "holds AKIA-2, which is",
    ),
    "a canary counts before SES refuses the old key": (
        replace(
            QUICK["last-used says nothing"],
            rules=instead(
                SURVIVES_ANYTHING,
                survive_the_deactivation=defects.survive_any_canary,
                delete_what_is_watched_out=defects.delete_what_is_off,
            ),
        ),
        "holds AKIA-1, which is deleted",
    ),
    "a watch that looks at the clock alone": (
        replace(
            QUICK["a consumer goes back to the old key"],
            rules=instead(
                without(),
                see_who_misses_the_old_key=defects.look_until_all_survived,
                watch_while_inactive=defects.wait_out_the_watch,
            ),
        ),
        "holds AKIA-1, which is deleted",
    ),
    "a leaked key is switched on because it is missed": (
        replace(
            Configuration((ALIAS,), incident=(REVOKE_FIRST, "old")),
            rules=instead(without(), switch_on_again=defects.reactivate_whatever_is_missed),
        ),
        "leaked and is switched on again",
    ),
}


@pytest.mark.parametrize("defect", PLANTED)
def test_a_planted_defect_is_found(defect: str) -> None:
    """Mistakes that real rotators made are told as a story when they are put into this one."""
    configuration, verdict = PLANTED[defect]
    found = explore(configuration)
    print(f"{defect}: {found}")
    assert verdict in found.verdict
    assert found.story
