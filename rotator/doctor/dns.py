"""Layer 1: what the domain publishes.  A missing name, an empty answer, SERVFAIL and a time-out are told apart."""

from __future__ import annotations

import ipaddress
import re

from rotator.core.looks import DnsAnswer, Lookup
from rotator.doctor import dmarc as rules
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, not_known, ok, skipped, warning
from rotator.doctor.ground import Domain, Ground
from rotator.doctor.spf import Result, Spf, check_host
from rotator.doctor.spf_terms import is_spf

PUBLISH = "publish it: rotator doctor --zone-file"
# What to do about a question that got no answer, whoever was asked.
UNANSWERED = {
    Lookup.SERVFAIL: "ask whoever runs the zone's nameservers; DNSSEC: delv {name} {kind}",
    Lookup.TIMEOUT: "check this machine's nameservers (dns.nameservers) and the way to them, UDP and TCP 53",
    Lookup.UNUSABLE: "the nameservers refuse or answer badly: set dns.nameservers to ones that answer here",
}
SES_INCLUDE = "amazonses.com"
SES_ADDRESS = "199.255.192.1"  # one of SES's published ranges, for a resolver that does not know them
IP4 = re.compile(r"ip4:([0-9.]+)")


@check("dns.domain", "the domain exists and its nameservers answer", Kind.DOMAIN, "dns.md#domain")
def domain(ground: Ground, subject: Subject) -> Verdict:
    """The ground of all records: an expired domain loses them all."""
    name = subject.domain
    answer = ground.records(name, "NS")
    if answer.status is Lookup.NO_NAME:
        return broken(
            f"{name}: {answer.status}", "renew the registration, or correct domains[].name", lookup=answer.status
        )
    if answer.status is Lookup.EMPTY:  # a name below a zone has none of its own
        return ok(f"{name} is there")
    return unanswered(answer, name, "NS") or ok(f"{name}: {', '.join(answer.values)}")


def of_spf(found: Spf, name: str) -> Verdict:
    """The verdict on an evaluation for one of SES's own addresses."""
    evidence = {"record": found.record, "lookups": str(found.lookups)}
    match found.result:
        case Result.PASS if found.detail.startswith("+all"):
            return warning(f"{found.record} lets everybody send", "end it with -all", **evidence)
        case Result.PASS:
            return ok(found.record, **evidence)
        case Result.NONE:
            return broken(f"{name}: {found.detail}", PUBLISH, **evidence)
        case Result.PERMERROR:
            return broken(f"permerror: {found.detail}", "correct the record; receivers take it for none", **evidence)
        case Result.TEMPERROR:
            return broken(f"temperror: {found.detail}", "whoever runs that name must answer, or drop it", **evidence)
        case _:
            fix = f"add include:{SES_INCLUDE} before what ends it"
            return broken(f"{found.record} does not let SES send ({found.result})", fix, **evidence)


@check(
    "dns.dkim", "the three DKIM names point to SES's keys", Kind.DOMAIN, "dns.md#dkim",
    needs=["dns.domain", "ses.identity"],
)  # fmt: skip
def dkim(ground: Ground, subject: Subject) -> Verdict:
    """Against the tokens and the zone that SES reports, never against remembered ones."""
    identity = ground.identity(ground.domains[subject.domain])
    if identity is None or identity.dkim_origin == "EXTERNAL" or not identity.tokens:
        return skipped("the domain has no keys of SES's own (Easy DKIM)")
    if not identity.hosted_zone:
        return not_known("SES does not say where the names must point (SigningHostedZone)")
    for token in identity.tokens:
        name, wanted = f"{token}._domainkey.{subject.domain}", f"{token}.{identity.hosted_zone}".lower()
        answer = ground.records(name, "CNAME")
        if answer.absent:
            return broken(f"{name}: {answer.status}", PUBLISH, lookup=answer.status)
        if (silent := unanswered(answer, name, "CNAME")) is not None:
            return silent
        if answer.values != (wanted,):
            seen = f"{name} points to {', '.join(answer.values)}, not {wanted}"
            return broken(seen, "correct it: rotator doctor --zone-file", lookup=answer.status)
    return ok(f"{len(identity.tokens)} names point to {identity.hosted_zone}")


@check(
    "dns.mail_from", "the MAIL FROM domain's MX is SES's alone", Kind.DOMAIN, "dns.md#mail-from-mx",
    needs=["dns.domain"],
)  # fmt: skip
def mail_from(ground: Ground, subject: Subject) -> Verdict:
    """How SES gets bounces; with REJECT_MESSAGE nothing is sent without it."""
    one = ground.domains[subject.domain]
    name = ground.mail_from_of(one)
    if not name:
        return skipped("no MAIL FROM domain")
    answer = ground.records(name, "MX")
    if answer.absent:
        return broken(f"{name}: {answer.status}", PUBLISH, lookup=answer.status)
    if (silent := unanswered(answer, name, "MX")) is not None:
        return silent
    hosts, wanted = [value.partition(" ")[2] for value in answer.values], feedback_host(one.region)
    if hosts == [wanted]:
        return ok(f"{name} MX {wanted}")
    if wanted in hosts:
        others = ", ".join(host for host in hosts if host != wanted)
        return broken(f"{name} has other MX too: {others}", "leave SES's alone there: SES allows exactly one")
    return broken(f"{name} MX {', '.join(hosts)}, not {wanted}", "correct it: rotator doctor --zone-file")


