"""How effects are called in the journal, and how they end."""

from __future__ import annotations

from enum import StrEnum


class Effect(StrEnum):
    """A change of one key's state at IAM."""

    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    DELETE = "delete"


class Outcome(StrEnum):
    """How an effect ended, as far as we know."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    WAITING = "waiting"  # a push that a person has to make


class CanaryOutcome(StrEnum):
    """How a canary ended."""

    ARRIVED = "arrived"
    REFUSED = "refused"
    UNKNOWN = "unknown"
