"""Findings as a person reads them and as JSON carries them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
NAME_WIDTH, WIDE_NAME = 18, 22  # without and with headings


class Shown:
    """Findings on the screen as they come; `layers`: the headings, one before the first finding of each layer."""

    def __init__(self, screen: Screen, layers: Mapping[str, str] | None = None) -> None:
        self._screen, self._layers, self._layer = screen, layers, ""

    def show(self, one: Finding) -> None:
        """A line; what is not well also says what to do and where to read, `--verbose` what was seen."""
        out = self._screen.out
        if self._layers is not None and one.layer != self._layer:
            self._layer = one.layer
            out(self._layers[one.layer])
        indent, width = ("  ", WIDE_NAME) if self._layers is not None else ("", NAME_WIDTH)
        summary = harmless(one.summary)  # a record or a reply with line ends must not write lines of its own
        target = f"  ({one.target})" if one.target else ""
        out(f"{one.id:<{width}} {PREFIX.get(one.status, '')}{summary}{target}", MARK[one.status], indent=indent)
        if one.status is not CheckStatus.OK and one.fix:
            out(f"      fix: {harmless(one.fix)}")
        if one.runbook:
            out(f"      see: {one.runbook}")
        for name, value in one.evidence if self._screen.verbose else ():
            out(f"      {name}: {harmless(value)}")


def show(screen: Screen, findings: Iterable[Finding]) -> None:
    """All of them, without headings."""
    shown = Shown(screen)
    for one in findings:
        shown.show(one)


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
