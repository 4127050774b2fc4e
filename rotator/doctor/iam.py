"""Layer 3: IAM.  Whose keys, how old, last used when, and whether they may send at all."""

from __future__ import annotations

from rotator.core.access_keys import AccessKey, mask
from rotator.core.errors import AccessError
from rotator.core.facts import Facts
from rotator.core.policy import DAY_S
from rotator.core.ports import Acknowledged, Refused
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, not_known, ok, skipped, warning
from rotator.doctor.ground import Ground, User

ROTATE = "rotator rotate --user {user}"


@check("iam.user", "the credentials open the account, and the user is the one adopted", Kind.USER, "access.md")
def user(ground: Ground, subject: Subject) -> Verdict:
    """Account and user id, against the file and the journal."""
    one = ground.users[subject.user]
    try:
        found = ground.user_identity(one)
    except AccessError as error:
        return broken(str(error), error.fix)
    if found.account != one.policy.account:
        seen = f"the AWS credentials open account {found.account}, the file says {one.policy.account}"
        return broken(seen, "use the other account's credentials, or correct users[].account")
    if one.facts is not None and one.facts.user_id not in ("", found.user_id):
        seen = f"{one.name} is another user than the one adopted: it was deleted and made anew"
        return broken(seen, "find out who did, then: runbooks/restore.md")
    return ok(f"{one.name} in account {found.account}")


@check("iam.keys", "a key is Active, and only one outside of a rotation", Kind.USER, "two-keys.md", needs=["iam.user"])
def keys(ground: Ground, subject: Subject) -> Verdict:
    """The keys as IAM lists them, against what the journal says of the current one."""
    one = ground.users[subject.user]
    listed, active = ground.keys(one).keys, ground.active_keys(one)
    shown = ", ".join(f"{mask(key.id)} {key.status}" for key in listed) or "no keys"
    if not active:
        return broken(f"{shown}: nothing can log in", ROTATE.format(user=one.name))
    facts = one.facts
    if facts is None or facts.run is not None:
        if len(active) > 1 and facts is None:
            fix = f"find out who holds each, then: rotator adopt --user {one.name} --key AKIA…"
            return warning(f"{shown}: two are Active", fix)
        return ok(shown)
    gone = facts.current and facts.current not in {key.id for key in active}
    if gone:
        seen = f"{mask(facts.current)}, which the consumers hold, is not Active ({shown})"
        return broken(seen, f"switch it on again, or replace it: {ROTATE.format(user=one.name)}")
    return ok(shown)


@check("iam.strangers", "no key that the journal does not know", Kind.USER, "two-keys.md", needs=["iam.keys"])
def strangers(ground: Ground, subject: Subject) -> Verdict:
    """Keys that are neither adopted nor ours: somebody else makes keys for this user."""
    one = ground.users[subject.user]
    if one.facts is None:
        return skipped("no journal here to compare with")
    unknown = [key for key in ground.keys(one).keys if not _known(one.facts, key)]
    if not unknown:
        return ok("every key is known to the journal")
    shown = " and ".join(f"{mask(key.id)} ({key.status})" for key in unknown)
    return broken(f"{shown}: not adopted and not ours", "find its owner; it blocks the next rotation")


@check(
    "iam.age", "the current key is younger than its limit", Kind.USER, "ses-smtp-key-rotation.md", needs=["iam.keys"]
)
def age(ground: Ground, subject: Subject) -> Verdict:
    """The age of the current key against `rotate_at` and `max_age`."""
    one = ground.users[subject.user]
    key = _current(ground, one)
    if key is None:
        return skipped("which key is the current one is not known")
    listed, policy = ground.keys(one), one.policy
    days, limit = (listed.now - key.created) // DAY_S, policy.max_age_s // DAY_S
    if days * DAY_S > policy.max_age_s:
        seen = f"{mask(key.id)} is {days} days old, limit {limit}; mail does not suffer"
        return broken(seen, ROTATE.format(user=one.name))
    if listed.now - key.created >= policy.rotate_at_s and (one.facts is None or one.facts.run is None):
        return warning(f"{mask(key.id)} is {days} days old, due", ROTATE.format(user=one.name))
    return ok(f"{mask(key.id)} is {days} days old, limit {limit}")


@check("iam.last_used", "when the current key was last used", Kind.USER, "access.md", needs=["iam.keys"])
def last_used(ground: Ground, subject: Subject) -> Verdict:
    """What IAM has heard: it lags for hours, so silence proves nothing."""
    one = ground.users[subject.user]
    key = _current(ground, one)
    if key is None:
        return skipped("which key is the current one is not known")
    use = one.access_keys.last_use(key.id)
    if use.at is None:
        return ok(f"{mask(key.id)} was never used, as far as IAM has heard (it lags for hours)")
    hours = max(0, ground.keys(one).now - use.at) // 3600
    return ok(f"{mask(key.id)} was used {hours} h ago by {use.service} in {use.region}")


@check(
    "iam.permission", "the user's policies allow ses:SendRawEmail", Kind.USER, "access.md#the-smtp-user-may-not-send",
    needs=["iam.user"],
)  # fmt: skip
def permission(ground: Ground, subject: Subject) -> Verdict:
    """By simulation: group policies and boundary included, sending authorization and some SCPs not."""
    one = ground.users[subject.user]
    answer = one.access_keys.may_send()
    if isinstance(answer, Acknowledged):
        return ok(answer.detail)
    if isinstance(answer, Refused):
        return broken(answer.detail, answer.fix or "allow ses:SendRawEmail in a policy of the user")
    return not_known(answer.detail, "add --send, which sends a mail to SES's simulator")


def _current(ground: Ground, user: User) -> AccessKey | None:
    """The key that the consumers hold: the journal's, once that is off its successor; else the only Active one."""
    active, facts = ground.active_keys(user), user.facts
    if facts is None or not facts.current:
        return active[0] if len(active) == 1 else None
    successor = facts.run.new if facts.run is not None else ""
    held = {str(key.id): key for key in active}
    return held.get(facts.current) or held.get(successor)


def _known(facts: Facts, key: AccessKey) -> bool:
    """Adopted, made by us, deleted by us and still listed, or possibly born of a create that is unclear."""
    if key.id in facts.lost:  # it came back
        return False
    ours = facts.key(key.id).ours or key.id in facts.deleted
    return ours or any(one.bore(key.id, key.created) for one in facts.intents)
