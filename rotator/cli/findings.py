"""Findings as a person reads them and as JSON carries them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rotator.cli.render import Screen
from rotator.core.findings import CheckStatus, Finding
from rotator.core.foreign_text import harmless

MARK = {
    CheckStatus.OK: "ok",
    CheckStatus.WARNING: "warning",
    CheckStatus.FAILED: "failed",
    CheckStatus.SKIPPED: "skipped",
    CheckStatus.NOT_KNOWN: "unknown",
}
PREFIX = {CheckStatus.SKIPPED: "skipped: ", CheckStatus.NOT_KNOWN: "not known: "}
NAME_WIDTH = 18


def show(screen: Screen, findings: Sequence[Finding]) -> None:
    """One line each; what is not well also says what to do and where to read."""
    for one in findings:
        summary = harmless(one.summary)  # a record or a reply with line ends must not write lines of its own
        screen.out(f"{one.id:<{NAME_WIDTH}} {PREFIX.get(one.status, '')}{summary}", MARK[one.status])
        if one.status in (CheckStatus.FAILED, CheckStatus.WARNING):
            screen.out(f"      fix: {harmless(one.fix)}")
            if one.runbook:
                screen.out(f"      see: {one.runbook}")


def counted(findings: Sequence[Finding]) -> str:
    """`3 ok, 1 failed`: every status that occurs, and always how many are ok."""
    counts = {status: sum(one.status is status for one in findings) for status in CheckStatus}
    return ", ".join(f"{n} {status}" for status, n in counts.items() if n or status is CheckStatus.OK)


def row(one: Finding) -> dict[str, Any]:
    """One finding in a JSON document."""
    return {
        "id": one.id,
        "status": one.status.value,
        "summary": one.summary,
        "hint": one.fix or None,
        "runbook": one.runbook or None,
        "evidence": dict(one.evidence),
    }
