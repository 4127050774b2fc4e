"""Places that went back to an older credential, or took a stranger's: what they say they hold against what they owe.

Pure.  Only a place that can be read back can be found out this way, and only one that was told: what a place new in
the file holds is its own affair until the next rotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rotator.core.access_keys import mask
from rotator.core.facts import Facts
from rotator.core.history.events import Outcome
from rotator.core.mixed import Mixed
from rotator.core.policy import Policy
from rotator.core.ports import Holding

DRIFT_PAGE = "runbooks/consumer-push.md#drift"


@dataclass(frozen=True, slots=True)
class Drift:
    """One place that is behind.  Key ids are whole; `gone`: no Active key has that id, so its mail is refused."""

    consumer: str
    holds: str
    owed: str
    gone: bool

    @property
    def text(self) -> str:
        """`relay holds AKIA…E2RL!`, as the table shows it."""
        return f"{self.consumer} holds {mask(self.holds)}!"

    @property
    def sentence(self) -> str:
        """What is wrong, and whether mail goes out."""
        mail = "which is not Active: its mail is refused" if self.gone else "which still works"
        return f"{self.consumer} holds {mask(self.holds)}, {mail}; it was told {mask(self.owed)}"


def owed(facts: Facts, name: str) -> tuple[str, ...]:
    """The key ids that a place may rightly hold; empty for one that nobody has told anything."""
    known, run = facts.consumer(name), facts.run
    if run is not None and run.new and known.pushed == run.new and known.push_outcome == Outcome.DONE:
        return (run.new,)
    return known.may_hold


def drifted(facts: Facts, policy: Policy, holdings: Mapping[str, Holding], active: frozenset[str]) -> tuple[Drift, ...]:
    """The places of the file that hold another key than they owe.  A place that could not say is not accused.

    `active`: the ids of the keys that were listed as Active.
    """
    found = []
    for traits in policy.consumers:
        right, holding = owed(facts, traits.name), holdings.get(traits.name)
        held = holding.keys if isinstance(holding, Mixed) else (holding,)
        wrong = [key for key in held if isinstance(key, str) and right and key not in right]
        if wrong:
            found.append(Drift(traits.name, wrong[0], right[-1], gone=wrong[0] not in active))
    return tuple(found)
