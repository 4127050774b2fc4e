"""What a secret looks like where it should not be: as it is, and in every dress that a format puts on it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import quote, quote_plus

SHORTEST = 16  # bytes: anything shorter is found by chance


@cache
def forms(secret: str) -> frozenset[bytes]:
    """The secret raw, URL-quoted, JSON-escaped, and in base64 wherever in a blob it stands (AUTH PLAIN, Basic)."""
    assert len(secret) >= SHORTEST
    raw = secret.encode()
    escaped = json.dumps(secret)[1:-1]
    found = {
        raw,
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        escaped.encode(),
        escaped.replace("/", "\\/").encode(),
        repr(secret)[1:-1].encode(),
        *_in_base64(raw),
    }
    if (bare := _decoded(secret)) is not None:  # the seal key's own bytes, a password's own bytes
        found.add(bare)
    return frozenset(found)


def _in_base64(raw: bytes) -> set[bytes]:
    r"""The part of the base64 text that the secret alone decides, for each of its three places in a triple of bytes.

    `\0user\0password` and `user:password` put it anywhere; both alphabets, because tokens use the other one.
    """
    found = set()
    for place in range(3):
        encoded = base64.b64encode(bytes(place) + raw)
        first = -(-place * 4 // 3)  # characters that hold a bit of what stands before it
        last = len(raw + bytes(place)) * 8 // 6  # complete characters
        core = encoded[first:last]
        found |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def _decoded(secret: str) -> bytes | None:
    try:
        bare = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return None
    return bare if len(bare) >= SHORTEST else None


def search(texts: Mapping[str, bytes], secrets: Iterable[str]) -> list[str]:
    """The names of the texts in which one of the secrets stands, in any of its forms; never the secret."""
    needles = {form for secret in secrets for form in forms(secret)}
    return [name for name, text in texts.items() if any(form in text for form in needles)]
