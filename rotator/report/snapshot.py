"""What the report is made of: per user the journal and the key list, per account what was looked up, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rotator.core.access_keys import AccessKey, LastUse
from rotator.core.history import events as ev
from rotator.core.policy import Policy


@dataclass(frozen=True, slots=True)
class UserSnapshot:
    """One IAM user.  `policy` None: never adopted here.  `missing`: why IAM's part could not be looked up, or ""."""

    user: str
    region: str
    policy: Policy | None = None
    events: Sequence[ev.Event] = ()
    keys: tuple[AccessKey, ...] = ()
    last_use: Mapping[str, LastUse | None] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)  # key id -> one or two words, as `status` says them
    questions: tuple[str, ...] = ()  # what waits for a person, in whole sentences
    overdue: bool = False
    stuck: bool = False
    untold: tuple[str, ...] = ()  # the places that the open run could not tell, which is why it is stuck
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """One of SES's reputation rates: (UTC epoch seconds, part of 1) points, oldest first, and AWS's two lines."""

    name: str  # "bounce" or "complaint"
    region: str
    review: float  # AWS may review the account from here on
    pause: float  # ... and may pause it from here on
    points: tuple[tuple[int, float], ...] = ()
    missing: str = ""  # why there are no points, or ""

    @property
    def latest(self) -> float | None:
        """The newest value."""
        return self.points[-1][1] if self.points else None

    @property
    def over(self) -> str:
        """Which of AWS's lines the newest value has reached: "pause", "review" or ""."""
        latest = self.latest or 0.0
        return "pause" if latest >= self.pause else "review" if latest >= self.review else ""


@dataclass(frozen=True, slots=True)
class Growth:
    """Addresses added to the account's suppression list, a day: (UTC epoch seconds of the day, bounces, complaints)."""

    region: str
    days: tuple[tuple[int, int, int], ...] = ()  # every day, also one without an address, up to `seen`
    seen: int = 0  # when the list was read last
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything, as it stood at `at` (UTC epoch seconds)."""

    at: int
    users: tuple[UserSnapshot, ...]
    rates: tuple[Rate, ...] = ()
    growth: tuple[Growth, ...] = ()
