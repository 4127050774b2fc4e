"""Alignment with the author's domain, and whether reports arrive: verdicts over a zone in a dict."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.core.errors import AccessError, RotatorError
from rotator.core.findings import CheckStatus
from rotator.core.looks import DnsAnswer, Lookup
from rotator.doctor.checks import Subject
from rotator.doctor.dns_dmarc import dmarc
from rotator.doctor.ground import Domain, Ground
from rotator.doctor.registry import CHECKS
from rotator.doctor.runner import examine

AUTHOR = "news.example.com"
Zone = dict[tuple[str, str], str | Lookup]
OK, WARNING, FAILED, NOT_KNOWN = CheckStatus.OK, CheckStatus.WARNING, CheckStatus.FAILED, CheckStatus.NOT_KNOWN
P, PARENT = "v=DMARC1; p=reject", ("_dmarc.example.com", "TXT")
OWN, MX, REPORT = (f"_dmarc.{AUTHOR}", "TXT"), ("reports.test", "MX"), f"{AUTHOR}._report._dmarc.reports.test"
TO_THEM = "v=DMARC1; p=reject; rua=mailto:x@reports.test"
TO_A_SIBLING, SIBLING_MX = "v=DMARC1; p=reject; rua=mailto:x@a.example.com", ("a.example.com", "MX")
CONSENT = f"{AUTHOR}._report._dmarc.a.example.com"

# MAIL FROM domain, zone, status, words of the summary or of the evidence
CASES: dict[str, tuple[str, Zone, CheckStatus, str]] = {
    "below the author's domain": (f"bounce.{AUTHOR}", {OWN: P}, OK, P),
    "the author's domain itself, strictly": (AUTHOR, {OWN: f"{P}; aspf=s"}, OK, P),
    "below it, strictly": (f"bounce.{AUTHOR}", {OWN: f"{P}; aspf=s"}, WARNING, "aspf=s"),
    "strict DKIM asks nothing of SPF": (f"bounce.{AUTHOR}", {OWN: f"{P}; adkim=s"}, OK, P),
    "a sibling below one organization": ("bounce.example.com", {OWN: P, PARENT: P}, OK, P),
    "a sibling, strictly": ("bounce.example.com", {OWN: f"{P}; aspf=s", PARENT: P}, WARNING, "aspf=s"),
    "a sibling without an organization above both": (
        "bounce.example.com", {OWN: P}, WARNING, "its organization is bounce"),
    "the parent, which says that it is the organization": ("example.com", {OWN: P, PARENT: f"{P}; psd=n"}, OK, P),
    "the author's domain says that it is one of its own": (
        "example.com", {OWN: f"{P}; psd=n", PARENT: P}, WARNING, "not news.example.com"),
    "two registrations below a public suffix": (
        "example.org.test", {OWN: P, ("_dmarc.org.test", "TXT"): f"{P}; psd=y"}, WARNING, "not aligned"),
    "what joins them does not answer": ("bounce.example.com", {OWN: P, PARENT: Lookup.TIMEOUT}, NOT_KNOWN, "alignment"),
    "a policy from the parent is the one for subdomains": (
        f"bounce.{AUTHOR}", {PARENT: "v=DMARC1; p=none; sp=quarantine"}, OK, "policy=quarantine"),
    "a registry's policy is not ours": (
        f"bounce.{AUTHOR}", {("_dmarc.com", "TXT"): f"{P}; psd=y"}, WARNING, "registry com"),
    "the parent does not answer, and there is none of our own": (
        f"bounce.{AUTHOR}", {PARENT: Lookup.SERVFAIL}, NOT_KNOWN, "server failure"),
    "our own name does not answer": (f"bounce.{AUTHOR}", {OWN: Lookup.SERVFAIL}, FAILED, "server failure"),
    "reports to another organization that agrees": (
        "", {OWN: TO_THEM, (REPORT, "TXT"): "v=DMARC1", MX: "10 mx.reports.test"}, OK, "reports.test"),
    "that does not agree": ("", {OWN: TO_THEM, MX: "10 mx.reports.test"}, WARNING, "does not agree"),
    "that does not answer": ("", {OWN: TO_THEM, (REPORT, "TXT"): Lookup.TIMEOUT}, NOT_KNOWN, "takes reports"),
    "that takes no mail": ("", {OWN: TO_THEM, (REPORT, "TXT"): "v=DMARC1"}, WARNING, "takes no mail"),
    "that says so itself": ("", {OWN: TO_THEM, (REPORT, "TXT"): "v=DMARC1", MX: "0 "}, WARNING, "takes no mail"),
    "that has an address instead of MX": (
        "", {OWN: TO_THEM, (REPORT, "TXT"): "v=DMARC1", ("reports.test", "A"): "192.0.2.1"}, OK, "reports.test"),
    "reports within one organization need no consent": (
        "", {OWN: f"{P}; rua=mailto:x@example.com", PARENT: P, ("example.com", "MX"): "10 mx"}, OK, "example.com"),
    "what would join them does not answer": (
        "", {OWN: TO_A_SIBLING, PARENT: Lookup.TIMEOUT, SIBLING_MX: "10 mx"}, NOT_KNOWN, "whether a.example.com takes"),
    "it does not, but there is consent": (
        "", {OWN: TO_A_SIBLING, PARENT: Lookup.TIMEOUT, SIBLING_MX: "10 mx", (CONSENT, "TXT"): "v=DMARC1"}, OK,
        "a.example.com"),
    "a policy of the domain's own is the one for itself": ("", {OWN: "v=DMARC1; p=none; sp=reject"}, OK, "policy=none"),
    "nobody is asked for reports": ("", {OWN: P}, OK, "none asked for"),
    "a test": ("", {OWN: f"{P}; t=y"}, OK, "one level less"),
}  # fmt: skip


class Resolver:
    """Answers from a dict; a status in the place of a record is a question without an answer."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def ask(self, name: str, kind: str) -> DnsAnswer:
        found = self.zone.get((name, kind), Lookup.NO_NAME)
        return DnsAnswer(found) if isinstance(found, Lookup) else DnsAnswer(Lookup.FOUND, (found,))


