"""What is there and should not be, or should be and is not: keys, users, places, an open run.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rotator.audit.headers import PAGE
from rotator.core.access_keys import AccessKey, LastUse, mask
from rotator.core.facts import Facts
from rotator.core.findings import CheckStatus, Finding
from rotator.core.history.proven import Proof
from rotator.core.policy import DAY_S, Policy

UNUSED_S = 30 * DAY_S  # a place that sends once a month uses its key within it


def key_findings(
    facts: Facts, policy: Policy, keys: Iterable[AccessKey], last_use: Mapping[str, LastUse | None], now: int
) -> Iterator[Finding]:
    """At least one finding for each key that is there."""
    for key in keys:
        known = facts.key(key.id).ours
        if not known:
            yield _unknown(facts, policy, key)
        if key.active:
            yield _age(policy, key, now)
            yield from _unused(policy, key, last_use.get(key.id), now)


def run_finding(facts: Facts, policy: Policy, now: int) -> Finding:
    """Whether a rotation has been open for too long."""
    run, who = facts.run, (("user", policy.user),)
    if run is None:
        return Finding("run.open", CheckStatus.OK, f"{policy.user}: no rotation is open", evidence=who)
    days = (now - run.opened) // DAY_S
    seen = f"{policy.user}: run {run.id} has been open for {days} d"
    if now - run.opened <= policy.grace_s + policy.watch_s + policy.open_alarm_s:
        return Finding("run.open", CheckStatus.OK, seen, evidence=who)
    fix = f"rotator status --user {policy.user}: it says what the run waits for"
    return Finding("run.open", CheckStatus.FAILED, seen, fix, f"{PAGE}#open-too-long", who)


def unproven(policy: Policy, proofs: Mapping[str, Proof]) -> Iterator[Finding]:
    """The places that nothing and nobody ever confirmed."""
    for one in policy.consumers:
        if one.name not in proofs:
            seen = f"{one.name} was never confirmed: no mail, nothing read back, no person's word"
            fix = f"send a mail through it; then, if it is fed by hand: rotator confirm {policy.user} {one.name}"
            evidence = (("user", policy.user), ("consumer", one.name))
            yield Finding("places.unproven", CheckStatus.WARNING, seen, fix, f"{PAGE}#never-confirmed", evidence)


def unnamed_users(path: str, found: Iterable[str], named: Iterable[str]) -> Iterator[Finding]:
    """Users below the configured path that the file does not name: nobody rotates their keys."""
    known = frozenset(named)
    strangers = [one for one in found if one not in known]
    for name in strangers:
        seen, fix = f"{path}{name} is in IAM and not in the file: nobody rotates its keys", "add it to users, or retire"
        yield Finding("users.unnamed", CheckStatus.FAILED, seen, fix, f"{PAGE}#unnamed-user", (("user", name),))
    if not strangers:
        yield Finding("users.unnamed", CheckStatus.OK, f"every user below {path} is in the file")


def _unknown(facts: Facts, policy: Policy, key: AccessKey) -> Finding:
    state = "Active" if key.active else "Inactive"
    seen = f"{policy.user}: the journal does not know {mask(key.id)} ({state})"
    fix = "find out whose it is; rotator never touches it"
    evidence = (("user", policy.user), ("key", mask(key.id)))
    return Finding("keys.unknown", CheckStatus.FAILED, seen, fix, "runbooks/two-keys.md", evidence)


def _age(policy: Policy, key: AccessKey, now: int) -> Finding:
    days, evidence = (now - key.created) // DAY_S, (("user", policy.user), ("key", mask(key.id)))
    limit = policy.max_age_s // DAY_S
    seen = f"{policy.user}: {mask(key.id)} is {days} days old (limit {limit})"
    if now - key.created <= policy.max_age_s:
        return Finding("keys.age", CheckStatus.OK, seen, evidence=evidence)
    fix = f"rotator rotate --user {policy.user}"
    return Finding("keys.age", CheckStatus.FAILED, seen, fix, f"{PAGE}#key-over-its-limit", evidence)


def _unused(policy: Policy, key: AccessKey, use: LastUse | None, now: int) -> Iterator[Finding]:
    """A look-up that failed is "unknown", never "unused"."""
    evidence = (("user", policy.user), ("key", mask(key.id)))
    if use is None:
        seen = f"{policy.user}: when {mask(key.id)} was last used could not be asked"
        yield Finding("keys.unused", CheckStatus.NOT_KNOWN, seen, "run again later", evidence=evidence)
    elif now - max(use.at or 0, key.created) > UNUSED_S:
        said = "never used" if use.at is None else f"unused for {(now - use.at) // DAY_S} days"
        seen = f"{policy.user}: {mask(key.id)} is Active and {said}"
        fix = "if no place needs it any more: retire the user"
        yield Finding("keys.unused", CheckStatus.WARNING, seen, fix, f"{PAGE}#unused-key", evidence)
