"""One refusal as people and scripts are told it, with the doctor's checks where they were asked for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rotator.cli.options import Options
from rotator.core.errors import Exit

if TYPE_CHECKING:
    from rotator.core.findings import Finding
    from rotator.core.mail.explanation import Explanation

SCHEMA = "rotator/explain/1"
# The fields of a refusal stand in every document, so that a script reads them without asking what it gave.
NO_REFUSAL: dict[str, Any] = {
    "refused_by": None, "layer": None, "credential_to_blame": False, "reply": None, "authentic": None, "checks": [],
}  # fmt: skip
BELIEVED = {
    "verified": "Gmail vouches for it: fetched from the mailbox, and its own Authentication-Results pass",
    "claimed": "not proven: whoever made this text may have made its headers too",
    "failed": "nobody vouches for it, or the check of its sender failed",
}


def answer(options: Options, found: Explanation, *, is_bounce: bool, and_doctor: bool) -> int:
    """Show one refusal; exit code 1 if nothing could be concluded, or if a check that was run failed."""
    _words(options, found, is_bounce=is_bounce)
    checks = found.kind.checks
    doctor = with_doctor(options, checks, found.recipient) if and_doctor and checks else None
    if checks and doctor is None:
        options.screen.out(f"Next: {_doctor_line(found)}")
    well = found.known and is_well(doctor)
    kind = "bounce" if is_bounce else "reply"
    options.screen.document(SCHEMA, {"ok": well, "kind": kind, **_fields(found), **(doctor or {})})
    return Exit.OK if well else Exit.FAILED


def with_doctor(options: Options, checks: Sequence[str], recipient: str) -> dict[str, Any]:
    """Run these checks and what they stand on; sends no mail.  The document's field `doctor`."""
    from rotator.cli.doctor import examined, row
    from rotator.core.findings import failed, first_broken_layer
    from rotator.doctor.runner import named
    from rotator.wiring import doctor as wiring_doctor

    findings, *_ = examined(options, named(checks), wiring_doctor.Asked(None, recipient, send=False))
    if not failed(findings):
        options.screen.out(_none_failed(findings))
    found = {"ok": not failed(findings), "first_broken": first_broken_layer(findings) or None}
    return {"doctor": {**found, "checks": [row(one) for one in findings]}}


def _none_failed(findings: Sequence[Finding]) -> str:
    """What that is worth: a check that could not know clears nothing, and only a test mail shows what a place holds."""
    from rotator.core.findings import CheckStatus

    unknown = dict.fromkeys(one.id for one in findings if one.status is CheckStatus.NOT_KNOWN)
    if not unknown:
        return "None of these checks failed."
    return f"None of these checks failed, but not everything is known.  Next: rotator doctor --send {' '.join(unknown)}"


def is_well(doctor: dict[str, Any] | None) -> bool:
    """Whether no check failed; none was run is well too."""
    return doctor is None or bool(doctor["doctor"]["ok"])


def advice(options: Options, why: str, fix: str, see: str) -> None:
    """The lines that a failure has too."""
    for name, text in (("why", why), ("fix", fix), ("see", see)):
        if text:
            options.screen.out(f"    {name}   {text}")


def _words(options: Options, found: Explanation, *, is_bounce: bool) -> None:
    from rotator.core.mail.explanation import PARTIES

    out = options.screen.out
    genuine = ", if this bounce is genuine" if is_bounce and found.authentic == "claimed" and found.known else ""
    out(f"refused by   {PARTIES[found.refused_by]}{genuine}")
    if found.reply:
        out(f"reply        {found.reply}")
    if found.recipient:
        out(f"mail         {f'from {found.author} ' if found.author else ''}to {found.recipient}")
    out(f"layer        {found.layer}")
    blame = f"to blame{genuine}" if found.credential_to_blame else "not to blame, as far as this tells"
    out(f"credential   {blame}")
    if is_bounce:
        out(f"authentic    {found.authentic}: {BELIEVED[found.authentic]}")
    advice(options, found.kind.cause, found.kind.fix, found.kind.runbook)


def _fields(found: Explanation) -> dict[str, Any]:
    """The fields of a refusal in rotator/explain/1."""
    return {
        "refused_by": found.refused_by.value,
        "layer": found.layer.value,
        "credential_to_blame": found.credential_to_blame,
        "reply": found.reply or None,
        "authentic": found.authentic.value,
        "checks": list(found.kind.checks),
        "recipient": found.recipient or None,
        "cause": found.kind.cause,
        "fix": found.kind.fix,
        "runbook": found.kind.runbook,
    }


def _doctor_line(found: Explanation) -> str:
    """The command that looks at what the refusal is about."""
    about = [one for one in found.kind.checks if one.startswith("recipient")]
    # An address may hold what a shell runs, and whoever sent the bounce chose it.
    recipient = f" --recipient {shlex.quote(found.recipient) if found.recipient else 'ADDRESS'}" if about else ""
    send = " --send" if any(one.endswith(".canary") for one in found.kind.checks) else ""  # without it: "not known"
    return f"rotator doctor{send} {' '.join(found.kind.checks)}{recipient}"
