"""Verdicts on records, each derived from a section of RFC 7208 (SPF) or RFC 9989 (DMARC)."""

from __future__ import annotations

import pytest

from rotator.core.looks import DnsAnswer, Lookup
from rotator.doctor import dmarc
from rotator.doctor.spf import Result, check_host

SES = "199.255.192.1"
AMAZON = ["v=spf1 ip4:199.255.192.0/22 -all"]
TEN = " ".join(f"include:i{n}.test" for n in range(10))
ZONE: dict[tuple[str, str], list[str]] = {
    ("amazonses.com", "TXT"): AMAZON,
    **{(f"i{n}.test", "TXT"): ["v=spf1 ?all"] for n in range(12)},
    ("soft.test", "TXT"): ["v=spf1 ~all"],
    ("many.test", "MX"): [f"10 h{n}.test" for n in range(11)],
}

# What the section demands, RFC 7208 section, the TXT records at the domain, the result for an address of SES.
SPF = {
    "no record that begins with the version is no SPF": ("4.5", ["spf1 include:amazonses.com"], Result.NONE),
    "the version ends at a blank: v=spf10 is something else": ("4.5", ["v=spf10 include:amazonses.com"], Result.NONE),
    "two records are a permerror": ("4.5", ["v=spf1 include:amazonses.com", "v=spf1 -all"], Result.PERMERROR),
    "an include that passes matches": ("5.2", ["v=spf1 include:amazonses.com -all"], Result.PASS),
    "an include that does not pass does not match": ("5.2", ["v=spf1 include:soft.test -all"], Result.FAIL),
    "an include of a name without a record is a permerror": ("5.2", ["v=spf1 include:no.test"], Result.PERMERROR),
    "what stands behind all is never looked at": ("5.1", ["v=spf1 -all include:amazonses.com"], Result.FAIL),
    "nothing that matches is neutral": ("4.7", ["v=spf1 ip4:192.0.2.1"], Result.NEUTRAL),
    "an unknown mechanism is a permerror wherever it stands": (
        "4.6", ["v=spf1 include:amazonses.com includ:x.test -all"], Result.PERMERROR),
    "ten terms that ask DNS are allowed": ("4.6.4", [f"v=spf1 {TEN} -all"], Result.FAIL),
    "the eleventh is a permerror": ("4.6.4", [f"v=spf1 {TEN} include:i10.test -all"], Result.PERMERROR),
    "more than two answers without records are a permerror": (
        "4.6.4", ["v=spf1 a:x.test a:y.test a:z.test include:amazonses.com -all"], Result.PERMERROR),
    "more than ten names behind one mx are a permerror": ("4.6.4", ["v=spf1 mx:many.test -all"], Result.PERMERROR),
    "redirect without a record is a permerror": ("6.1", ["v=spf1 redirect=no.test"], Result.PERMERROR),
    "redirect is not looked at beside all": ("6.1", ["v=spf1 ~all redirect=amazonses.com"], Result.SOFTFAIL),
    "redirect twice is a permerror": (
        "6", ["v=spf1 redirect=amazonses.com redirect=soft.test"], Result.PERMERROR),
}  # fmt: skip


def ask(name: str, kind: str, at: list[str]) -> DnsAnswer:
    """The zone, with `at` as the TXT records of the domain."""
    values = at if (name, kind) == ("bounce.test", "TXT") else ZONE.get((name, kind), [])
    return DnsAnswer(Lookup.FOUND, tuple(values)) if values else DnsAnswer(Lookup.NO_NAME)


@pytest.mark.parametrize(("section", "records", "result"), SPF.values(), ids=SPF.keys())
def test_spf_is_as_the_section_says(section: str, records: list[str], result: Result) -> None:
    """The result for an address of SES is the one that RFC 7208 demands."""
    found = check_host(SES, "bounce.test", "x@bounce.test", lambda name, kind: ask(name, kind, records))
    assert found.result is result, f"RFC 7208 section {section}: {found.detail}"


