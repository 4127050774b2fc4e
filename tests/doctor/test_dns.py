"""What the doctor makes of what Amazon publishes, and of a DKIM key that is not Amazon's."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.core.findings import CheckStatus
from rotator.core.looks import DnsAnswer, Lookup, SesIdentity
from rotator.doctor.checks import Subject
from rotator.doctor.dns import address_in, dkim
from rotator.doctor.ground import Domain, Ground

RECORDS = {
    "the second address of the first range": ("v=spf1 ip4:199.255.192.0/22 ip4:54.240.0.0/18 -all", "199.255.192.1"),
    "no range": ("v=spf1 -all", ""),
    "an address that cannot be": ("v=spf1 ip4:999.1.1.1 -all", ""),
    "the last address there is": ("v=spf1 ip4:255.255.255.255 -all", ""),
}


@pytest.mark.parametrize(("record", "address"), RECORDS.values(), ids=RECORDS.keys())
def test_a_senders_address_from_an_spf_record(record: str, address: str) -> None:
    """A record that somebody mangled, or forged, does not end the doctor."""
    assert address_in(record) == address


FAILED, OK = CheckStatus.FAILED, CheckStatus.OK
OWN_KEYS = {
    "it is there": (DnsAnswer(Lookup.FOUND, ("v=DKIM1; k=rsa; p=MIGfMA0G",)), OK, "holds a key"),
    "it stands alone": (DnsAnswer(Lookup.FOUND, ("p=MIGfMA0G",)), OK, "holds a key"),
    "it is revoked": (DnsAnswer(Lookup.FOUND, ("v=DKIM1; p=",)), FAILED, "holds no key"),
    "something else is there": (DnsAnswer(Lookup.FOUND, ("v=spf1 -all",)), FAILED, "holds no key"),
    "it is missing": (DnsAnswer(Lookup.NO_NAME), FAILED, "no such name"),
    "the name has another type": (DnsAnswer(Lookup.EMPTY), FAILED, "no such record"),
    "nobody answers": (DnsAnswer(Lookup.TIMEOUT), FAILED, "no answer in time"),
}


class Edge:
    """DNS that has one answer, and SES's API with a domain that signs with a key of its owner."""

    def __init__(self, answer: DnsAnswer) -> None:
        self.answer, self.asked = answer, ""

    def ask(self, name: str, kind: str) -> DnsAnswer:
        self.asked = f"{kind} {name}"
        return self.answer

    def identity(self, region: str, name: str) -> SesIdentity:
        return SesIdentity(
            name=name, verified=True, status="SUCCESS", error="", signing=True, dkim_status="SUCCESS",
            tokens=("selector1",), hosted_zone="", dkim_origin="EXTERNAL", mail_from="", mail_from_status="",
            on_mx_failure="", configuration_set="",
        )  # fmt: skip


@pytest.mark.parametrize(("answer", "status", "words"), OWN_KEYS.values(), ids=OWN_KEYS.keys())
def test_a_dkim_key_of_the_domains_owner(answer: DnsAnswer, status: CheckStatus, words: str) -> None:
    """SES names the selector; the key must stand there, and not be revoked."""
    edge: Any = Edge(answer)
    ground = Ground(dns=edge, ses=edge, users={}, domains={"example.com": Domain("example.com", "here")})
    verdict = dkim(ground, Subject(domain="example.com"))
    assert (edge.asked, verdict.status) == ("TXT selector1._domainkey.example.com", status)
    assert words in verdict.summary
