"""The seal key, wrapped by a key that never leaves its service (KMS), in a private file beside the journal.

One wrapped key for the whole journal, unwrapped once when it is opened, so that sealing a new secret asks nobody: it
happens between CreateAccessKey and everything else, and must not depend on a network.  What the key then does is as
with a key file.  The file holds no secret, but without it the journal cannot be opened: keep a copy.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rotator.core.errors import SealError
from rotator.journal.private_files import create_whole, make_private_directory, open_private
from rotator.journal.sealing import KeyFileSeal

FORMAT = 1
SIZE_LIMIT = 16 * 1024  # bytes; such a file has about 600
PURPOSE = "rotator-journal-seal"  # in the encryption context, so that a key's policy can name it


class KeyWrapper(Protocol):
    """What wraps the seal key.  Both methods raise SealError, and say in it whether trying again can help."""

    name: str

    def new_key(self, context: dict[str, str]) -> tuple[bytes, bytes]:
        """A new 32-byte key and its wrapped form, which opens with exactly this context only."""
        ...

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """The key again."""
        ...


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """What the file holds."""

    by: str  # the wrapper's name
    context: dict[str, str]
    key: bytes


def create_wrapped_key(path: str | os.PathLike[str], wrapper: KeyWrapper) -> KeyFileSeal:
    """Make a new key and its file, on the disk when this returns.  Raises SealError; never overwrites one."""
    target, context = Path(path), {"purpose": PURPOSE, "journal": uuid.uuid4().hex}
    key, wrapped = wrapper.new_key(context)
    if wrapper.unwrap(wrapped, context) != key:
        raise SealError(f"{wrapper.name} did not give the key back that it wrapped")
    document = {"format": FORMAT, "wrapped_by": wrapper.name, "context": context, "key": _text(wrapped)}
    make_private_directory(target.parent, SealError)
    create_whole(target, json.dumps(document, indent=2).encode() + b"\n", SealError)
    return KeyFileSeal(key)


def load_wrapped_key(path: str | os.PathLike[str], wrapper: KeyWrapper) -> KeyFileSeal:
    """Read the file and have its key unwrapped.  Raises SealError."""
    found = _read(Path(path))
    if found.by != wrapper.name:
        raise SealError(f"{path} was wrapped by {found.by}, and the configuration names {wrapper.name}")
    return KeyFileSeal(wrapper.unwrap(found.key, found.context))


def _read(path: Path) -> _Wrapped:
    descriptor = open_private(path, os.O_RDONLY, SealError)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(SIZE_LIMIT + 1)
    try:
        document: Any = json.loads(content)
        if document["format"] != FORMAT:
            raise SealError(f"{path} has the format {document['format']!r}; this program knows only {FORMAT}")
        context = {str(name): str(value) for name, value in document["context"].items()}
        return _Wrapped(str(document["wrapped_by"]), context, base64.b64decode(document["key"], validate=True))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise SealError(f"{path} is not a wrapped seal key") from None


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")
