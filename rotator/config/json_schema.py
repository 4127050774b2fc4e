"""The file's JSON Schema, for editors and for `rotator config schema`."""

from __future__ import annotations

from typing import Any

from rotator.config.forms import AUTO
from rotator.config.schema import File
from rotator.core import durations

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema, JSON-ready.  It knows the form of every key; rules over several values are the loader's."""
    found = File.model_json_schema() | {"title": "rotator configuration"}
    for model in (found, *found["$defs"].values()):
        for field in model["properties"].values():
            _default_as_written(field)
    return {"$schema": DIALECT, **found}


def _default_as_written(field: dict[str, Any]) -> None:
    """Durations are seconds inside and text in the file; the defaults of a section stand with the section."""
    pattern = field.get("pattern", "")
    if isinstance(field.get("default"), dict):
        del field["default"]
    elif pattern.startswith(f"^{AUTO}$"):
        field["default"] = AUTO
    elif pattern == durations.PATTERN and "default" in field:
        field["default"] = durations.format_duration(field["default"])
