"""`rotator explain`: what an exit code means and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from rotator.cli.options import Options, command
from rotator.core.errors import ConfigurationError, Exit

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


@command
def explain(
    options: Options,
    code: Annotated[str, typer.Argument(metavar="CODE", help="`exit-codes`, or one of them.")] = "exit-codes",
) -> None:
    """What the exit codes mean, for cron, systemd and scripts."""
    chosen = [one for one in Exit if code in ("exit-codes", str(int(one)))]
    if not chosen:
        known = ", ".join(str(int(one)) for one in Exit)
        raise ConfigurationError(
            f"nothing is known of {code!r}", fix=f"exit-codes, or one of {known}", id="unknown-code"
        )
    options.screen.table(("CODE", "MEANING", "REACTION"), [(str(int(one)), *MEANINGS[one]) for one in chosen])
    rows = [{"code": int(one), "meaning": MEANINGS[one][0], "reaction": MEANINGS[one][1]} for one in chosen]
    options.screen.document("rotator/explain/1", {"ok": True, "codes": rows})
