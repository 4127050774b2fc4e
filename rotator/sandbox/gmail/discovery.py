"""Google's own description of the Gmail API: which calls there are, and what a request may look like.

It is the document that google-api-python-client ships.  Stricter than Google in one place: a number written
as a string is refused (Google converts it).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rotator.sandbox.gmail.errors import invalid_argument, not_found

INT32 = range(-(2**31), 2**31)


@dataclass(frozen=True, slots=True)
class Method:
    """One call of the API.  `name` is short: "sendAs.patch", "messages.send"."""

    name: str
    http_method: str
    path: re.Pattern[str]
    scopes: frozenset[str]
    request: str | None
    query: frozenset[str]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class Call:
    """A request's method and the values in its path."""

    method: Method
    path: dict[str, str]


@cache
def document() -> dict[str, Any]:
    """The packaged discovery document, gmail v1."""
    found = find_spec("googleapiclient")
    assert found is not None, "google-api-python-client is missing"
    folder = Path(next(iter(found.submodule_search_locations or ())))
    loaded: dict[str, Any] = json.loads((folder / "discovery_cache/documents/gmail.v1.json").read_text("utf-8"))
    return loaded


@cache
def methods() -> tuple[Method, ...]:
    """Every call of the document."""
    shared = frozenset(document()["parameters"])
    return tuple(_method(found, shared) for found in _walk(document()))


def find(http_method: str, path: str) -> Call:
    """The call that a request line means; raises ApiError 404."""
    for method in methods():
        match = method.path.fullmatch(path)
        if match and method.http_method == http_method:
            return Call(method, {name: unquote(value) for name, value in match.groupdict().items()})
    raise not_found()


def check_query(method: Method, query: dict[str, list[str]]) -> None:
    """Refuse parameters that the document does not name, and missing ones; raises ApiError 400."""
    for name in query:
        if name not in method.query:
            raise invalid_argument(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message."
            )
    missing = sorted(method.required - set(query))
    if missing:
        raise invalid_argument(f"Required parameter is missing: {missing[0]}")


def check_body(schema: str, value: object) -> dict[str, Any]:
    """The request body if it fits `schema`, without its nulls; raises ApiError 400 naming the field, not the value."""
    if not isinstance(value, dict):
        raise invalid_argument("Invalid JSON payload received. Expected an object.")
    return _object(schema, value, _snake(schema))


def _walk(node: dict[str, Any]) -> list[dict[str, Any]]:
    below = [found for child in node.get("resources", {}).values() for found in _walk(child)]
    return [*node.get("methods", {}).values(), *below]


def _method(found: dict[str, Any], shared: frozenset[str]) -> Method:
    pattern = re.sub(r"\{\+?(\w+)\}", r"(?P<\1>[^/]+)", found["path"])
    own = {name: spec for name, spec in found.get("parameters", {}).items() if spec["location"] == "query"}
    return Method(
        name=".".join(found["id"].split(".")[-2:]),
        http_method=found["httpMethod"],
        path=re.compile("/" + pattern),
        scopes=frozenset(found.get("scopes", ())),
        request=found.get("request", {}).get("$ref"),
        query=shared | frozenset(own),
        required=frozenset(name for name, spec in own.items() if spec.get("required")),
    )


def _object(schema: str, value: dict[str, Any], where: str) -> dict[str, Any]:
    known = document()["schemas"][schema]["properties"]
    for name in value:
        if name not in known:
            raise invalid_argument(
                f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field."
            )
    return {
        name: _value(known[name], item, f"{where}.{_snake(name)}") for name, item in value.items() if item is not None
    }


def _value(spec: dict[str, Any], value: object, where: str) -> object:
    if "$ref" in spec:
        if not isinstance(value, dict):
            raise _invalid(where, spec["$ref"])
        return _object(spec["$ref"], value, where)
    if spec["type"] == "array":
        if not isinstance(value, list):
            raise _invalid(where, "list")
        return [_value(spec["items"], item, f"{where}[{n}]") for n, item in enumerate(value)]
    _scalar(spec, value, where)
    return value


def _scalar(spec: dict[str, Any], value: object, where: str) -> None:
    kind = spec["type"]
    fits = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool) and value in INT32,
    }
    if not fits[kind]:
        raise _invalid(where, {"string": "TYPE_STRING", "boolean": "TYPE_BOOL", "integer": "TYPE_INT32"}[kind])
    if "enum" in spec and value not in spec["enum"]:
        raise _invalid(where, "TYPE_ENUM")


def _invalid(where: str, kind: str) -> Exception:
    return invalid_argument(f"Invalid value at '{where}' ({kind})")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
