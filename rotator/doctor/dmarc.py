"""DMARC records by RFC 9989, which replaced RFC 7489: what receivers read, and what they only seem to say."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
        else:
            tags.setdefault(found[1].lower(), found[2] or "")
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


def walk(domain: str) -> tuple[str, ...]:
    """The names whose `_dmarc` receivers ask for, in order (4.10): at most eight, the long way cut short."""
    labels = domain.lower().rstrip(".").split(".")
    start = 1 if len(labels) <= 8 else len(labels) - 7
    return (".".join(labels), *(".".join(labels[at:]) for at in range(start, len(labels))))


def aligned(domain: str, author: str, mode: str) -> bool:
    """Whether an authenticated domain stands for the author's (4.4): strictly the same, or one below the other.

    Relaxed alignment compares organizational domains; below a common parent that is not one of the two is told as not
    aligned here, which a domain's own MAIL FROM never is.
    """
    one, other = domain.lower().rstrip("."), author.lower().rstrip(".")
    if mode == "s":
        return one == other
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _reports(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(domains of mailto addresses, what is no address) of a `rua`; `!10m` is obsolete and ignored (4.7)."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = [MAILTO.fullmatch(part) for part in parts]
    good = tuple(dict.fromkeys(one["domain"].lower() for one in found if one is not None))
    return good, tuple(f"rua={part[:60]}" for part, one in zip(parts, found, strict=True) if one is None)