@pytest.mark.parametrize(("mail_from", "zone", "status", "words"), CASES.values(), ids=CASES.keys())
def test_alignment_and_reports(mail_from: str, zone: Zone, status: CheckStatus, words: str) -> None:
    """RFC 9989 sections 4.4 and 4.10, RFC 9990 section 4: each verdict from the records alone."""
    domains = {AUTHOR: Domain(AUTHOR, "here", mail_from)}
    ground = Ground(dns=Resolver(zone), ses=Silent(), users={}, domains=domains)
    verdict = dmarc(ground, Subject(domain=AUTHOR))
    told = " ".join([verdict.summary, *(f"{name}={value}" for name, value in verdict.evidence)])
    assert (verdict.status, words in told) == (status, True), told


def test_what_ses_does_not_tell_is_not_known() -> None:
    """Without a MAIL FROM domain in the file and without an answer of SES nothing is called missing."""
    refused = AccessError("GetEmailIdentity: AccessDenied", fix="allow ses:GetEmailIdentity")
    ground = Ground(dns=Resolver({OWN: P}), ses=Silent(refused), users={}, domains={AUTHOR: Domain(AUTHOR, "here")})
    table = [CHECKS[one] for one in ("dns.mail_from", "dns.spf", "dns.dmarc")]
    findings = list(examine(ground, table))
    assert [(one.id, one.status, one.fix) for one in findings] == [
        (one.id, NOT_KNOWN, "allow ses:GetEmailIdentity") for one in table
    ]


class Silent:
    """SES's API without the domain, or without an answer."""

    def __init__(self, error: RotatorError | None = None) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def answer(*_: Any) -> None:
            if self.error is not None:
                raise self.error

        return answer
