"""What all events have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events.  `at`: UTC epoch seconds of AWS's clock."""

    at: int