# RFC 9989 section, the TXT records, what receivers take (policy, subdomains, removed, invalid), None: no record.
DMARC = {
    "the version's value counts its case": ("4.8", ["v=dmarc1; p=reject"], None),
    "the version stands first": ("4.8", ["p=reject; v=DMARC1"], None),
    "several records count as none": ("4.10", ["v=DMARC1; p=reject", "v=DMARC1; p=none"], None),
    "a missing p is none": ("4.7", ["v=DMARC1; rua=mailto:a@example.com"], ("none", "none", (), ())),
    "pct is no tag any more, so reject means reject": (
        "4.7", ["v=DMARC1; p=reject; pct=0"], ("reject", "reject", ("pct",), ())),
    "rf and ri are gone too": ("4.7", ["v=DMARC1;p=none;rf=afrf;ri=3600"], ("none", "none", ("rf", "ri"), ())),
    "an unknown tag is ignored": ("4.7", ["v=DMARC1; p=quarantine; xyz=1"], ("quarantine", "quarantine", (), ())),
    "a value that is none is dropped for the default": (
        "4.8", ["v=DMARC1; p=none; sp=refuse; adkim=x"], ("none", "none", (), ("sp=refuse", "adkim=x"))),
    "subdomains follow sp, else p": ("4.7", ["v=DMARC1; p=reject; sp=none"], ("reject", "none", (), ())),
    "blanks around the signs do not matter": ("4.8", ["v = DMARC1 ; p = reject ;"], ("reject", "reject", (), ())),
    "a tag that stands there twice is told": (
        "4.8", ["v=DMARC1; p=reject; p=none"], ("reject", "reject", (), ("a second p=",))),
    "p may stand anywhere behind v": ("4.7", ["v=DMARC1; aspf=s; p=reject"], ("reject", "reject", (), ())),
}  # fmt: skip


@pytest.mark.parametrize(("section", "texts", "taken"), DMARC.values(), ids=DMARC.keys())
def test_dmarc_is_as_the_section_says(section: str, texts: list[str], taken: object) -> None:
    """What receivers take from the records is what RFC 9989 demands."""
    found = dmarc.records(tuple(texts))
    told = dmarc.parse(found[0]) if len(found) == 1 else None
    seen = None if told is None else (told.policy, told.subdomains, told.removed, told.invalid)
    assert seen == taken, f"RFC 9989 section {section}"


STEPS = {
    "up to the top label": ("a.example.com", ("a.example.com", "example.com", "com")),
    "eight labels are eight questions": (
        "a.b.c.d.e.f.example.com",
        ("a.b.c.d.e.f.example.com", "b.c.d.e.f.example.com", "c.d.e.f.example.com", "d.e.f.example.com",
         "e.f.example.com", "f.example.com", "example.com", "com")),
    "a long name is cut to the seven labels at its end": (
        "a.b.c.d.e.f.g.h.i.example.com",
        ("a.b.c.d.e.f.g.h.i.example.com", "e.f.g.h.i.example.com", "f.g.h.i.example.com", "g.h.i.example.com",
         "h.i.example.com", "i.example.com", "example.com", "com")),
}  # fmt: skip


@pytest.mark.parametrize(("domain", "names"), STEPS.values(), ids=STEPS.keys())
def test_the_tree_walk_asks_eight_names_at_the_most(domain: str, names: tuple[str, ...]) -> None:
    """RFC 9989 section 4.10: the domain, then its parents, the middle of a long one left out."""
    assert dmarc.steps(domain) == names
    asked: list[str] = []

    def nothing(name: str, kind: str) -> DnsAnswer:
        asked.append(f"{kind} {name}")
        return DnsAnswer(Lookup.NO_NAME)

    assert dmarc.walk(domain, nothing).organization == domain
    assert asked == [f"TXT _dmarc.{name}" for name in names]


