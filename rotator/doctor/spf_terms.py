"""SPF records as terms: the grammar of RFC 7208 sections 4.6, 5, 6 and 7.  A syntax error anywhere is a permerror."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
NEEDS_DNS = frozenset({"include", "a", "mx", "ptr", "exists"})
NEEDS_TARGET = frozenset({"include", "exists", "ip4", "ip6"})
QUALIFIERS = "+-~?"
MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)", re.DOTALL)
CIDR = re.compile(r"(?P<rest>.*?)(?:/(?P<four>\d+))?(?://(?P<six>\d+))?", re.DOTALL)
MACRO = re.compile(
    r"%(?:\{(?P<letter>[slodiphvcrtSLODIPHVCRT])(?P<digits>\d*)(?P<reverse>[rR]?)(?P<cuts>[-.+,/_=]*)\}|(?P<sign>[%_-]))"
)
EXPLAINS_ONLY = frozenset("crt")  # 7.2: allowed in explanations alone
TOPLABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
VISIBLE = re.compile(r"[\x21-\x24\x26-\x7e]*")


class SyntaxTrouble(ValueError):
    """What is wrong with a record, in words."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`qualifier` `name`[:`target`][/`four`][//`six`]; an ip4 or ip6 has its network in `target`."""

    qualifier: str
    name: str
    target: str = ""
    four: int = 32
    six: int = 128


@dataclass(frozen=True, slots=True)
class Record:
    """A record that is right in form."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""

    @property
    def ends(self) -> bool:
        """Whether an `all` decides in the end, so that `redirect` is not looked at (6.1)."""
        return any(one.name == "all" for one in self.mechanisms)


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record at all (4.5): the version, then a blank or the end."""
    return re.match(r"v=spf1(?: |$)", text, re.IGNORECASE) is not None


def parse(text: str) -> Record:
    """The record's terms.  Raises SyntaxTrouble."""
    if not text.isascii():
        raise SyntaxTrouble("a character that is not ASCII")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text[len("v=spf1") :].split(" "):
        if not term:
            continue
        modifier = MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
        else:
            _take(modifiers, modifier[1].lower(), modifier[2])
    return Record(tuple(mechanisms), modifiers.get("redirect", ""))


def _take(modifiers: dict[str, str], name: str, value: str) -> None:
    if name in ("redirect", "exp"):
        if name in modifiers:
            raise SyntaxTrouble(f"{name}= twice")
        _check_domain(value, name)
        modifiers[name] = value
    else:
        _check_macros(value, name)  # 6: unknown modifiers are ignored, if they are right in form


def _mechanism(term: str) -> Mechanism:
    qualifier, rest = (term[0], term[1:]) if term[0] in QUALIFIERS else ("+", term)
    name, target, sizes = _split(rest)
    if name not in MECHANISMS:
        raise SyntaxTrouble(f"unknown mechanism {name[:40]!r}")
    if name in ("ip4", "ip6"):
        return Mechanism(qualifier, name, _network(name, rest))
    four, six = _sizes(name, sizes)
    if target is not None:
        if name == "all":
            raise SyntaxTrouble("all takes no domain")
        _check_domain(target, name)
    elif name in NEEDS_TARGET:
        raise SyntaxTrouble(f"{name} without a domain")
    return Mechanism(qualifier, name, target or "", four, six)


def _split(rest: str) -> tuple[str, str | None, tuple[str | None, str | None]]:
    """Name, what stands after the colon (None: no colon), and the two prefix lengths, still as text."""
    name, colon, target = rest.partition(":")
    found = CIDR.fullmatch(target if colon else name)
    assert found is not None  # noqa: S101 - every text matches
    sizes = found["four"], found["six"]
    if colon:
        return name.lower(), found["rest"], sizes
    return found["rest"].lower(), None, sizes


def _sizes(name: str, sizes: tuple[str | None, str | None]) -> tuple[int, int]:
    given = [one for one in sizes if one is not None]
    if given and name not in ("a", "mx"):
        raise SyntaxTrouble(f"{name} takes no prefix length")
    if any(len(one) > 1 and one.startswith("0") for one in given):
        raise SyntaxTrouble("a prefix length with a leading zero")
    four, six = (int(one) if one is not None else most for one, most in zip(sizes, (32, 128), strict=True))
    if four > 32 or six > 128:
        raise SyntaxTrouble("a prefix length that is too long")
    return four, six


def _network(name: str, rest: str) -> str:
    text = rest.partition(":")[2]
    kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
    address, slash, size = text.partition("/")
    if not address or (slash and re.fullmatch(r"0|[1-9]\d{0,2}", size) is None):
        raise SyntaxTrouble(f"{name}:{text[:60]} is no network")
    try:
        return str(kind(text, strict=False))
    except ValueError:
        raise SyntaxTrouble(f"{name}:{text[:60]} is no network") from None


def _check_domain(target: str, where: str) -> None:
    """7.1: macros, and at the end a top label (not all digits) or a macro."""
    _check_macros(target, where)
    if target.endswith("}") and MACRO.search(target):
        return
    labels = target.removesuffix(".").split(".")
    top = labels[-1]
    if len(labels) < 2 or not TOPLABEL.fullmatch(top) or top.isdigit():
        raise SyntaxTrouble(f"{where} with {target[:60]!r}, which is no domain name")


def _check_macros(text: str, where: str) -> None:
    plain = MACRO.sub("", text)
    letters = {found["letter"].lower() for found in MACRO.finditer(text) if found["letter"]}
    zero = any(found["digits"] and int(found["digits"]) == 0 for found in MACRO.finditer(text))
    if not VISIBLE.fullmatch(plain) or letters & EXPLAINS_ONLY or zero:
        raise SyntaxTrouble(f"{where} with a macro that is not allowed: {text[:60]!r}")
