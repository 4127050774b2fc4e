"""Authentication-Results (RFC 8601): what a server that took a mail in says of its sender."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMENT_OR_QUOTED = re.compile(r'\([^()]*\)|"[^"]*"')
DEEPEST = 8  # comments in comments; no server nests so far


@dataclass(frozen=True, slots=True)
class Results:
    """One Authentication-Results header (RFC 8601): the server that checked, and what it found, lower case."""

    server: str
    clauses: tuple[str, ...]

    @classmethod
    def of(cls, header: str) -> Results:
        """Comments and quoted values are words of others, so they are left out."""
        text = without_comments(header).lower()
        first, *clauses = [" ".join(clause.split()) for clause in text.split(";")]
        bare = "=" in first  # Exchange leaves the server's name out
        return cls("" if bare else first.partition(" ")[0], (first, *clauses) if bare else tuple(clauses))

    def signed(self, domain: str) -> bool:
        """Whether a DKIM signature of exactly this domain is right."""
        return self._passes("dkim", rf"header\.(?:i=@|d=){re.escape(domain)}")

    def aligned(self, domain: str) -> bool:
        """Whether DMARC is right for exactly this domain in From."""
        return self._passes("dmarc", rf"header\.from={re.escape(domain)}")

    def _passes(self, method: str, about: str) -> bool:
        starts = f"{method}=pass"
        return any(
            clause.partition(" ")[0] == starts and re.search(rf" {about}(?:\s|$)", clause) for clause in self.clauses
        )

    @property
    def failed(self) -> bool:
        """Whether it says in words that the sender is not who they say."""
        return any(re.match(r"dmarc=fail\b", clause) for clause in self.clauses)


def without_comments(header: str) -> str:
    """The header without comments, which nest, and quoted values; "" if they nest deeper than any server's."""
    for _ in range(DEEPEST):
        shorter = COMMENT_OR_QUOTED.sub(" ", header)
        if shorter == header:
            return header
        header = shorter
    return ""