P, N, Y = "v=DMARC1; p=reject", "v=DMARC1; p=reject; psd=n", "v=DMARC1; p=reject; psd=y"
LONG = "a.b.c.d.e.f.g.h.example.com"
# RFC 9989 section, domain, name -> record, the organizational domain, the name whose policy holds ("": none).
WALKS = {
    "nobody publishes: the domain is its own": ("4.10.2", "a.example.com", {}, "a.example.com", ""),
    "the highest name with a record": (
        "4.10.2", "a.b.example.com", {"b.example.com": P, "example.com": P}, "example.com", "example.com"),
    "its own record holds, whoever stands above": (
        "4.10.1", "a.example.com", {"a.example.com": P, "example.com": P}, "example.com", "a.example.com"),
    "a record in between holds for nobody below it": (
        "4.10.1", "a.b.example.com", {"b.example.com": P, "com": P}, "com", "com"),
    "psd=n ends the walk where it stands": (
        "4.10.2", "a.b.example.com", {"b.example.com": N, "example.com": P}, "b.example.com", "b.example.com"),
    "psd=n at the domain itself": ("4.10.2", "b.example.com", {"b.example.com": N, "example.com": P},
                                   "b.example.com", "b.example.com"),
    "one label below psd=y, with a record": (
        "4.10.2", "a.example.bank", {"example.bank": P, "bank": Y}, "example.bank", "example.bank"),
    "one label below psd=y, without": ("4.10.1", "a.example.bank", {"bank": Y}, "example.bank", "bank"),
    "a suffix of two labels": (
        "4.10.2", "a.example.gov.test", {"gov.test": Y, "test": P}, "example.gov.test", "gov.test"),
    "psd=y at the domain itself does not look below it": ("4.10.2", "bank", {"bank": Y}, "bank", "bank"),
    "psd=u says nothing": ("4.7", "a.example.com", {"example.com": f"{P}; psd=u"}, "example.com", "example.com"),
    "several records are none": ("4.10", "a.example.com", {"a.example.com": f"{P}|{P}; t=y", "example.com": P},
                                 "example.com", "example.com"),
    "a long name: what is left out is not seen": (
        "4.10", LONG, {"b.c.d.e.f.g.h.example.com": P, "example.com": P}, "example.com", "example.com"),
    "a long name: one label below psd=y may be one that was not asked": (
        "4.10.2", LONG, {"d.e.f.g.h.example.com": Y}, "c.d.e.f.g.h.example.com", "d.e.f.g.h.example.com"),
}  # fmt: skip


@pytest.mark.parametrize(("section", "domain", "zone", "organization", "policy"), WALKS.values(), ids=WALKS.keys())
def test_the_organization_is_found_by_walking_up(
    section: str, domain: str, zone: dict[str, str], organization: str, policy: str
) -> None:
    """Who belongs together, and whose policy holds, is what the records on the way say; no list of suffixes."""
    walk = dmarc.walk(domain, published(zone))
    seen = (walk.organization, walk.policy.at if walk.policy else "")
    assert seen == (organization, policy), f"RFC 9989 section {section}"


def published(zone: dict[str, str]) -> dmarc.Ask:
    """A resolver of DMARC records; `|` stands between several of one name."""

    def ask(name: str, kind: str) -> DnsAnswer:
        text = zone.get(name.removeprefix("_dmarc."))
        return DnsAnswer(Lookup.FOUND, tuple(text.split("|"))) if text else DnsAnswer(Lookup.NO_NAME)

    return ask


def test_a_question_without_an_answer_ends_the_walk() -> None:
    """What stands above is not known then, and the walk says which name it was."""
    silent = DnsAnswer(Lookup.SERVFAIL)
    zone = published({"a.example.com": P, "com": P})
    walk = dmarc.walk("a.example.com", lambda name, kind: silent if name == "_dmarc.example.com" else zone(name, kind))
    assert ([one.at for one in walk.found], walk.silent) == (["a.example.com"], ("_dmarc.example.com", silent))


REPORTS = {
    "one address": ("mailto:a@example.com", ("example.com",), ()),
    "two, and an old size": ("mailto:a@example.com!10m,mailto:b@other.test", ("example.com", "other.test"), ()),
    "no mail address": ("https://example.com", (), ("rua=https://example.com",)),
}


@pytest.mark.parametrize(("rua", "domains", "invalid"), REPORTS.values(), ids=REPORTS.keys())
def test_report_addresses_are_read(rua: str, domains: tuple[str, ...], invalid: tuple[str, ...]) -> None:
    """RFC 9989 section 4.7: mailto is what reporters must support, the size suffix is ignored."""
    told = dmarc.parse(f"v=DMARC1; p=none; rua={rua}")
    assert (told.rua, told.invalid) == (domains, invalid)
