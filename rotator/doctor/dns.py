"""Layer 1: what the domain publishes; a missing name, an empty answer, SERVFAIL and a time-out are told apart.

DMARC is looked at in `dns_dmarc`.
"""

from __future__ import annotations

import ipaddress
import re

from rotator.core.looks import DnsAnswer, Lookup
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, not_known, ok, skipped, warning
from rotator.doctor.ground import Ground
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
NOBODY = "203.0.113.1"  # no sender has it (RFC 5737): every term is looked at, which 4.6.4's limits must allow
KEY = re.compile(r"(?:^|;)\s*p\s*=\s*[A-Za-z0-9+/]")  # RFC 6376 3.6.1
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


def of_spf(found: Spf, for_others: Spf, name: str) -> Verdict:
    """The verdict on an evaluation for one of SES's own addresses, and on one that reaches the record's end.

    Evidence: terms that ask DNS and answers without records, to SES's address and to the end.
    """
    evidence = {
        "record": found.record, "lookups": str(found.lookups), "void": str(found.void),
        "lookups_to_the_end": str(for_others.lookups), "void_to_the_end": str(for_others.void),
    }  # fmt: skip
    match found.result:
        case Result.PASS if found.detail.startswith("+all"):
            return warning(f"{found.record} lets everybody send", "end it with -all", **evidence)
        case Result.PASS if for_others.result in (Result.PERMERROR, Result.TEMPERROR):
            seen = f"SES may send, but whoever stands behind it in the record meets a {for_others.result}"
            return warning(f"{seen}: {for_others.detail}", "correct the rest of the record, or drop it", **evidence)
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
    if identity is None or not identity.tokens:
        return skipped("SES has no DKIM keys for the domain")
    if identity.dkim_origin == "EXTERNAL":
        return _own_key(ground, f"{identity.tokens[0]}._domainkey.{subject.domain}")
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


def _own_key(ground: Ground, name: str) -> Verdict:
    """Bring your own DKIM: the token is the selector, and the public key is the domain owner's to publish.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DkimAttributes.html; an empty p= says that the key is
    revoked (RFC 6376 3.6.1).
    """
    answer = ground.records(name, "TXT")
    fix = "publish the public key of the pair that SES signs with"
    if answer.absent:
        return broken(f"{name}: {answer.status}", fix, lookup=answer.status)
    if (silent := unanswered(answer, name, "TXT")) is not None:
        return silent
    if any(KEY.search(text) for text in answer.values):
        return ok(f"{name} holds a key; whether it is the one that SES signs with, only a mail shows")
    return broken(f"{name} holds no key: {answer.values[0][:80]!r}", fix, lookup=answer.status)


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
    found = _check(ground, name, ses_address(ground))
    for_others = _check(ground, name, NOBODY) if found.result is Result.PASS else found
    return of_spf(found, for_others, name)


def _check(ground: Ground, name: str, address: str) -> Spf:
    return check_host(address, name, f"x@{name}", ground.records)


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
