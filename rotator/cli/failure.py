"""How a failure is told, always in the same order.

What failed, why, fix, see, whether mail still flows and on which key, the next command, the exit code.
Errors mask key ids themselves, where no command needs them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rotator.cli import render
from rotator.cli.crash import redacted
from rotator.cli.render import Screen
from rotator.cli.signals import Interrupted
from rotator.cli.text import both, mask_ids
from rotator.core.errors import Exit, RotatorError
from rotator.core.secret import without_secrets

UNTOUCHED = "Nothing was changed: mail flows as it did before."
AS_FAR = "As far as keys go, mail flows"  # whether SES has paused the account is not asked here


@dataclass(frozen=True, slots=True)
class Failure:
    """What a person, a timer and a script are told.  Texts hold no secret; key ids in `fix` and `next` are whole."""

    exit_code: int
    id: str
    message: str
    why: str = ""
    fix: str = ""
    runbook: str = ""
    next: str = ""

    @classmethod
    def of(cls, error: RotatorError) -> Failure:
        """The failure that an error of ours describes."""
        from rotator.core.error_ids import at_section

        page = at_section(error.id, error.runbook)
        return cls(int(error.exit_code), error.id, str(error), error.why, error.fix, page)

    @classmethod
    def of_usage(cls, error: Any) -> Failure:
        """A command line that cannot be understood; the value of an option is not repeated if it could be a secret."""
        context = getattr(error, "ctx", None)
        path = getattr(context, "command_path", "rotator")
        message = without_secrets(error.format_message())
        return cls(Exit.USAGE, "usage", message, "the command line cannot be understood", f"see: {path} --help")

    @classmethod
    def of_interruption(cls, stop: BaseException) -> Failure:
        """A signal ended the command."""
        code = stop.exit_code if isinstance(stop, Interrupted) else Exit.INTERRUPTED
        why = stop.why if isinstance(stop, Interrupted) else "nothing was in hand"
        fix = "run the same command again: it goes on from there"
        return cls(int(code), "interrupted", f"stopped by {str(stop) or 'SIGINT'}", why, fix)

    @classmethod
    def of_bug(cls, error: BaseException, path: str) -> Failure:
        """What nobody foresaw."""
        where = f"report it with {path}" if path else "report it with the text below"
        return cls(
            Exit.BUG, "bug", f"this is a bug in rotator: {type(error).__name__}",
            "the journal holds what was done; nothing is lost", f"{where}, then run the same command again",
            "runbooks/ses-smtp-key-rotation.md#a-bug",
        )  # fmt: skip


def tell(failure: Failure, error: RotatorError | None = None) -> int:
    """Tell the failure on stderr, and as the one JSON document if that was asked for; returns the exit code."""
    screen = render.screen()
    screen.release(show=True)
    show(screen, failure)
    if screen.debug and error is not None:
        screen.say(redacted(error), always=True)
    fields = {"ok": False, **asdict(failure), "mail_flows_on": [mask_ids(key) for key in screen.mail_flows_on]}
    screen.document("rotator/error/1", fields)
    screen.finish(failure.exit_code)
    return failure.exit_code


def show(screen: Screen, failure: Failure) -> None:
    """The block on stderr."""
    first, *rest = failure.message.split("\n")
    screen.say("\n".join([first, *(f"  {line}" for line in rest)]), "failed", always=True)
    for name, text in (("why", failure.why), ("fix", failure.fix), ("see", failure.runbook)):
        if text:
            screen.say(f"    {name}   {text}", always=True)
    if screen.flow:
        screen.say(screen.flow, always=True)
    if failure.next:
        screen.say(f"Next: {failure.next}", always=True)
    screen.say(f"(exit {int(failure.exit_code)})", always=True)


def flow_line(
    keys: tuple[str, ...],
    *,
    others: tuple[str, ...] = (),
    listed: bool = True,
    touched: bool = True,
    cut_off: tuple[str, ...] = (),
    through: tuple[str, ...] = (),
) -> str:
    """Whether mail still flows and on which key, as far as that hangs on keys.

    `keys` are the Active ones that we know, `others` the Active ones that we do not; `touched`: this process may have
    changed something; `cut_off`: the places that have none of the keys, `through` the others.
    """
    if not keys:
        if others:
            unknown = both(tuple(mask_ids(one) for one in others))
            return f"No key that rotator knows is Active; whether mail flows on {unknown} cannot be told from here."
        if listed:
            return "Mail does NOT flow: none of the keys that rotator knows is Active."
        return "Whether mail flows was not looked at." if touched else UNTOUCHED
    shown = both(tuple(mask_ids(one) for one in keys))
    if cut_off:
        flows = f"{AS_FAR} through {', '.join(through)} on {shown}" if through else f"{shown}: nobody has it yet"
        return f"{flows}; NOT through {', '.join(cut_off)}."
    return f"{AS_FAR}: {shown} {'is' if len(keys) == 1 else 'are both'} Active."
