"""Incidents: which key it is about, why, and what to do if the journal cannot be written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rotator.cli import ask
from rotator.cli.options import Options
from rotator.core.errors import (
    AccessError,
    ConfigurationError,
    HelpNeeded,
    JournalError,
    LockHeld,
    NoJournal,
    RemoteFault,
    RotatorError,
    SealError,
)
from rotator.core.facts import Facts
from rotator.core.policy import Mode

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.rotation.opening import Request

KEY_ID = re.compile(r"[A-Za-z0-9_]{16,128}")  # IAM's own pattern of an AccessKeyId; a masked one does not fit
CANNOT_RECORD = (JournalError, SealError, NoJournal, LockHeld)


def request_of(
    options: Options,
    configuration: Configuration,
    user: str | None,
    mode: Mode,
    key: str,
    reason: str,
    *,
    if_due: bool,
) -> Request:
    """What was asked for.  An incident without a key is refused, naming the keys; a missing reason is asked for."""
    from rotator.rotation.opening import Request

    if mode is Mode.SCHEDULED:
        return Request(reason=reason, if_due=if_due)
    if not KEY_ID.fullmatch(key):
        name = configuration.user(user).name
        wrong = f"{key!r} is no whole access key id" if key else "an incident names the key it is about"
        raise ConfigurationError(
            f"{wrong}; {name} has: {_keys_of(configuration, name)}",
            why="which key leaked is for a person to say",
            fix=f"rotator rotate --user {name} {_flag(mode)} --key AKIA… --reason …",
            runbook="runbooks/compromised-key.md",
            id="incident-needs-key",
        )
    return Request(mode, key, ask.reason(options, reason), if_due)


def _flag(mode: Mode) -> str:
    return "--revoke-first" if mode is Mode.REVOKE_FIRST else "--emergency"


def _keys_of(configuration: Configuration, name: str) -> str:
    from rotator.core.steps import Look
    from rotator.wiring import rotating

    try:
        with rotating.reading(configuration, name) as rotation:
            rotation.look(Look.KEYS)
            listed = rotation.situation.listed.values()
            return ", ".join(f"{one.id} ({one.status})" for one in listed) or "no key"
    except RotatorError:
        return "keys that could not be listed now"


def still_on(facts: Facts, request: Request) -> str:
    """The leaked key of a revoke-first run that nobody has switched off as far as the journal knows; "" = none."""
    run = facts.run
    if Mode.REVOKE_FIRST not in (request.mode, run.mode if run else Mode.SCHEDULED):
        return ""
    in_play = (request.key,) if request.key else (run.old, run.new) if run else ()
    known = [facts.key(one) for one in in_play if one]
    return next((one.id for one in known if one.compromised and not one.deactivated_at), "")


def by_hand(error: RotatorError, user: str, request: Request, profile: str = "") -> RotatorError:
    """What to say where nothing can be written down: of a revoke first the plain line, of anything else the error."""
    return revoke_by_hand(error, user, request.key, profile) if request.mode is Mode.REVOKE_FIRST else error


def revoke_by_hand(error: RotatorError, user: str, key: str, profile: str = "") -> HelpNeeded:
    """Revoke first must not hang on the journal, nor on our own credentials: the plain line that does it without us.

    `profile`: of the file, so that the line acts with the credentials that this program would have.
    """
    from rotator.rotation.opening import plain_revoke

    line = plain_revoke(user, key, profile)
    if isinstance(error, LockHeld):
        why = "another process is at work on this user, and two never interleave; it does not know of the leak"
        fix = f"switch the key off by hand, now: {line}   and once that process has ended: the same command again"
    elif isinstance(error, AccessError | RemoteFault):
        why = "the key is STILL ACTIVE as far as is known: IAM did not do it for these credentials, or did not answer"
        fix = f"switch it off by hand, now, as somebody who may: {line}   then the same command again"
    else:
        why = "the key is still Active, and this program changes nothing that it cannot write down"
        fix = f"switch it off by hand, now: {line}"
    return HelpNeeded(
        f"{key} was not revoked: {error}",
        why=why,
        fix=fix,
        id="revoke-by-hand",
        runbook="runbooks/compromised-key.md",
    )
