"""Whether a run begins, goes on, or becomes more urgent: the start of every `rotate`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from rotator.core.access_keys import Instant, KeyId, mask
from rotator.core.errors import ConfigurationError, RotatorError, StopError
from rotator.core.history import events as ev
from rotator.core.next_step import decide
from rotator.core.policy import Mode
from rotator.core.steps import Look, Observe, Refuse
from rotator.core.times import id_stamp
from rotator.rotation.loop import Rotation

LOOKS_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What a person or a timer asked for.  Incidents (`mode` above SCHEDULED) name the key they are about."""

    mode: Mode = Mode.SCHEDULED
    key: str = ""
    reason: str = ""
    if_due: bool = False
    grace_s: int | None = None  # for this run, until it is over; None = the file's

    def __post_init__(self) -> None:
        if self.mode > Mode.SCHEDULED and not (self.key and self.reason):
            raise ConfigurationError(
                "an incident names the key it is about and says why",
                fix="add --key AKIA… and --reason …; `rotator status` shows the keys",
                runbook="runbooks/compromised-key.md",
                id="incident-needs-key",
            )


def new_run_id(user: str, now: int) -> str:
    """`20261124-031400-jada-ses-smtp`: sorts by time, says whose run it is."""
    return f"{id_stamp(now)}-{user}"


def begin(rotation: Rotation, request: Request, run_id: str = "") -> str:
    """Open a run, raise its mode, or leave it.  "" = go on; else why nothing is to be done ("not due", "retired").

    `run_id` "" makes one from AWS's time.
    Raises StopError for a key that is not ours, AccessError or RemoteFault if IAM cannot be asked.
    """
    # Revoking must not hang on a look-up; the time is then the journal's newest entry.
    ignore = contextlib.suppress(RotatorError) if request.mode is Mode.REVOKE_FIRST else contextlib.nullcontext()
    with ignore:
        rotation.look(Look.KEYS)
    if request.mode is Mode.EMERGENCY or (request.mode is Mode.SCHEDULED and request.grace_s is not None):
        rotation.look(Look.IDENTITY)  # recorded at once: see Rotation.survey
    run_id = run_id or new_run_id(rotation.facts.user, rotation.time.now())
    if request.mode > Mode.SCHEDULED:
        return _incident(rotation, request, run_id)
    if rotation.facts.run is not None:
        _choose_grace(rotation, request)
        return ""
    if request.if_due and not is_due(rotation):
        return "not due"
    if not _behind(rotation):
        _open(rotation, request, run_id)
    return ""


def _behind(rotation: Rotation) -> bool:
    """Whether the journal is from a backup: a run opened now would make it look newer than the key it lacks."""
    for _ in range(LOOKS_AT_MOST):
        parts = rotation.parts
        step, _ = decide(rotation.facts, rotation.observed, parts.policy, rotation.time.now())
        if not isinstance(step, Observe):
            return isinstance(step, Refuse) and step.id == "journal-behind"
        rotation.look(step.what, step.target)
    return False


def due_at(rotation: Rotation) -> Instant | None:
    """When the current key is to be rotated; None if it is not listed, which is due at once."""
    key = rotation.situation.listed.get(rotation.facts.current)
    return Instant(key.created + rotation.parts.policy.rotate_at_s) if key else None


def is_due(rotation: Rotation) -> bool:
    """Whether the current key has reached its age, or is gone."""
    at = due_at(rotation)
    return at is None or rotation.time.now() >= at


def _open(rotation: Rotation, request: Request, run_id: str) -> None:
    consumers = rotation.parts.policy.consumers
    names, places = tuple(one.name for one in consumers), tuple(one.place for one in consumers)
    old = rotation.facts.current
    grace = -1 if request.grace_s is None else request.grace_s
    rotation.record(ev.RunOpened(rotation.time.now(), run_id, request.mode, request.reason, old, names, grace, places))


def _choose_grace(rotation: Rotation, request: Request) -> None:
    """Another grace for a run that is open already."""
    run = rotation.facts.run
    if run is not None and request.grace_s is not None and request.grace_s != run.grace:
        rotation.record(ev.ModeRaised(rotation.time.now(), run.mode, run.reason, request.grace_s))


def _incident(rotation: Rotation, request: Request, run_id: str) -> str:
    key, run = request.key, rotation.facts.run
    in_play = (run.old, run.new) if run else (rotation.facts.current,)
    if key not in in_play:
        unseen = rotation.observed.keys is None  # then it may have come back
        came_back = key in rotation.facts.lost and (unseen or key in rotation.situation.listed)
        if _was_ours(rotation, key) and not came_back:
            return "retired"
        seen = "was neither adopted nor made here"
        if came_back:
            seen = f"was gone from IAM{'; whether it came back cannot be seen now' if unseen else ' and came back'}"
        raise StopError(
            f"{mask(key)} {seen}",
            why="strangers' keys are never touched, in any mode",
            fix=f"switch it off by hand: {plain_revoke(rotation.facts.user, key)}",
            id="strangers-key",
            runbook="runbooks/compromised-key.md",
        )
    if run is None:
        _open(rotation, request, run_id)
    known = rotation.facts.key(key)
    if not known.compromised or known.held:  # also one that a person switched on again: the word is given anew
        rotation.record(ev.Compromised(rotation.time.now(), key, request.reason))
    if rotation.facts.run is not None and rotation.facts.run.mode < request.mode:
        rotation.record(ev.ModeRaised(rotation.time.now(), request.mode, request.reason))
    _choose_grace(rotation, request)
    return ""


def _was_ours(rotation: Rotation, key: str) -> bool:
    return any(
        isinstance(event, ev.Adopted | ev.KeyCreated) and event.key == key for event in rotation.parts.journal.events()
    )


def plain_revoke(user: str, key: str | KeyId, profile: str = "") -> str:
    """The AWS CLI line that switches a key off without this program."""
    with_profile = f" --profile {profile}" if profile else ""
    return f"aws iam update-access-key --user-name {user} --access-key-id {key} --status Inactive{with_profile}"
