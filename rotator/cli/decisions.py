"""A person's decisions: abort, discard, reactivate, forget, correct-clock.  Each is checked, recorded and acted on."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli import ask
from rotator.cli.options import Key, Options, Reason, User, Yes, command
from rotator.cli.work import Work, at_work, go_on, user_and_consumer
from rotator.core.access_keys import mask
from rotator.core.errors import ConfigurationError, StopError
from rotator.core.times import iso, when

if TYPE_CHECKING:
    from collections.abc import Callable


@command
def abort(options: Options, user: User = None, reason: Reason = "") -> int:
    """Drop the open rotation and discard its new key; refused as soon as anybody may hold that key."""
    from rotator.rotation import interventions

    why = ask.reason(options, reason)
    return _decide(options, user, lambda work: interventions.abort(work.rotation, why))


@command
def discard(options: Options, user: User = None, key: Key = "", reason: Reason = "") -> int:
    """Answer "whose key is this?": nobody's.  Only for the never used fruit of a create whose outcome was unclear."""
    from rotator.rotation import interventions

    named, why = _named(key), ask.reason(options, reason)
    return _decide(options, user, lambda work: interventions.discard(work.rotation, named, why))


def _decide(options: Options, user: str | None, decision: Callable[[Work], None]) -> int:
    with at_work(options, user) as work:
        decision(work)
        report, fields = go_on(options, work)
    options.screen.document("rotator/rotate/1", fields)
    return int(report.exit_code)


def _named(key: str) -> str:
    if not key:
        raise ConfigurationError(
            "--key is missing", why="the key is named by a person", fix="rotator status shows them"
        )
    return key


@command
def reactivate(options: Options, user: User = None, key: Key = "", reason: Reason = "", yes: Yes = False) -> None:
    """Switch the Inactive old key on again and leave the run open at push.

    A key that leaked is switched on only at a terminal, where the question is answered by hand.
    """
    from rotator.rotation import interventions

    named, why = _named(key), ask.reason(options, reason)
    by_hand = options.interactive and sys.stdin.isatty() and not yes
    if by_hand and not ask.yes(options, f"Switch {named} on again? Whoever has it can log in then."):
        options.screen.out("Nothing was changed.")
        options.screen.document("rotator/reactivate/1", {"ok": True, "outcome": "declined", "key": mask(named)})
        return
    with at_work(options, user) as work:
        interventions.reactivate(work.rotation, named, why, at_terminal=by_hand)
        work.steps.show("reactivate", mask(named))
        name = work.rotation.facts.user
    options.screen.out(f"{mask(named)} is Active again; the run is open at push.\nNext: rotator rotate --user {name}")
    options.screen.document("rotator/reactivate/1", {"ok": True, "outcome": "reactivated", "key": mask(named)})


@command
def forget(
    options: Options,
    names: Annotated[list[str], typer.Argument(metavar="[USER] CONSUMER", help="The consumer, and whose it is.")],
    user: User = None,
    reason: Reason = "",
) -> None:
    """Say that a consumer which is no longer in the file holds nothing any more."""
    from rotator.rotation import interventions

    owner, consumer = user_and_consumer(names, user)
    why = ask.reason(options, reason)
    with at_work(options, owner) as work:
        interventions.forget(work.rotation, consumer, why)
        name = work.rotation.facts.user
    options.screen.out(f"{consumer} is forgotten.\nNext: rotator rotate --user {name}")
    options.screen.document("rotator/forget/1", {"ok": True, "user": name, "consumer": consumer})


@command
def correct_clock(options: Options, user: User = None, reason: Reason = "") -> None:
    """Say that it is now what AWS and this machine say, and that later times in the journal are a mistake.

    Every wait that is still open begins anew.  Only at a terminal: with a wrong time a key would go too early.
    """
    from rotator.rotation import correcting

    at_terminal = options.interactive and sys.stdin.isatty()
    why = ask.reason(options, reason) if at_terminal else ""  # without one nothing is recorded, so none is asked for
    with at_work(options, user) as work:
        wrong = correcting.wrong_date(work.rotation, int(time.time()))
        if not at_terminal:
            raise StopError(
                f"the journal's newest time, {when(wrong.newest)}, is corrected only by a person at a terminal",
                why="with a wrong time every wait could look long over",
                fix="run the same command at a terminal, without a pipe",
                id="clock-needs-person",
                runbook="runbooks/restore.md#the-journal-is-ahead-of-the-clock",
            )
        question = f"It is {when(wrong.now)}, and {when(wrong.newest)} in the journal is a mistake?"
        options.screen.say("Open waits begin anew; no key is touched.")
        corrected = ask.yes(options, question)
        if corrected:
            correcting.correct_clock(work.rotation, why)
        name = work.rotation.facts.user
    done = f"The journal goes on from {when(wrong.now)}; every wait that is open begins anew."
    options.screen.out(f"{done}\nNext: rotator rotate --user {name}" if corrected else "Nothing was changed.")
    fields = {"user": name, "newest": iso(wrong.newest), "now": iso(wrong.now)}
    outcome = "corrected" if corrected else "declined"
    options.screen.document("rotator/correct-clock/1", {"ok": True, "outcome": outcome, **fields})
