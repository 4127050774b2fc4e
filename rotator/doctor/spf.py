"""Does SPF let SES's addresses send?  `check_host` of RFC 7208 section 4, over any resolver.

Its own implementation, because a verdict must say which of four silences it met, and which limit; two foreign ones give
the same results and counts in the tests (docs/decisions/0012).  Limitation: `%{p}` is "unknown" (7.3: not to be used).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from rotator.core.looks import DnsAnswer, Lookup
from rotator.doctor.spf_terms import MACRO, NEEDS_DNS, Mechanism, Record, SyntaxTrouble, is_spf, parse

LOOKUPS_AT_MOST = 10  # 4.6.4: terms that ask DNS, includes counted through
VOID_AT_MOST = 2  # 4.6.4: answers without records
MX_AT_MOST = PTR_AT_MOST = 10  # 4.6.4: names behind one mx or ptr
LONGEST_NAME = 253  # 7.3: labels are dropped from the left beyond it
Ask = Callable[[str, str], DnsAnswer]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Result(StrEnum):
    """The results of section 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


BY_QUALIFIER = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


@dataclass(frozen=True, slots=True)
class Spf:
    """A result and why: `detail` names the error or the term that matched; `lookups` counts terms that ask DNS."""

    result: Result
    detail: str = ""
    record: str = ""
    lookups: int = 0
    void: int = 0


class _Stop(Exception):
    """The evaluation ends here, whatever encloses it."""

    def __init__(self, result: Result, detail: str) -> None:
        super().__init__(detail)
        self.result, self.detail = result, detail


def check_host(ip: str, domain: str, sender: str, ask: Ask) -> Spf:
    """What SPF at `domain` says of `ip`, for a mail of `sender` (an address)."""
    walk = _Walk(ipaddress.ip_address(ip), sender, ask)
    try:
        result, detail, record = walk.check(domain)
    except _Stop as stop:
        return Spf(stop.result, stop.detail, walk.first, walk.lookups, walk.void)
    return Spf(result, detail, record, walk.lookups, walk.void)


