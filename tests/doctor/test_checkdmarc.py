"""Beside checkdmarc, which was written by others: what it reads in records and in the names above, we read too.

It judges a record as a whole and not for one address (why it is no part of the program: docs/decisions/0012), so SPF is
compared for an address that nothing matches: both then look at every term, and must count the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import checkdmarc.dmarc
import checkdmarc.spf
import checkdmarc.utils
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from rotator.core.looks import Lookup
from rotator.doctor import dmarc
from rotator.doctor.spf import Result, check_host
from tests.doctor.test_spf_pyspf import DOMAIN, SENDER, Zone, ask_of, zone_of

NOBODY = "203.0.113.1"
ZONES, RECORDS, TREES = 600, 1000, 400


class Resolver(dns.resolver.Resolver):
    """Answers from a zone, as dnspython would; asks nobody."""

    def __init__(self, zone: Zone) -> None:
        super().__init__(configure=False)
        self._ask = ask_of(zone)

    def resolve(self, qname: Any, rdtype: Any = "A", *_: Any, **__: Any) -> dns.resolver.Answer:
        """One question."""
        query = dns.message.make_query(str(qname), rdtype)
        (question,) = query.question
        name, found = question.name, self._ask(str(qname).rstrip("."), str(rdtype))
        reply: Any = dns.message.make_response(query)
        if found.status is Lookup.NO_NAME:
            raise dns.resolver.NXDOMAIN(qnames=[name], responses={name: reply})
        values = [{"TXT": f'"{one}"', "MX": f"{one}."}.get(rdtype, one) for one in found.values]
        reply.answer += [dns.rrset.from_text_list(name, 60, "IN", str(rdtype), values)] if values else []
        reply = dns.message.from_wire(reply.to_wire())
        return dns.resolver.Answer(name, question.rdtype, question.rdclass, reply)


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """It keeps answers for the whole process, whoever gave them."""
    checkdmarc.utils.DNS_CACHE.clear()
    yield
    checkdmarc.utils.DNS_CACHE.clear()


def comparable(zone: Zone) -> Zone:
    """The zone with nothing in it that ends the evaluation early or that checkdmarc 6.0.4 does not look at.

    Not looked at: whether `exists` finds something, and that a top label alone is no domain (7.1).
    """
    return {
        (name, kind): list(dict.fromkeys(" ".join(_terms(one)) for one in values)) if kind == "TXT" else values
        for (name, kind), values in zone.items()
    }


def _terms(record: str) -> Iterator[str]:
    for term in record.split(" "):
        if "exists:" in term or term.endswith("a:b"):
            continue
        narrow = "192.0.2.0/25".join(term.split("0.0.0.0/0"))
        sized = f"{narrow.removesuffix('/0')}/24" if narrow.endswith("/0") else narrow
        yield "-all" if sized in ("all", "+all") else sized


def as_checkdmarc_counts(zone: Zone) -> tuple[int, int] | None:
    """(terms that ask DNS, answers without records) of the domain's record; None: a permerror."""
    checkdmarc.utils.DNS_CACHE.clear()
    resolver = Resolver(zone)
    try:
        record = checkdmarc.spf.query_spf_record(DOMAIN, resolver=resolver)["record"]
        told = checkdmarc.spf.parse_spf_record(record, DOMAIN, resolver=resolver)
    except checkdmarc.spf.SPFError:
        return None
    return told["dns_lookups"], told["void_dns_lookups"]


def test_spf_records_are_as_sound_and_cost_as_much() -> None:
    """For generated zones both find the same records broken, and count the same look-ups and void answers."""
    broken = 0
    for seed in range(ZONES):
        zone = comparable(zone_of(random.Random(seed)))
        ours = check_host(NOBODY, DOMAIN, SENDER, ask_of(zone))
        counted = None if ours.result is Result.PERMERROR else (ours.lookups, ours.void)
        assert counted == as_checkdmarc_counts(zone), f"seed {seed}: {ours.detail}\n{zone}"
        broken += counted is None
    assert ZONES / 4 < broken < ZONES * 3 / 4


TAGS = {
    "p": ("none", "quarantine", "REJECT", "refuse"), "sp": ("none", "reject", "no"), "np": ("reject", "x"),
    "adkim": ("r", "s", "x"), "aspf": ("R", "s", "x"), "psd": ("y", "n", "u", "x"), "t": ("y", "n", "x"),
    "pct": ("10", "x"), "ri": ("3600",), "rf": ("afrf",), "unknown": ("1",),
}  # fmt: skip


def record_of(chance: random.Random) -> str:
    """A DMARC record, mostly sound, its tags in any order."""
    names = chance.sample(sorted(TAGS), chance.randint(0, 6))
    values = [chance.choice(TAGS[name] if chance.random() < 0.3 else TAGS[name][:1]) for name in names]
    separator, equals = chance.choice((";", "; ", " ; ")), chance.choice(("=", " = "))
    return separator.join(["v=DMARC1", *(f"{name}{equals}{value}" for name, value in zip(names, values, strict=True))])


def test_dmarc_records_say_the_same() -> None:
    """What it takes from a record we take; where it gives up at a value (4.8: the value is dropped), we say which."""
    given_up = 0
    for seed in range(RECORDS):
        record = record_of(random.Random(seed))
        ours = dmarc.parse(record)
        try:
            tags = checkdmarc.dmarc.parse_dmarc_record(record, "example.com", resolver=Resolver({}))["tags"]
        except checkdmarc.dmarc.InvalidDMARCTagValue:
            assert ours.invalid, record
            given_up += 1
            continue
        theirs = tuple(tags[name]["value"] for name in ("p", "sp", "np", "adkim", "aspf", "psd", "t"))
        seen = (ours.policy, ours.subdomains, ours.absent_subdomains, ours.adkim, ours.aspf, ours.psd)
        assert (*seen, "y" if ours.testing else "n") == theirs, record
        assert [one for one in ours.invalid if one.partition("=")[0] not in ("adkim", "aspf")] == [], record
    assert RECORDS / 20 < given_up < RECORDS / 2


def tree_of(chance: random.Random) -> tuple[str, Zone]:
    """A name of two to eleven labels, and records at some of the names from it upwards; every name is there."""
    labels = [chance.choice("abc") for _ in range(chance.randint(1, 10))] + ["test"]
    zone: Zone = {(".".join(labels), "TXT"): ["hello"]}
    for at in range(len(labels)):
        name = f"_dmarc.{'.'.join(labels[at:])}"
        zone[name, "A"] = ["192.0.2.1"]
        if chance.random() < 0.3:
            zone[name, "TXT"] = [f"v=DMARC1; p=reject{chance.choice(('', '', '; psd=u', '; psd=n', '; psd=y'))}"]
    return ".".join(labels), zone


def test_the_policy_is_found_at_the_same_name() -> None:
    """Both walk up alike: the same names are asked, and psd= ends the walk for both (4.10, 4.10.1)."""
    none = 0
    for seed in range(TREES):
        checkdmarc.utils.DNS_CACHE.clear()
        domain, zone = tree_of(random.Random(seed))
        policy = dmarc.walk(domain, ask_of(zone)).policy
        try:
            at = checkdmarc.dmarc.query_dmarc_record(domain, resolver=Resolver(zone))["location"]
        except checkdmarc.dmarc.DMARCRecordNotFound:
            at = ""
        assert (policy.at if policy else "") == at, f"seed {seed}: {domain} {zone}"
        none += not at
    assert TREES / 20 < none < TREES / 2
