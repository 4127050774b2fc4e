"""Authentication-Results (RFC 8601): what a server that took a mail in says of its sender."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

COMMENT_OR_QUOTED = re.compile(r'\([^()]*\)|"[^"]*"')
DEEPEST = 8  # comments in comments; no server nests so far
RESULT = re.compile(r"(?P<method>[a-z-]+)=(?P<result>[a-z]+)(?!\S)")
# Without blanks around "=": where a quoted value stood there is a blank, and what follows it belongs to nobody.
PROPERTY = re.compile(r"(?<!\S)(?P<name>(?:header|smtp)\.[a-z]+)=(?P<value>\S+)")
ABOUT = ("header.d", "header.i", "smtp.mailfrom", "header.from")  # where the domain stands, the narrowest first


@dataclass(frozen=True, slots=True)
class Verdict:
    """One method's result, lower case: `dkim=pass header.d=example.org`."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...]

    @property
    def domain(self) -> str:
        """The domain that it is about, "" if it does not say."""
        said = dict(self.properties)
        found = next((said[name] for name in ABOUT if name in said), "")
        return found.rpartition("@")[2].strip("<>")

    def passes(self, method: str, *about: tuple[str, str]) -> bool:
        """Whether this method passed with one of these properties."""
        return (self.method, self.result) == (method, "pass") and not set(about).isdisjoint(self.properties)


@dataclass(frozen=True, slots=True)
class Results:
    """One Authentication-Results header: the server that checked, and what it found."""

    server: str  # lower case; "" if the header does not name it
    verdicts: tuple[Verdict, ...]

    @classmethod
    def of(cls, header: str) -> Results:
        """Comments and quoted values are words of others, so they are left out."""
        first, *clauses = without_comments(header).lower().split(";")
        if "=" in first:  # Exchange leaves the server's name out
            return cls("", _verdicts((first, *clauses)))
        return cls(next(iter(first.split()), ""), _verdicts(clauses))

    def signed(self, domain: str) -> bool:
        """Whether a DKIM signature of exactly this domain is right."""
        return any(one.passes("dkim", ("header.i", f"@{domain}"), ("header.d", domain)) for one in self.verdicts)

    def aligned(self, domain: str) -> bool:
        """Whether DMARC is right for exactly this domain in From."""
        return any(one.passes("dmarc", ("header.from", domain)) for one in self.verdicts)

    @property
    def failed(self) -> bool:
        """Whether it says in words that the sender is not who they say."""
        return any((one.method, one.result) == ("dmarc", "fail") for one in self.verdicts)


def _verdicts(clauses: Iterable[str]) -> tuple[Verdict, ...]:
    found = ((RESULT.match(clause.strip()), tuple(PROPERTY.findall(clause))) for clause in clauses)
    return tuple(Verdict(one["method"], one["result"], properties) for one, properties in found if one)


def without_comments(header: str) -> str:
    """The header without comments, which nest, and quoted values; "" if they nest deeper than any server's."""
    for _ in range(DEEPEST):
        shorter = COMMENT_OR_QUOTED.sub(" ", header)
        if shorter == header:
            return header
        header = shorter
    return ""
