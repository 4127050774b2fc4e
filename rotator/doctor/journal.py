"""Layer 0: the journal.  Without one the doctor knows no password and no history, and says so."""

from __future__ import annotations

from rotator.core.access_keys import mask
from rotator.core.errors import NoJournal
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
    if facts is None or facts.run is None:
        return ok(f"current key {mask(facts.current) if facts and facts.current else 'none'}, no run open")
    state = f"run {facts.run.id} is open, so the old key is left alone"
    return ok(f"{state}; {remembered.busy}" if remembered.busy else state)
