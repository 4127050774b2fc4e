"""DMARC records by RFC 9989, which replaced RFC 7489: what receivers read, and what they only seem to say.

No list of public suffixes any more: the organizational domain is found by walking up the names (4.10).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rotator.core.looks import DnsAnswer, Lookup

Ask = Callable[[str, str], DnsAnswer]
KEPT_LABELS = 7  # 4.10, step 4: the walk of a long name goes on with this many, so that eight questions are enough
POLICIES = frozenset({"none", "quarantine", "reject"})
REMOVED = ("pct", "rf", "ri")  # of RFC 7489: unknown tags now, and ignored (4.7)
# Tag -> values it may have (4.7); rua and ruf are lists of URIs and looked at apart.
VALUES: dict[str, frozenset[str]] = {
    "p": POLICIES, "sp": POLICIES, "np": POLICIES, "adkim": frozenset("rs"), "aspf": frozenset("rs"),
    "psd": frozenset("yn") | {"u"}, "t": frozenset("yn"),
}  # fmt: skip
VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")  # 4.8: the value's case counts, the tag's does not
TAG = re.compile(r"([A-Za-z]+)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e](?:[\x20-\x3a\x3c-\x7e]*[\x21-\x3a\x3c-\x7e])?)?")
MAILTO = re.compile(r"mailto:[^@\s!]+@(?P<domain>[A-Za-z0-9.-]+)(?P<size>![0-9]+[kmgtKMGT]?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dmarc:
    """One record as receivers take it; defaults are filled in.  `invalid`: values they drop; `removed`: old tags."""

    policy: str  # none, quarantine, reject
    subdomains: str
    absent_subdomains: str
    adkim: str
    aspf: str
    testing: bool
    psd: str
    rua: tuple[str, ...]  # domains that get reports
    removed: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    no_policy: bool = False  # p is missing or no policy: taken for none (4.7, 4.8)


def is_dmarc(text: str) -> bool:
    """Whether a TXT record is a DMARC record at all: v=DMARC1 stands first (4.8)."""
    return VERSION.match(text) is not None


def records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The DMARC records among the TXT records of a name; several count as none (4.10, step 2)."""
    return tuple(text for text in texts if is_dmarc(text))


def parse(text: str) -> Dmarc:
    """What a record says; nothing in it makes it unreadable once it is a DMARC record (4.8)."""
    tags: dict[str, str] = {}
    invalid: list[str] = []
    for part in text.split(";")[1:]:
        if not part.strip():
            continue
        found = TAG.fullmatch(part.strip(" \t"))
        if found is None:
            invalid.append(part.strip()[:60])
        elif found[1].lower() in tags:
            invalid.append(f"a second {found[1].lower()}=")
        else:
            tags[found[1].lower()] = found[2] or ""
    valid = {name: tags[name].lower() for name, allowed in VALUES.items() if tags.get(name, "").lower() in allowed}
    invalid += [f"{name}={tags[name][:60]}" for name in VALUES if name in tags and name not in valid]
    policy = valid.get("p", "none")
    rua, bad = _reports(tags.get("rua", ""))
    return Dmarc(
        policy=policy,
        subdomains=valid.get("sp", policy),
        absent_subdomains=valid.get("np", valid.get("sp", policy)),
        adkim=valid.get("adkim", "r"),
        aspf=valid.get("aspf", "r"),
        testing=valid.get("t") == "y",
        psd=valid.get("psd", "u"),
        rua=rua,
        removed=tuple(name for name in REMOVED if name in tags),
        invalid=(*invalid, *bad),
        no_policy="p" not in valid,
    )


@dataclass(frozen=True, slots=True)
class Published:
    """The one DMARC record of a name."""

    at: str
    text: str
    told: Dmarc


@dataclass(frozen=True, slots=True)
class Walk:
    """One tree walk (4.10): the records met between `domain` and the top, and the answer that cut it short, if any."""

    domain: str
    found: tuple[Published, ...] = ()
    silent: tuple[str, DnsAnswer] | None = None  # the name that was asked for, and how the question ended

    @property
    def organization(self) -> str:
        """4.10.2: the name with psd=n, else one label below psd=y, else the highest with a record, else itself."""
        if not self.found:
            return self.domain
        top = self.found[-1]  # only the last can have a psd of y or n: the walk ends there
        if top.told.psd == "y":  # at the domain itself there is nothing below: it is its own
            return ".".join(self.domain.split(".")[-top.at.count(".") - 2 :])
        return top.at

    @property
    def policy(self) -> Published | None:
        """4.10.1: the domain's own record, else its organization's, else the public suffix's."""
        by_name = {one.at: one for one in self.found}
        above = self.found[-1] if self.found else None
        return by_name.get(self.domain) or by_name.get(self.organization) or above


def walk(domain: str, ask: Ask) -> Walk:
    """Ask for the records from the domain upwards: at most eight questions, fewer where psd= ends the walk."""
    names = steps(domain)
    found: list[Published] = []
    for at in names:
        name = f"_dmarc.{at}"
        answer = ask(name, "TXT")
        if not answer.absent and answer.status is not Lookup.FOUND:
            return Walk(names[0], tuple(found), (name, answer))
        texts = records(answer.values)
        if len(texts) == 1:
            found.append(Published(at, texts[0], parse(texts[0])))
            if found[-1].told.psd != "u":
                break
    return Walk(names[0], tuple(found))


def steps(domain: str) -> tuple[str, ...]:
    """The names that are asked about, in order (4.10, steps 3 and 4): a long one is cut short after the first."""
    labels = domain.lower().rstrip(".").split(".")
    start = max(1, len(labels) - KEPT_LABELS)
    return (".".join(labels), *(".".join(labels[at:]) for at in range(start, len(labels))))


def _reports(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(domains of mailto addresses, what is no address) of a `rua`; `!10m` is obsolete and ignored (4.7)."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = [MAILTO.fullmatch(part) for part in parts]
    good = tuple(dict.fromkeys(one["domain"].lower() for one in found if one is not None))
    return good, tuple(f"rua={part[:60]}" for part, one in zip(parts, found, strict=True) if one is None)
