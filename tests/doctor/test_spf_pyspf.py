"""SPF results beside pyspf, which was written by others: generated records, the same zone for both."""

from __future__ import annotations

import ipaddress
import random
from typing import Any

import pytest
import spf as pyspf

from rotator.core.looks import DnsAnswer, Lookup
from rotator.doctor.spf import check_host

DOMAIN, SENDER, ADDRESS = "bounce.example.com", "x@bounce.example.com", "199.255.192.1"
RECORDS = 2000
Zone = dict[tuple[str, str], list[str]]
Pieces = tuple[str, ...]
NETWORKS: Pieces = ("199.255.192.0/22", "199.255.192.1", "192.0.2.0/24", "10.0.0.0/8", "0.0.0.0/0", "198.51.100.7/32")
NAMES: Pieces = ("a.test", "b.test", "c.test", "amazonses.com", "ours.test", "gone.test", "empty.test", "loop.test")
WRONG: Pieces = (
    "ip4:300.1.1.1", "ip4:1.2.3.4/33", "a/99", "includ:x.test", "include:", "foo", "redirect=", "all:x.test", "ip6:zz",
    "exists", "mx/", "-", "a:b", "redirect=a.test redirect=b.test", "include:%{x}.test",
)  # fmt: skip


def zone_of(chance: random.Random) -> Zone:
    """A small world: a record at the domain, others that it may include, hosts that may be ours."""
    zone: Zone = {
        ("amazonses.com", "TXT"): ["v=spf1 ip4:199.255.192.0/22 -all"],
        ("ours.test", "A"): [ADDRESS],
        ("ours.test", "TXT"): ["v=spf1 a -all"],
        ("ours.test", "MX"): ["10 ours.test"],
        ("empty.test", "TXT"): ["hello"],
        ("loop.test", "TXT"): ["v=spf1 include:round.test -all"],
        ("round.test", "TXT"): ["v=spf1 include:loop.test -all"],
        ("a.test", "A"): ["192.0.2.1"],
        ("a.test", "MX"): ["10 b.test", "20 ours.test"],
        ("b.test", "A"): ["192.0.2.2", ADDRESS] if chance.random() < 0.3 else ["192.0.2.2"],
    }
    for name in ("a.test", "b.test", "c.test"):
        zone[name, "TXT"] = [record_of(chance, 3, name)]
    zone[DOMAIN, "TXT"] = [record_of(chance, 6, DOMAIN)] * (2 if chance.random() < 0.03 else 1)
    return zone


def record_of(chance: random.Random, terms: int, name: str) -> str:
    """A record of mostly sound terms.  None includes itself: pyspf sees that even where it is never reached."""
    others = tuple(one for one in NAMES if one != name)
    parts = [_term(chance, others) for _ in range(chance.randint(0, terms))]
    if chance.random() < 0.05:
        parts.insert(chance.randint(0, len(parts)), chance.choice(WRONG))
    if chance.random() < 0.15:
        parts.append(f"redirect={chance.choice(others)}")
    elif chance.random() < 0.8:
        parts.append(f"{chance.choice('+-~?')}all")
    return " ".join(["v=spf1", *parts])


def _term(chance: random.Random, names: Pieces) -> str:
    kinds = ("ip4", "ip4", "include", "include", "include", "a", "mx", "exists", "ip6", "other")
    name, qualifier = chance.choice(names), chance.choice(("", "", "", "-", "~", "?"))
    size = chance.choice(("", "", "/24", "/22", "/0"))
    match chance.choice(kinds):
        case "ip4":
            return f"{qualifier}ip4:{chance.choice(NETWORKS)}"
        case "include":
            return f"{qualifier}include:{name}"
        case "a":
            return f"{qualifier}a:{name}{size}"
        case "mx":
            return f"{qualifier}mx:{name}{size}"
        case "exists":
            return f"{qualifier}exists:{chance.choice(('%{i}.', '%{ir}.', ''))}{name}"
        case "ip6":
            return f"{qualifier}ip6:2001:db8::/32"
        case _:
            # Once each: pyspf refuses repeated unknown modifiers, which RFC 7208 section 6 says to ignore.
            return f"u{chance.randrange(10**9)}={name}"


def ask_of(zone: Zone) -> Any:
    """The zone as our resolver answers."""

    def ask(name: str, kind: str) -> DnsAnswer:
        values = zone.get((name.lower(), kind))
        if values:
            return DnsAnswer(Lookup.FOUND, tuple(values))
        known = any(one == name.lower() for one, _ in zone)
        return DnsAnswer(Lookup.EMPTY if known else Lookup.NO_NAME)

    return ask


def lookup_of(zone: Zone) -> Any:
    """The same as pyspf asks for it."""

    def lookup(name: str, kind: str, *_: Any) -> list[Any]:
        name = str(name).lower().rstrip(".")
        values = zone.get((name, kind), [])
        return [((name, kind), _foreign(kind, value)) for value in values]

    return lookup


def _foreign(kind: str, value: str) -> Any:
    if kind == "TXT":
        return (value.encode(),)
    if kind == "MX":
        preference, _, host = value.partition(" ")
        return int(preference), host
    return ipaddress.ip_address(value).packed if kind == "AAAA" else value


def test_generated_records_get_pyspfs_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """For hundreds of generated zones both say the same of the same address, permerrors included."""
    seen: dict[str, int] = {}
    for seed in range(RECORDS):
        zone = zone_of(random.Random(seed))
        ours = check_host(ADDRESS, DOMAIN, SENDER, ask_of(zone))
        monkeypatch.setattr(pyspf, "DNSLookup", lookup_of(zone))
        theirs, _, why = pyspf.query(i=ADDRESS, s=SENDER, h="client.test", receiver="r.test").check()
        assert str(ours.result) == theirs, f"seed {seed}: {zone[DOMAIN, 'TXT']}: {ours.detail}; pyspf: {why}\n{zone}"
        seen[theirs] = seen.get(theirs, 0) + 1
    assert seen.keys() >= {"pass", "fail", "softfail", "neutral", "permerror"}, seen