@check("dns.spf", "SPF of the MAIL FROM domain lets SES send", Kind.DOMAIN, "dns.md#spf", needs=["dns.mail_from"])
def spf(ground: Ground, subject: Subject) -> Verdict:
    """The record that receivers look at for SES's mail: the MAIL FROM domain's, not the author's."""
    name = ground.mail_from_of(ground.domains[subject.domain])
    if not name:
        return skipped("no MAIL FROM domain: SES uses amazonses.com, and there is nothing to publish")
    answer = ground.records(name, "TXT")
    if answer.absent:
        return broken(f"{name}: {answer.status}", PUBLISH, lookup=answer.status)
    if (silent := unanswered(answer, name, "TXT")) is not None:
        return silent
    found = check_host(ses_address(ground), name, f"x@{name}", ground.records)
    return of_spf(found, name)


@check("dns.dmarc", "the domain's DMARC policy, and alignment", Kind.DOMAIN, "dns.md#dmarc", needs=["dns.domain"])
def dmarc(ground: Ground, subject: Subject) -> Verdict:
    """By RFC 9989: the record of the domain, or of the nearest name above it."""
    for at in rules.walk(subject.domain):
        name = f"_dmarc.{at}"
        answer = ground.records(name, "TXT")
        if (silent := unanswered(answer, name, "TXT")) is not None:
            return silent
        found = rules.records(answer.values)
        if len(found) > 1:
            return broken(f"{len(found)} DMARC records at {name}: receivers drop them all", "leave one of them")
        if found:
            return _of_dmarc(ground, ground.domains[subject.domain], found[0])
        if at == subject.domain and answer.values and not found:
            seen = f"{name}: {answer.values[0][:80]!r} is no DMARC record"
            return broken(seen, "let it begin with v=DMARC1; (in this case)")
    fix = (
        f"publish it: rotator doctor --zone-file; begin with _dmarc.{subject.domain} TXT v=DMARC1; p=none; rua=mailto:…"
    )
    return warning(
        f"_dmarc.{subject.domain}: no DMARC policy",
        fix,
        lookup=ground.records(f"_dmarc.{subject.domain}", "TXT").status,
    )


def _of_dmarc(ground: Ground, one: Domain, record: str) -> Verdict:
    told = rules.parse(record)
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
    if (unwanted := _unwanted_reports(ground, one, told)) is not None:
        return unwanted
    return ok(record, policy=told.policy)


def _alignment(ground: Ground, one: Domain, told: rules.Dmarc) -> Verdict | None:
    """SES signs with the domain itself, so DKIM is aligned in either mode; SPF by the MAIL FROM domain."""
    mail_from = ground.mail_from_of(one)
    if not mail_from or rules.aligned(mail_from, one.name, told.aspf):
        return None
    why = "aspf=s wants exactly the domain" if told.aspf == "s" else "it is another domain"
    fix = "delete aspf=s, or rely on DKIM alone" if told.aspf == "s" else f"use a MAIL FROM domain below {one.name}"
    return warning(f"the MAIL FROM domain {mail_from} is not aligned ({why}): DKIM alone carries DMARC", fix)


def _unwanted_reports(ground: Ground, one: Domain, told: rules.Dmarc) -> Verdict | None:
    """RFC 9990 section 4: a report address in another domain needs a record there."""
    for other in told.rua:
        if rules.aligned(other, one.name, "r"):
            continue
        name = f"{one.name}._report._dmarc.{other}"
        answer = ground.records(name, "TXT")
        if answer.absent or (answer.status is Lookup.FOUND and not rules.records(answer.values)):
            fix = f"let {other} publish: {name} TXT v=DMARC1;"
            return warning(f"reports to {other} are not sent: it does not agree to them", fix)
    return None


def unanswered(answer: DnsAnswer, name: str, kind: str) -> Verdict | None:
    """The verdict on a question without an answer; None if there was one, be it "no such record"."""
    if answer.status not in UNANSWERED:
        return None
    detail = f" ({answer.detail})" if answer.detail else ""
    fix = UNANSWERED[answer.status].format(name=name, kind=kind)
    return broken(f"{kind} {name}: {answer.status}{detail}", fix, lookup=answer.status)


def feedback_host(region: str) -> str:
    """Where SES wants bounces of a MAIL FROM domain to go."""
    return f"feedback-smtp.{region}.amazonses.com"


def ses_address(ground: Ground) -> str:
    """An address that SES sends from: the first of the ranges that Amazon publishes."""
    published = (address_in(text) for text in ground.records(SES_INCLUDE, "TXT").values if is_spf(text))
    return next((one for one in published if one), SES_ADDRESS)


def address_in(record: str) -> str:
    """The second address of the first range in an SPF record; empty if there is none, or one that cannot be."""
    found = IP4.search(record)
    try:
        return str(ipaddress.IPv4Address(found[1]) + 1) if found else ""
    except ValueError:  # 999.1.1.1, or the last address there is
        return ""
