"""`rotator explain`: what an exit code, an error, a check, an SMTP reply or a whole bounce means, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rotator.cli.explain_input import Asked, asked_for
from rotator.cli.options import Options, command
from rotator.core.errors import Exit

if TYPE_CHECKING:
    from rotator.core.error_ids import ErrorId
    from rotator.core.explanation import Explanation

SCHEMA = "rotator/explain/1"
MEANINGS: dict[Exit, tuple[str, str]] = {
    Exit.OK: ("done, nothing due, waiting as planned, or a person still has time", "nothing to do"),
    Exit.FAILED: ("a step or a check failed; the state is as before", "read the message; run again"),
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
    Exit.INTERRUPTED: ("SIGINT, after the step in hand was finished and journalled", "run again"),
    Exit.TERMINATED: ("SIGTERM, after the step in hand was finished and journalled", "run again"),
}
# The fields of a refusal stand in every document, so that a script reads them without asking what it gave.
NO_REFUSAL: dict[str, Any] = {
    "refused_by": None, "layer": None, "credential_to_blame": False, "reply": None, "authentic": None, "checks": [],
}  # fmt: skip
BELIEVED = {
    "verified": "Gmail vouches for it: fetched from the mailbox, and its own Authentication-Results pass",
    "claimed": "not proven: whoever made this text may have made its headers too",
    "failed": "nobody vouches for it, or the check of its sender failed",
}


@command
def explain(
    options: Options,
    code: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE", help="`exit-codes` or one of them, an error's id, a check's id, an SMTP reply; or a file."
        ),
    ] = None,
    bounce: Annotated[
        str, typer.Option("--bounce", metavar="FILE", help="A bounce: .eml or text; `-` is standard input.")
    ] = "",
    mailbox: Annotated[
        str, typer.Option("--mailbox", metavar="ADDRESS", help="A Gmail mailbox of the file; with --latest.")
    ] = "",
    latest: Annotated[bool, typer.Option("--latest", help="The newest bounce in that mailbox.")] = False,
) -> int:
    """Say what a code or a bounce means: who refused, which layer is at fault, and what to do."""
    asked = asked_for(" ".join(code or ()), bounce, mailbox, latest=latest)
    if asked.code == "exit-codes" or asked.exit_codes:
        return _exit_codes(options, asked)
    if asked.code:
        return _code(options, asked.code)
    return show(options, asked.explanation(options), asked)


def _exit_codes(options: Options, asked: Asked) -> int:
    chosen = asked.exit_codes or tuple(Exit)
    options.screen.table(("CODE", "MEANING", "REACTION"), [(str(int(one)), *MEANINGS[one]) for one in chosen])
    rows = [{"code": int(one), "meaning": MEANINGS[one][0], "reaction": MEANINGS[one][1]} for one in chosen]
    options.screen.document(SCHEMA, {"ok": True, "kind": "exit-code", **NO_REFUSAL, "codes": rows})
    return Exit.OK


def _code(options: Options, code: str) -> int:
    """An error's id, or a reply of a server; else nothing is known."""
    from rotator.core.error_ids import error_id
    from rotator.core.explain_bounce import explain_reply, is_reply

    found = error_id(code)
    if found is not None:
        return _error(options, found)
    if is_reply(code):
        return show(options, explain_reply(code), Asked())
    return _unknown(options, code)


def _error(options: Options, found: ErrorId) -> int:
    out = options.screen.out
    out(f"{found.id}: {found.cause}")
    fix = found.fix or "the error names what to type; the page has the steps"
    _advice(options, "", fix, found.runbook)
    out(f"It ends with exit code {int(found.exit_code)}: {MEANINGS[found.exit_code][0]}.")
    fields = {"id": found.id, "cause": found.cause, "fix": fix, "runbook": found.runbook}
    code = {"exit_code": int(found.exit_code)}
    options.screen.document(SCHEMA, {"ok": True, "kind": "error", **NO_REFUSAL, **fields, **code})
    return Exit.OK


def _unknown(options: Options, code: str) -> int:
    fix = "exit-codes, an exit code, an error's id (--json), an SMTP reply in quotes, or a bounce's file"
    options.screen.say(f"nothing is known of {code!r}", "failed", always=True)
    options.screen.say(f"    fix   {fix}", always=True)
    unknown = {**NO_REFUSAL, "refused_by": "unknown", "layer": "unknown"}
    options.screen.document(SCHEMA, {"ok": False, "kind": "unknown", **unknown, "fix": fix})
    return Exit.FAILED


def show(options: Options, found: Explanation, asked: Asked) -> int:
    """Show one refusal; the exit code is 1 if nothing could be concluded."""
    from rotator.core.explanation import PARTIES

    out, genuine = options.screen.out, _if_genuine(found, asked)
    out(f"refused by   {PARTIES[found.refused_by]}{genuine}")
    if found.reply:
        out(f"reply        {found.reply}")
    if found.recipient:
        out(f"mail         {f'from {found.author} ' if found.author else ''}to {found.recipient}")
    out(f"layer        {found.layer}")
    blame = "to blame" if found.credential_to_blame else "not to blame, as far as this tells"
    out(f"credential   {blame}{genuine if found.credential_to_blame else ''}")
    if asked.is_bounce:
        out(f"authentic    {found.authentic}: {BELIEVED[found.authentic]}")
    _advice(options, found.kind.cause, found.kind.fix, found.kind.runbook)
    if found.kind.checks:
        out(f"Next: {doctor_line(found)}")
    options.screen.document(
        SCHEMA, {"ok": found.known, "kind": "bounce" if asked.is_bounce else "reply", **fields(found)}
    )
    return Exit.OK if found.known else Exit.FAILED


def fields(found: Explanation) -> dict[str, Any]:
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


def doctor_line(found: Explanation) -> str:
    """The command that looks at what the refusal is about."""
    about = f" --recipient {found.recipient}" if found.recipient and _is_about_recipient(found) else ""
    return f"rotator doctor {' '.join(found.kind.checks)}{about}"


def _is_about_recipient(found: Explanation) -> bool:
    return any(one.startswith("recipient") for one in found.kind.checks)


def _if_genuine(found: Explanation, asked: Asked) -> str:
    return ", if this bounce is genuine" if asked.is_bounce and found.authentic == "claimed" and found.known else ""


def _advice(options: Options, why: str, fix: str, see: str) -> None:
    for name, text in (("why", why), ("fix", fix), ("see", see)):
        if text:
            options.screen.out(f"    {name}   {text}")
