"""What a check found out: one finding a check, the same shape for the doctor, the audit and the alarms.

A check answers; it never prints and never raises for what it was made to find.  One cause is one failure: a check whose
ground is gone is skipped and names what it needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

HARMLESS = frozenset({"iam.age"})  # a failure that somebody must mend, while mail goes out as before


class CheckStatus(StrEnum):
    """What became of one check."""

    OK = "ok"
    WARNING = "warning"  # works today; exit 0 unless --strict
    FAILED = "failed"
    SKIPPED = "skipped"  # what it stands on is broken, or there is nothing to check
    NOT_KNOWN = "not known"  # cannot be seen from here; the fix says what would show it


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer; `id` is stable and documented (`dns.spf`), its first part is the layer."""

    id: str
    status: CheckStatus
    summary: str  # one line: what was seen, on what
    fix: str = ""  # the next action; of a failure and a warning never empty
    runbook: str = ""  # page under runbooks/, with its #section
    evidence: tuple[tuple[str, str], ...] = ()  # (name, value) pairs, free of secrets and of control characters
    ms: int = 0  # how long the check took
    target: str = ""  # what it is about: a domain, a region, a user, an endpoint, a consumer; "" = only one

    @property
    def layer(self) -> str:
        """The layer the check belongs to: what stands before the first dot of its id."""
        return self.id.partition(".")[0]


def failed(findings: Iterable[Finding], *, strict: bool = False) -> bool:
    """Whether anything failed; `strict` counts warnings too."""
    bad = {CheckStatus.FAILED, CheckStatus.WARNING} if strict else {CheckStatus.FAILED}
    return any(one.status in bad for one in findings)


def first_broken_layer(findings: Iterable[Finding]) -> str:
    """The layer of the first failure that mail suffers from, in the order given; empty if there is none."""
    return next((one.layer for one in findings if one.status is CheckStatus.FAILED and one.id not in HARMLESS), "")
