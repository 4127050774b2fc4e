"""Partial responses: the `fields` parameter, e.g. `sendAs(sendAsEmail,smtpMsa/host),nextPageToken`."""

from __future__ import annotations

import re
from typing import Any

from rotator.sandbox.gmail.errors import invalid_argument

TOKENS = re.compile(r"[A-Za-z0-9_*]+|[(),/]")
Tree = dict[str, Any]  # name -> Tree; an empty one means everything below


def select(answer: dict[str, Any], mask: str) -> dict[str, Any]:
    """The parts of `answer` that `mask` names; raises ApiError 400 for a mask that cannot be read."""
    if not mask or mask == "*":
        return answer
    tokens = TOKENS.findall(mask)
    if "".join(tokens) != mask:
        raise _unreadable(mask)
    tree = _list(tokens, mask)
    if tokens:
        raise _unreadable(mask)
    picked: dict[str, Any] = _pick(answer, tree)
    return picked


def _list(tokens: list[str], mask: str) -> Tree:
    tree: Tree = {}
    while True:
        name, below = _path(tokens, mask)
        tree[name] = {**tree.get(name, {}), **below}
        if not tokens or tokens[0] != ",":
            return tree
        tokens.pop(0)


def _path(tokens: list[str], mask: str) -> tuple[str, Tree]:
    if not tokens or tokens[0] in "(),/":
        raise _unreadable(mask)
    name = tokens.pop(0)
    if tokens and tokens[0] == "/":
        tokens.pop(0)
        inner, below = _path(tokens, mask)
        return name, {inner: below}
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        below = _list(tokens, mask)
        if not tokens or tokens.pop(0) != ")":
            raise _unreadable(mask)
        return name, below
    return name, {}


def _pick(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [_pick(item, tree) for item in value]
    if not tree or not isinstance(value, dict):
        return value
    everything: Tree = dict.fromkeys(value, tree["*"]) if "*" in tree else {}
    wanted = everything | tree
    return {name: _pick(item, wanted[name]) for name, item in value.items() if name in wanted}


def _unreadable(mask: str) -> Exception:
    return invalid_argument(f"Request contains an invalid argument. Invalid field selection {mask}")
