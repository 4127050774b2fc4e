"""How long the audit of many places takes beside what they take themselves."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from rotator.audit.mails import WORKERS, Clock, send_all
from rotator.core.mail.arrivals import Delivered, Sighting
from rotator.core.policy import Traits
from rotator.core.ports import Arrived, Canary, CanaryAnswer, Deadline
from tests.audit.targets import SENDER, target

PLACES, ROUND_TRIPS_S = 64, 0.64  # connect, TLS, login, mail: 8 round trips of 80 ms
LEAST_S = PLACES / WORKERS * ROUND_TRIPS_S


@dataclass
class _Far:
    """Where every mail is seen at the next look, 80 ms away."""

    mails: dict[str, Sighting] = field(default_factory=dict)

    def look(self, tokens: Collection[str], deadline: Deadline) -> Mapping[str, Sighting]:
        time.sleep(0.08)
        return {token: self.mails[token] for token in tokens if token in self.mails}


@dataclass
class _Place:
    """A place that takes its round trips and nothing else."""

    name: str
    far: _Far

    @property
    def traits(self) -> Traits:
        return Traits(self.name, "credential_file", "e", sends=True)

    def send(self, canary: Canary, deadline: Deadline) -> CanaryAnswer:
        time.sleep(ROUND_TRIPS_S)
        self.far.mails[canary.token] = Delivered(SENDER, "delivered")
        return Arrived()


def wall_s() -> float:
    """Seconds from the first mail to the last result."""
    far = _Far()
    targets = [target(_Place(f"p{n}", far)) for n in range(PLACES)]
    began = time.perf_counter()
    results = list(send_all(targets, far, 60.0, Clock()))
    if len(results) != PLACES:
        raise RuntimeError(f"{len(results)} of {PLACES} places have a result")
    return time.perf_counter() - began
