"""Layer 1: the domain's DMARC policy, who is aligned with it, and whether its reports arrive (RFC 9989, 9990)."""

from __future__ import annotations

from rotator.core.errors import RotatorError
from rotator.core.looks import DnsAnswer, Lookup
from rotator.doctor import dmarc as rules
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, not_known, ok, warning
from rotator.doctor.dns import unanswered
from rotator.doctor.ground import Domain, Ground


@check("dns.dmarc", "the domain's DMARC policy, and alignment", Kind.DOMAIN, "dns.md#dmarc", needs=["dns.domain"])
def dmarc(ground: Ground, subject: Subject) -> Verdict:
    """The record of the domain, else of its organization."""
    name = f"_dmarc.{subject.domain}"
    answer = ground.records(name, "TXT")
    if (silent := unanswered(answer, name, "TXT")) is not None:
        return silent
    own = rules.records(answer.values)
    if len(own) > 1:
        return broken(f"{len(own)} DMARC records at {name}: receivers drop them all", "leave one of them")
    if answer.values and not own:
        seen = f"{name}: {answer.values[0][:80]!r} is no DMARC record"
        return broken(seen, "let it begin with v=DMARC1; (in this case)")
    walk = rules.walk(subject.domain, ground.records)
    if not own and walk.silent is not None:
        return _left_open("the policy", *walk.silent)
    if walk.policy is None or (walk.policy.told.psd == "y" and not own):
        return _none_of_ours(name, walk.policy, answer)
    return _of_record(ground, ground.domains[subject.domain], walk.policy)


def _none_of_ours(name: str, above: rules.Published | None, answer: DnsAnswer) -> Verdict:
    """No record, or a registry's for everything below it."""
    seen = f"{name}: no DMARC policy" + (f"; that of the registry {above.at} holds" if above else "")
    fix = f"publish it: rotator doctor --zone-file; begin with {name} TXT v=DMARC1; p=none; rua=mailto:…"
    return warning(seen, fix, lookup=answer.status)


def _of_record(ground: Ground, one: Domain, found: rules.Published) -> Verdict:
    record, told = found.text, found.told
    if told.no_policy:
        return broken(f"{record}: no valid p=, so receivers do nothing", "write p=none, p=quarantine or p=reject")
    if told.invalid:
        return warning(f"{record}: receivers drop {', '.join(told.invalid)}", "correct what they drop", record=record)
    if told.removed:
        tags = ", ".join(f"{name}=" for name in told.removed)
        fix = f"delete {tags}: RFC 9989 removed it; t=y while testing"
        return warning(f"{record}: {tags} means nothing any more", fix, record=record)
    if told.psd == "y":
        return warning(f"{record}: psd=y says that the domain is a public suffix", "delete psd=y", record=record)
    if (misaligned := _alignment(ground, one, told)) is not None:
        return misaligned
    if (unheard := _reports(ground, one, told)) is not None:
        return unheard
    policy = told.policy if found.at == one.name.lower() else told.subdomains
    testing = {"testing": "t=y: receivers are asked to apply one level less"} if told.testing else {}
    return ok(record, at=found.at, policy=policy, reports=", ".join(told.rua) or "none asked for", **testing)


def _alignment(ground: Ground, one: Domain, told: rules.Dmarc) -> Verdict | None:
    """SES signs with the domain itself, so DKIM is aligned in either mode; SPF by the MAIL FROM domain (4.4)."""
    try:
        mail_from, author = ground.mail_from_of(one).lower().rstrip("."), one.name.lower()
    except RotatorError as error:
        return not_known(f"alignment is not known, for SES does not name the MAIL FROM domain: {error}", error.fix)
    if not mail_from or mail_from == author:
        return None
    if told.aspf == "s":
        why, fix = "aspf=s wants exactly the domain", "delete aspf=s, or rely on DKIM alone"
        return _misaligned(mail_from, why, fix)
    theirs, ours = rules.walk(mail_from, ground.records), rules.walk(author, ground.records)
    if (silent := theirs.silent or ours.silent) is not None:
        return _left_open("alignment of the MAIL FROM domain", *silent)
    if theirs.organization == ours.organization:
        return None
    why = f"its organization is {theirs.organization}, not {ours.organization}"
    return _misaligned(mail_from, why, f"use a MAIL FROM domain below {one.name}")


def _misaligned(mail_from: str, why: str, fix: str) -> Verdict:
    return warning(f"the MAIL FROM domain {mail_from} is not aligned ({why}): DKIM alone carries DMARC", fix)


def _reports(ground: Ground, one: Domain, told: rules.Dmarc) -> Verdict | None:
    """The first address that reports do not reach: it agrees to none, or its domain takes no mail."""
    looked_at = (_refused(ground, one, other) or _undeliverable(ground, other) for other in told.rua)
    return next((verdict for verdict in looked_at if verdict is not None), None)


def _refused(ground: Ground, one: Domain, other: str) -> Verdict | None:
    """RFC 9990 section 4: a report address in another organization needs a record there."""
    if other == one.name.lower():
        return None
    theirs, ours = rules.walk(other, ground.records), rules.walk(one.name, ground.records)
    silent = theirs.silent or ours.silent
    if silent is None and theirs.organization == ours.organization:
        return None
    name = f"{one.name}._report._dmarc.{other}"
    answer = ground.records(name, "TXT")
    if not answer.absent and answer.status is not Lookup.FOUND:
        return _left_open(f"whether {other} takes reports", name, answer)
    if rules.records(answer.values):
        return None
    if silent is not None:
        return _left_open(f"whether {other} takes reports", *silent)
    fix = f"let {other} publish: {name} TXT v=DMARC1;"
    return warning(f"reports to {other} are not sent: it does not agree to them", fix)


def _undeliverable(ground: Ground, other: str) -> Verdict | None:
    """Neither MX nor address (RFC 5321 5.1), or a null MX (RFC 7505); what cannot be asked is not accused."""
    mail = ground.records(other, "MX")
    null = mail.values == ("0 ",)
    if not null and (not mail.absent or any(not ground.records(other, kind).absent for kind in ("A", "AAAA"))):
        return None
    return warning(f"reports to {other} cannot be delivered: it takes no mail", "correct rua=, or give it an MX")


def _left_open(what: str, name: str, answer: DnsAnswer) -> Verdict:
    """A question about somebody's name further up got no answer: nothing of ours is accused for it."""
    return not_known(f"{what} is not known: TXT {name}: {answer.status}", "run again", lookup=answer.status)
