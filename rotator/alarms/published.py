"""What is published at the end of `rotate` and `audit` for the alarms to watch.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rotator.alarms.definitions import Metric
from rotator.core import evidence
from rotator.core.access_keys import USE_BUCKET_S
from rotator.core.alarm import Datum
from rotator.core.findings import CheckStatus, Finding
from rotator.core.history.proven import AuditOutcome
from rotator.core.situation import Situation


def of_rotation(s: Situation) -> Iterator[Datum]:
    """The values of one user; nothing if its keys were not listed: a look-up that failed is no figure."""
    if s.observed.keys is None:
        return
    run, user = s.facts.run, s.policy.user
    in_use = s.facts.current if run is None else run.new if s.old.deactivated_at else run.old or run.new
    key = s.listed.get(in_use)
    if key is not None:
        yield Datum(Metric.KEY_AGE, user, float(max(0, s.now - key.created)), "Seconds")
    yield Datum(Metric.OPEN_RUN, user, float(max(0, s.now - run.opened)) if run else 0.0, "Seconds")
    yield Datum(Metric.OLD_KEY_USED, user, float(old_key_used(s)))


def of_audit(user: str, outcomes: Iterable[AuditOutcome], findings: Iterable[Finding]) -> Datum:
    """How much of a user's audit failed: places that did not pass, and whatever else was found wrong.

    A mail that a rotation overtook is no verdict.
    """
    well = (AuditOutcome.ARRIVED, AuditOutcome.OVERTAKEN)
    places = sum(one not in well for one in outcomes)
    others = sum(one.status is CheckStatus.FAILED for one in findings)
    return Datum(Metric.AUDIT_FAILED, user, float(places + others), "Count")


def old_key_used(s: Situation) -> bool:
    """Whether somebody logged in with the old key after every place had the new one, as far as was looked."""
    if s.facts.run is None or not s.run.old or evidence.replaced(s) is None:
        return False
    use = s.last_use(s.run.old)
    if use is None or use.at is None or abs(use.at - s.old.last_login) <= USE_BUCKET_S:  # not asked, or it was us
        return False
    return use.at > evidence.grace_from(s) + USE_BUCKET_S
