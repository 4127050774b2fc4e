"""Time as the search sees it: now stands still, the past moves away, and what is long ago is merely long ago.

Rules only compare times with each other and with constants.  So a gap longer than every constant can be shortened
to just above the longest without any comparison changing its answer; that keeps the number of states finite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from rotator.core.access_keys import AccessKey, LastUse
from rotator.core.facts import ConsumerFacts, CreateIntent, Facts, KeyFacts, Run
from rotator.core.situation import Observed
from tests.explorer.world import NOW, Late, Row, World

TIMES: dict[type, tuple[str, ...]] = {
    AccessKey: ("created",),
    LastUse: ("at",),
    Observed: ("keys_at",),
    Facts: ("latest",),
    KeyFacts: (
        "born",
        "effect_until",
        "deactivated_at",
        "deactivate_until",
        "unclear_until",
        "refused_at",
        "first_login",
        "last_login",
    ),
    ConsumerFacts: (
        "push_at",
        "push_until",
        "drain_until",
        "attested_at",
        "canary_first_at",
        "canary_at",
        "canary_tried_at",
    ),
    CreateIntent: ("at", "until"),
    Run: ("new_at", "reactivated_at", "refused_since"),
    Row: ("created",),
    Late: ("until",),
    World: ("before_until",),
}
# Written for people and reports; no rule reads them (a test holds the rules to that).
UNREAD: dict[type, dict[str, Any]] = {
    Facts: {"rotated_at": 0},
    ConsumerFacts: {"revealed_at": 0},
    Run: {"opened": 0},
}
PAIRS = {"lag", "used"}  # of World: (key, time)
NESTED: dict[type, tuple[str, ...]] = {
    Observed: ("keys", "last_use"),
    Facts: ("keys", "consumers", "intents", "run"),
    World: ("rows", "before", "late", "lag", "used"),
}


def visit(value: Any, time: Callable[[int], int]) -> Any:
    """The value with every time in it put through `time`; 0 and None mean "never" and stay."""
    if isinstance(value, tuple):
        return tuple(visit(one, time) for one in value) if value else value
    kind = type(value)
    if kind not in TIMES:
        return value
    changes: dict[str, Any] = {name: time(at) for name in TIMES[kind] if (at := getattr(value, name))}
    for name in NESTED.get(kind, ()):
        inner = getattr(value, name)
        if name in PAIRS:
            changes[name] = tuple((key, time(at)) for key, at in inner)
        elif inner:
            changes[name] = visit(inner, time)
    return replace(value, **changes) if changes else value


@lru_cache(maxsize=100_000)
def tidy(facts: Facts) -> Facts:
    """The facts without what no rule reads: states that differ only there are one state."""
    run = replace(facts.run, **UNREAD[Run]) if facts.run else None
    consumers = tuple(replace(one, **UNREAD[ConsumerFacts]) for one in facts.consumers)
    return replace(facts, run=run, consumers=consumers, **UNREAD[Facts])


def later(values: tuple[Any, ...], seconds: int, longest: int) -> tuple[Any, ...]:
    """The same values `seconds` later: all times move back, and gaps longer than `longest` shrink to it."""
    seen: set[int] = set()

    def note(at: int) -> int:
        seen.add(at - seconds)
        return at

    visit(values, note)
    moved, before, place = {}, int(NOW), int(NOW)
    for at in sorted((one for one in seen if one < NOW), reverse=True):
        place -= min(before - at, longest)
        before = at
        moved[at] = place
    return tuple(visit(values, lambda at: moved.get(at - seconds, at - seconds)))
