"""A wrong Date stands in the journal: what its facts are once a person said what time it really is.

No time later than the correction can be true.  What began then is taken to begin with the correction, so that every
wait is kept in full; what an effect may still do is over one request later.  A test mail of that time is no evidence:
last-used is compared with the time it was sent.  That SES refuses the old key since then may only have been assumed,
an hour after it went off by that Date: it is found out, or waited for, anew.  Nor can a
key be called ours by a create of that time: it counts as a stranger's, and a person deals with it in IAM.
"""

from __future__ import annotations

from dataclasses import replace

from rotator.core.access_keys import Instant
from rotator.core.facts import ConsumerFacts, Facts, KeyFacts, Run
from rotator.core.policy import REQUEST_DEADLINE_S


def corrected(facts: Facts, at: int) -> Facts:
    """The facts without a time after `at` (UTC epoch seconds), but for the end of a request that may still land."""
    return replace(
        facts,
        keys=tuple(_key(one, at) for one in facts.keys),
        consumers=tuple(_consumer(one, at) for one in facts.consumers),
        intents=tuple(one for one in facts.intents if one.at <= at),
        run=_run(facts.run, at) if facts.run else None,
        latest=Instant(min(facts.latest, at)),
        rotated_at=min(facts.rotated_at, at),
    )


def _end(until: int, at: int) -> int:
    return min(until, at + REQUEST_DEADLINE_S + 1)


def _key(known: KeyFacts, at: int) -> KeyFacts:
    return replace(
        known,
        effect_until=_end(known.effect_until, at),
        deactivated_at=min(known.deactivated_at, at),
        deactivate_until=_end(known.deactivate_until, at),
        unclear_until=_end(known.unclear_until, at),
        refused_at=0 if known.refused_at > at else known.refused_at,
        first_login=min(known.first_login, at),
        last_login=min(known.last_login, at),
        login_tried=min(known.login_tried, at),
    )


def _consumer(known: ConsumerFacts, at: int) -> ConsumerFacts:
    one = replace(
        known,
        push_at=min(known.push_at, at),
        push_until=_end(known.push_until, at),
        drain_until=_end(known.drain_until, at),
        revealed_at=min(known.revealed_at, at),
        attested_at=min(known.attested_at, at),
        canary_tried_at=min(known.canary_tried_at, at),
    )
    if max(known.canary_first_at, known.canary_at) <= at:
        return one
    return replace(one, canary_first_at=0, canary_at=0, survived="")


def _run(known: Run, at: int) -> Run:
    return replace(
        known,
        opened=min(known.opened, at),
        new_at=min(known.new_at, at),
        reactivated_at=min(known.reactivated_at, at),
        refused_since=min(known.refused_since, at),
    )
