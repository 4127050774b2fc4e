"""An event as the journal stores it: its kind and JSON-ready fields, and back."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from rotator.core.history.events import KINDS, Event


def to_record(event: Event) -> tuple[str, dict[str, Any]]:
    """The event as (kind, JSON-ready fields)."""
    return type(event).__name__, asdict(event)


def from_record(kind: str, data: dict[str, Any]) -> Event:
    """The event of a stored record.  Raises KeyError for a kind and TypeError for fields that we do not know."""
    of_kind = KINDS[kind]
    tuples = {one.name for one in fields(of_kind) if str(one.type).startswith("tuple")}
    values: dict[str, Any] = {name: tuple(value) if name in tuples else value for name, value in data.items()}
    return of_kind(**values)
