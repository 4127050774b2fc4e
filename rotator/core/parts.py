"""Everything one rotation works with, as ports: what `wiring` builds and tests replace by fakes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rotator.core.policy import Policy
from rotator.core.ports import AccessKeys, Consumer, Endpoint, Journal
from rotator.core.steps import Step

CANARY_DEADLINE_S = 75.0  # Gmail's own bounce comes within seconds; no verdict "no bounce" before 60 s


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that was done or found, for whoever shows it.  `status`: ok, failed, waiting.

    `name` is "" for look-ups and short waits, which are not shown, but after which a signal may end the process.
    """

    step: Step
    name: str
    status: str
    detail: str
    ms: int


@dataclass(frozen=True, slots=True)
class Parts:
    """The live parts of one user's rotation.  `sleep` and `monotonic` are the process's own clock, in seconds."""

    policy: Policy
    journal: Journal
    access_keys: AccessKeys
    endpoints: Mapping[str, Endpoint]
    consumers: Mapping[str, Consumer]
    new_token: Callable[[], str]
    verify_deadline_s: float = 600.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    observer: Callable[[Progress], None] = field(default=lambda _: None)
