"""`rotator explain`: what an exit code, an error, a check, an SMTP reply or a whole bounce means, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli.explain_answer import NO_REFUSAL, SCHEMA, advice, answer, is_well, with_doctor
from rotator.cli.explain_input import PAGES, Asked, asked_for
from rotator.cli.options import Options, command
from rotator.cli.pages import page
from rotator.core.errors import Exit

if TYPE_CHECKING:
    from rotator.core.error_ids import ErrorId
    from rotator.doctor.checks import Check

NOTHING_ELSE = "exit-codes, an exit code, an error's id (--json), a check's id, an SMTP reply, or a bounce's file"
SHOWN = 80  # characters of a code that nobody knows
MEANINGS: dict[Exit, tuple[str, str]] = {
    Exit.OK: ("done, nothing due, waiting as planned, or a person still has time", "nothing to do"),
    Exit.FAILED: ("refused, or a check found something; keys and places as before", "do what `fix` says; run again"),
    Exit.USAGE: ("the command line or the configuration cannot be used", "rotator config check"),
    Exit.HELP_NEEDED: (
        "a run is open, or a place is behind, and help is needed now",
        "urgent: do what it says, then rotator rotate",
    ),
    Exit.ACCESS: ("no permission or no credentials, at AWS or Google", "rotator config policy"),
    Exit.LOCKED: ("another run holds the lock; its owner is named", "ignore once: SuccessExitStatus=5"),
    Exit.RETRY: ("a remote fault: throttled, timed out, 5xx", "run again later"),
    Exit.WOULD_CHANGE: ("something would change", "only with --dry-run --detailed-exitcode"),
    Exit.BUG: ("a bug in rotator; the traceback is in the file it names", "report it"),
    Exit.INTERRUPTED: ("SIGINT: the step in hand was finished, or its wait cut short; all is journalled", "run again"),
    Exit.TERMINATED: ("SIGTERM: the step in hand was finished, or its wait cut short; all is journalled", "run again"),
}


@command
def explain(
    options: Options,
    code: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE",
            help="`exit-codes` or one of them, an error's id, a check's id, an SMTP reply, a page; or a file.",
        ),
    ] = None,
    bounce: Annotated[
        str, typer.Option("--bounce", metavar="FILE", help="A bounce: .eml or text; `-` is standard input.")
    ] = "",
    mailbox: Annotated[
        str,
        typer.Option(
            "--mailbox",
            envvar="ROTATOR_EXPLAIN_MAILBOX",
            metavar="ADDRESS",
            help="A Gmail mailbox of the file; with --latest.",
        ),
    ] = "",
    latest: Annotated[bool, typer.Option("--latest", help="The newest bounce in that mailbox.")] = False,
    and_doctor: Annotated[
        bool, typer.Option("--and-doctor", help="Also run the doctor's checks that it names.")
    ] = False,
) -> int:
    """Say what a code or a bounce means: who refused, which layer is at fault, and what to do."""
    asked = asked_for(" ".join(code or ()), bounce, mailbox, latest=latest)
    if asked.code == "exit-codes" or asked.exit_codes:
        return _exit_codes(options, asked)
    if asked.code:
        return _code(options, asked.code, and_doctor=and_doctor)
    return answer(options, asked.explanation(options), is_bounce=True, and_doctor=and_doctor)


def _exit_codes(options: Options, asked: Asked) -> int:
    chosen = asked.exit_codes or tuple(Exit)
    options.screen.table(("CODE", "MEANING", "REACTION"), [(str(int(one)), *MEANINGS[one]) for one in chosen])
    rows = [{"code": int(one), "meaning": MEANINGS[one][0], "reaction": MEANINGS[one][1]} for one in chosen]
    options.screen.document(SCHEMA, {"ok": True, "kind": "exit-code", **NO_REFUSAL, "codes": rows})
    return Exit.OK


def _code(options: Options, code: str, *, and_doctor: bool) -> int:
    """A page that an error names, a check's id, an error's id, or a reply of a server; else nothing is known."""
    if code.startswith(PAGES):
        return _page(options, code)
    from rotator.core.error_ids import error_id
    from rotator.core.mail.explain_reply import explain_reply, is_reply

    found = error_id(code)
    if found is not None:
        return _error(options, found)
    if is_reply(code):
        return answer(options, explain_reply(code), is_bounce=False, and_doctor=and_doctor)
    if "." in code:  # as every check's id has: only then the table of checks is loaded
        from rotator.doctor.registry import CHECKS

        if code in CHECKS:
            return _check(options, CHECKS[code], and_doctor=and_doctor)
    return _unknown(options, code)


def _check(options: Options, check: Check, *, and_doctor: bool) -> int:
    """One check of the doctor: what it looks at, on what it stands, the page of what it finds."""
    out, page = options.screen.out, f"runbooks/{check.page}"
    out(f"{check.id}: whether {check.about}; for each {check.kind.value}")
    out(f"stands on    {', '.join(check.needs) or 'nothing'}")
    advice(options, "", "", page)
    doctor = with_doctor(options, (check.id,), "") if and_doctor else None
    if doctor is None:
        out(f"Next: rotator doctor {check.id}")
    fields = {"id": check.id, "about": check.about, "needs": list(check.needs), "runbook": page}
    shown = {**NO_REFUSAL, "checks": [check.id], **fields, **(doctor or {})}
    options.screen.document(SCHEMA, {"ok": is_well(doctor), "kind": "check", **shown})
    return Exit.OK if is_well(doctor) else Exit.FAILED


def _error(options: Options, found: ErrorId) -> int:
    out = options.screen.out
    out(f"{found.id}: {found.cause}")
    fix = found.fix or "the error names what to type; the page has the steps"
    advice(options, "", fix, found.runbook)
    out(f"It ends with exit code {int(found.exit_code)}: {MEANINGS[found.exit_code][0]}.")
    fields = {"id": found.id, "cause": found.cause, "fix": fix, "runbook": found.runbook}
    ends_with = int(found.exit_code)  # of the command that fails so; ours is 0
    options.screen.document(SCHEMA, {"ok": True, "kind": "error", **NO_REFUSAL, **fields, "ends_with": ends_with})
    return Exit.OK


def _page(options: Options, name: str) -> int:
    """The runbook itself, for where there is no checkout."""
    text = page(name)
    options.screen.out(text.rstrip("\n"))
    options.screen.document(SCHEMA, {"ok": True, "kind": "page", **NO_REFUSAL, "page": name, "text": text})
    return Exit.OK


def _unknown(options: Options, code: str) -> int:
    """Nothing is known; the name of a command is said to be one, for its help is not here."""
    from rotator.cli.main import COMMANDS

    fix = f"a command: rotator {code} --help" if code in COMMANDS else NOTHING_ELSE
    options.screen.say(f"nothing is known of {code[:SHOWN]!r}", "failed", always=True)
    options.screen.say(f"    fix   {fix}", always=True)
    unknown = {**NO_REFUSAL, "refused_by": "unknown", "layer": "unknown"}
    options.screen.document(SCHEMA, {"ok": False, "kind": "unknown", **unknown, "fix": fix})
    return Exit.FAILED
