"""What is concluded from what was seen of a mail, and about which key.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rotator.audit.headers import PAGE, judge
from rotator.audit.targets import Result, Target
from rotator.core.access_keys import mask
from rotator.core.findings import CheckStatus, Finding, failed
from rotator.core.history.proven import AuditOutcome
from rotator.core.mail.arrivals import Bounced, Delivered, Landed, Sighting
from rotator.core.ports import Arrived, CanaryAnswer, LoginRefused


def of_its_key(result: Result, answer: CanaryAnswer | None) -> Result:
    """The verdict is about the key that was used: said so if a rotation went on meanwhile.

    A login of our own was made under the lock, with the key of then.  Gmail logs in when it likes: a mail that arrived
    came with a key that nobody can name any more, and one that did not arrive says nothing.
    """
    why = result.target.moved()
    if not why:
        return result
    arrived = result.outcome in (AuditOutcome.ARRIVED, AuditOutcome.WRONG)
    ours = result.target.consumer.traits.reads_back and isinstance(answer, Arrived | LoginRefused)
    if not (arrived or ours):
        return overtaken(result.target, why, result.seconds)
    target = result.target if ours else replace(result.target, key="")
    used = f"sent with {mask(target.key)}" if target.key else "with which key cannot be told"
    first, *others = result.findings
    told = replace(first, summary=f"{first.summary} ({why}; {used}, and it says nothing about another)")
    return replace(result, target=target, findings=(told, *others))


def overtaken(target: Target, why: str, took: float) -> Result:
    """No verdict."""
    finding = failure(target, AuditOutcome.OVERTAKEN, f"not judged: {why}", CheckStatus.SKIPPED)
    return Result(target, AuditOutcome.OVERTAKEN, (finding,), took)


def failure(target: Target, outcome: AuditOutcome, seen: str, status: CheckStatus = CheckStatus.FAILED) -> Finding:
    """What is said of a mail that did not arrive."""
    fix = FIXES[outcome].format(user=target.user, name=target.name)
    return named(Finding("mail.arrival", status, seen, fix, f"{PAGE}#{outcome}"), target)


FIXES = {  # `{user}` and `{name}`: whose place it is, and which
    AuditOutcome.OVERTAKEN: "once the run rests (rotator status): rotator audit --user {user} --consumer {name}",
    AuditOutcome.REFUSED: "it has a wrong password.  Fed by hand: rotator handover {user} {name} --reveal; fed by "
    "rotator: rotator rotate --user {user} (a new key, told to every place)",
    AuditOutcome.BOUNCED: "read what the other side said; the credential itself was accepted",
    AuditOutcome.MISSING: "look into Spam, at the forwarding of audit.mail_to, and at SES's suppression list",
    AuditOutcome.UNKNOWN: "mend what the text says, then: rotator audit --user {user} --consumer {name}",
}


def of_sighting(sighting: Sighting, sender: str) -> Iterator[Finding]:
    """What the far end shows: at least one finding."""
    match sighting:
        case Landed():
            yield from judge(sighting, sender)
        case Delivered(sender=author, detail=detail):
            yield from _of_delivery(author, detail, sender)
        case Bounced(detail=detail):
            fix = FIXES[AuditOutcome.BOUNCED]
            yield Finding("mail.arrival", CheckStatus.FAILED, f"it bounced: {detail}", fix, f"{PAGE}#bounced")


def _of_delivery(author: str, detail: str, sender: str) -> Iterator[Finding]:
    """SES's own word: the far server took the mail; what it thought of it stands in no event."""
    yield Finding("mail.arrival", CheckStatus.OK, detail)
    if author.lower() == sender.lower():
        yield Finding("mail.from", CheckStatus.OK, f"From is {sender}")
    else:
        fix = "the alias was not used: verify it again in Gmail, or correct canary_from"
        yield Finding("mail.from", CheckStatus.FAILED, f"From is {author}, not {sender}", fix, f"{PAGE}#from")
    for method in ("spf", "dkim", "dmarc"):
        fix = "let the audit's mail arrive in a mailbox that is read: audit.arrival.gmail"
        seen = "SES's events do not say what the receiver made of it"
        yield Finding(f"mail.{method}", CheckStatus.NOT_KNOWN, seen, fix)


def outcome_of(sighting: Sighting, findings: Sequence[Finding]) -> AuditOutcome:
    """How a mail that was seen ended."""
    if isinstance(sighting, Bounced):
        return AuditOutcome.BOUNCED
    return AuditOutcome.WRONG if failed(findings) else AuditOutcome.ARRIVED


def named(finding: Finding, target: Target) -> Finding:
    """The finding with the place that it is about."""
    who = (("user", target.user), ("consumer", target.name))
    seen = f"{target.name}: {finding.summary}"
    return replace(finding, summary=seen, evidence=(*who, *finding.evidence))
