"""`rotator doctor`: which layer is broken, with the evidence and the fix."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rotator.cli.findings import Shown, counted
from rotator.cli.findings import row as common
from rotator.cli.options import AnyUser, Options, Strict, command
from rotator.cli.text import duration
from rotator.core.errors import Exit
from rotator.core.findings import CheckStatus, Finding, failed, first_broken_layer

if TYPE_CHECKING:
    from collections.abc import Iterable


@command
def doctor(
    options: Options,
    checks: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECK", help="Only these (dns.spf) or layers (dns)."),
    ] = None,
    user: AnyUser = None,
    recipient: Annotated[
        str, typer.Option("--recipient", metavar="ADDRESS", help="Somebody who does not get the mail.")
    ] = "",
    send: Annotated[bool, typer.Option("--send", help="Also send test mails, one through each place.")] = False,
    strict: Strict = False,
    since_change: Annotated[
        bool, typer.Option("--since-change", help="Show only what changed since the last run; for a timer.")
    ] = False,
    zone_file: Annotated[
        bool, typer.Option("--zone-file", help="Only print the DNS records as they should be, ready to paste.")
    ] = False,
    list_checks: Annotated[bool, typer.Option("--list-checks", help="What there is to look at.")] = False,
) -> int:
    """Walk the layers from DNS to the recipient and say which one is broken; changes no key and no place."""
    from rotator.doctor.runner import named
    from rotator.wiring import doctor as wiring_doctor

    if list_checks:
        _list(options)
        return 0
    asked = wiring_doctor.Asked(user, recipient, send)
    if zone_file:
        _print_zone(options, asked)
        return 0
    chosen = named(checks or ())
    began = time.monotonic()
    findings, changed, held_up = examined(options, chosen, asked, since_change=since_change)
    took = int((time.monotonic() - began) * 1000)
    code = Exit.FAILED if failed(findings, strict=strict) else Exit.LOCKED if send and held_up else Exit.OK
    return _end(options, findings, changed if since_change else None, took, code)


def examined(
    options: Options, checks: Any, asked: Any, *, since_change: bool = False
) -> tuple[list[Finding], list[Finding], bool]:
    """Every finding, those that changed since the last run, and whether a run at work kept us from something.

    They are shown as soon as they are known.
    """
    from rotator.doctor.registry import LAYERS
    from rotator.doctor.runner import examine
    from rotator.wiring import doctor as wiring_doctor

    shown, findings, changed = Shown(options.screen, LAYERS), [], []
    with wiring_doctor.doctor(options.configuration(), asked) as found:
        last = found.last()
        for one in examine(found.ground, checks):
            findings.append(one)
            if wiring_doctor.is_news(one, last):
                changed.append(one)
            elif since_change:
                continue
            shown.show(one)
        for warning in found.record(findings):
            options.screen.say(warning, "warning", always=True)
    return findings, changed, bool(found.ground.held_up)


def _print_zone(options: Options, asked: Any) -> None:
    from rotator.doctor.zone import zone_file
    from rotator.wiring import doctor as wiring_doctor

    with wiring_doctor.doctor(options.configuration(), asked) as found:
        lines = list(zone_file(found.ground))
    options.screen.out("\n".join(lines))
    options.screen.document("rotator/zone-file/1", {"ok": True, "lines": lines})


def _end(options: Options, findings: list[Finding], changed: list[Finding] | None, ms: int, code: Exit) -> int:
    """The last line and the document; `changed` None: all findings are told."""
    from rotator.doctor.registry import LAYERS

    counts = {status: sum(one.status is status for one in findings) for status in CheckStatus}
    broken = first_broken_layer(findings)
    layer = f"  First broken layer: {LAYERS[broken]}" if broken else ""
    if changed is None or changed:
        options.screen.out(f"{counted(findings)} in {duration(ms)}.{layer}   (exit {int(code)})")
    fields = {
        "ok": code is Exit.OK,
        "counts": {status.value.replace(" ", "_"): n for status, n in counts.items()},
        "wall_ms": ms,
        "first_broken": broken or None,
        "checks": [row(one) for one in (findings if changed is None else changed)],
    }
    options.screen.document("rotator/doctor/1", fields)
    return int(code)


def row(finding: Finding) -> dict[str, Any]:
    """One entry of `checks` in rotator/doctor/1."""
    more = {"target": finding.target or None, "evidence": _evidence(finding.evidence), "ms": finding.ms}
    return common(finding) | more


def _evidence(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Values by name; the transcript is a list of its lines."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name == "transcript":
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def _list(options: Options) -> None:
    from rotator.doctor.registry import CHECKS

    rows = [(one.id, one.kind.value, one.about, ", ".join(one.needs)) for one in CHECKS.values()]
    options.screen.table(("CHECK", "FOR EACH", "WHAT IS LOOKED AT", "STANDS ON"), rows)
    listed = [
        {"id": one.id, "for_each": one.kind.value, "about": one.about, "needs": list(one.needs)}
        for one in CHECKS.values()
    ]
    options.screen.document("rotator/checks/1", {"ok": True, "checks": listed})