@dataclass(slots=True)
class _Walk:
    ip: Address
    sender: str
    ask: Ask
    lookups: int = 0
    void: int = 0
    first: str = ""  # the record that the evaluation began with
    open: list[str] = field(default_factory=list)

    def check(self, domain: str) -> tuple[Result, str, str]:
        """Result, detail and record of one domain.  Raises _Stop."""
        answer = self.ask(domain, "TXT")
        if answer.absent:
            return Result.NONE, f"{domain}: {answer.status}", ""
        if answer.status is not Lookup.FOUND:
            raise _Stop(Result.TEMPERROR, f"TXT {domain}: {answer.status}")
        found = [text for text in answer.values if is_spf(text)]
        if not found:
            return Result.NONE, f"no record at {domain} begins with v=spf1", ""
        self.first = self.first or found[0]
        if len(found) > 1:
            raise _Stop(Result.PERMERROR, f"{len(found)} records at {domain} begin with v=spf1")
        try:
            record = parse(found[0])
        except SyntaxTrouble as trouble:
            raise _Stop(Result.PERMERROR, f"{domain}: {trouble}") from None
        result, detail = self._evaluated(record, domain)
        return result, detail, found[0]

    def _evaluated(self, record: Record, domain: str) -> tuple[Result, str]:
        for one in record.mechanisms:
            if self._matches(one, domain):
                target = f":{one.target}" if one.target else ""
                return BY_QUALIFIER[one.qualifier], f"{one.qualifier}{one.name}{target} at {domain}"
        if not record.redirect or record.ends:
            return Result.NEUTRAL, f"nothing at {domain} matches"
        self._count(f"redirect={record.redirect}")
        result, detail, _ = self.check(self._expanded(record.redirect, domain))
        if result is Result.NONE:
            raise _Stop(Result.PERMERROR, f"redirect={record.redirect}: {detail}")
        return result, detail

    def _matches(self, one: Mechanism, domain: str) -> bool:
        if one.name in NEEDS_DNS:
            self._count(one.name)
        target = self._expanded(one.target, domain) if one.target and one.name not in ("ip4", "ip6") else domain
        match one.name:
            case "all":
                return True
            case "ip4" | "ip6":
                return self.ip in ipaddress.ip_network(one.target)
            case "include":
                return self._include(target)
            case "a":
                return self._among(self._addresses(target), one)
            case "mx":
                return self._mx(target, one)
            case "exists":
                return bool(self._asked(target, "A"))
            case _:
                return self._ptr(target)

    def _include(self, domain: str) -> bool:
        result, detail, _ = self.check(domain)
        if result is Result.NONE:
            raise _Stop(Result.PERMERROR, f"include:{domain}: {detail}")
        return result is Result.PASS

    def _mx(self, domain: str, one: Mechanism) -> bool:
        hosts = [value.partition(" ")[2] for value in self._asked(domain, "MX")]
        if len(hosts) > MX_AT_MOST:
            raise _Stop(Result.PERMERROR, f"more than {MX_AT_MOST} MX at {domain}")
        return any(self._among(self._addresses(host), one) for host in hosts if host)

    def _ptr(self, domain: str) -> bool:
        """5.5: names of the address whose addresses hold it, in or below the domain; errors do not match."""
        answer = self.ask(self.ip.reverse_pointer, "PTR")
        if answer.absent:
            self._count_void()
        if answer.status is not Lookup.FOUND:
            return False
        below = [name for name in answer.values[:PTR_AT_MOST] if f".{name}".endswith(f".{domain.lower().rstrip('.')}")]
        return any(str(self.ip) in self.ask(name, self._kind).values for name in below)

    def _addresses(self, domain: str) -> tuple[str, ...]:
        return self._asked(domain, self._kind)

    def _among(self, addresses: tuple[str, ...], one: Mechanism) -> bool:
        size = one.four if self.ip.version == 4 else one.six
        return any(self.ip in ipaddress.ip_network(f"{address}/{size}", strict=False) for address in addresses)

    @property
    def _kind(self) -> str:
        return "A" if self.ip.version == 4 else "AAAA"

    def _asked(self, domain: str, kind: str) -> tuple[str, ...]:
        """The values; none for an absent record, which counts as void (4.6.4).  Raises _Stop for no answer."""
        answer = self.ask(domain, kind)
        if answer.absent:
            self._count_void()
            return ()
        if answer.status is not Lookup.FOUND:
            raise _Stop(Result.TEMPERROR, f"{kind} {domain}: {answer.status}")
        return answer.values

    def _count(self, term: str) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS_AT_MOST:
            raise _Stop(Result.PERMERROR, f"more than {LOOKUPS_AT_MOST} terms ask DNS (the next was {term})")

    def _count_void(self) -> None:
        self.void += 1
        if self.void > VOID_AT_MOST:
            raise _Stop(Result.PERMERROR, f"more than {VOID_AT_MOST} answers without records")

    def _expanded(self, text: str, domain: str) -> str:
        """7.3: macros filled in, then cut to 253 characters from the left."""
        name = MACRO.sub(lambda found: self._macro(found.groupdict(), domain), text).rstrip(".")
        while len(name) > LONGEST_NAME and "." in name:
            name = name.partition(".")[2]
        return name

    def _macro(self, found: dict[str, str], domain: str) -> str:
        if found["sign"]:
            return {"%": "%", "_": " ", "-": "%20"}[found["sign"]]
        local, _, of_sender = self.sender.rpartition("@")
        value = {
            "s": self.sender, "l": local or "postmaster", "o": of_sender, "d": domain, "h": of_sender,
            "i": _dotted(self.ip), "p": "unknown", "v": "in-addr" if self.ip.version == 4 else "ip6",
        }[found["letter"].lower()]  # fmt: skip
        cuts = found["cuts"] or "."
        for cut in cuts:
            value = value.replace(cut, "\0")
        parts = value.split("\0")
        if found["reverse"]:
            parts.reverse()
        return ".".join(parts[-int(found["digits"]) :] if found["digits"] else parts)


def _dotted(ip: Address) -> str:
    """7.3: IPv4 as it is, IPv6 as 32 single hexadecimal digits."""
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", ""))
