"""Layer 0: the journal.  Without one the doctor knows no password and no history, and says so."""

from __future__ import annotations

from rotator.core.access_keys import mask
from rotator.core.errors import NoJournal, RotatorError
from rotator.core.policy import CLOCK_SLACK_S, DAY_S
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, ok, skipped
from rotator.doctor.ground import Ground


@check("journal.read", "the journal can be read and believed", Kind.USER, "restore.md")
def read(ground: Ground, subject: Subject) -> Verdict:
    """What is remembered of this user, and whether a run is open."""
    remembered = ground.users[subject.user].remembered
    if isinstance(remembered.problem, NoJournal):
        return skipped("no journal here, so no password and no history: rotator adopt")
    if remembered.problem is not None:
        return broken(str(remembered.problem), remembered.problem.fix or "see the page")
    facts = remembered.facts
    if facts is not None and (ahead := _ahead_s(ground, subject.user, facts.latest)) > CLOCK_SLACK_S:
        far = f"{ahead // DAY_S} d" if ahead >= 2 * DAY_S else f"{ahead // 60} min"
        return broken(
            f"ahead of AWS's clock by {far}, so no rotation goes on",
            f"another world's journal: name the right file; else, at a terminal: rotator correct-clock --user "
            f"{subject.user}   (runbooks/restore.md#the-journal-is-ahead-of-the-clock)",
        )
    if facts is None or facts.run is None:
        return ok(f"current key {mask(facts.current) if facts and facts.current else 'none'}, no run open")
    off = bool(facts.run.old) and facts.key(facts.run.old).deactivated_at > 0
    state = f"run {facts.run.id} is open, {'its old key is off' if off else 'so the old key is left alone'}"
    return ok(f"{state}; {remembered.busy}" if remembered.busy else state)


def _ahead_s(ground: Ground, user: str, latest: int) -> int:
    """How far the newest entry is in the future; 0 if AWS cannot be asked, which other checks say."""
    try:
        return latest - ground.keys(ground.users[user]).now
    except RotatorError:
        return 0
