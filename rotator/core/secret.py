"""A type for secrets, so that no log, message, exception or report can show one by accident."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable
from typing import NoReturn
from urllib.parse import quote, quote_plus

MASK = "***"
SEAL_CREDENTIAL = "rotator-seal-key"  # the journal's seal key among the credentials that systemd hands a service
# Secrets have 40 characters, passwords 44, tokens more; URLs quote some of them by %, JSON by a backslash.  What is
# shorter may be a piece of one: base64 mixes capitals, small letters and digits, which words and paths rarely do.
SIGNS = r"[A-Za-z0-9+/=_%\\-]"
SECRET_LIKE = re.compile(rf"{SIGNS}{{32,}}")
PIECE_LIKE = re.compile(rf"{SIGNS}{{12,31}}")
MIXED = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9+=]"))


class Secret:
    """Wraps a secret text.  `reveal` is the only way to it; everything else shows `***`.

    The type promises no wiping of memory: Python copies strings, and says so nowhere.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap `text`; raises ValueError for an empty one, which is never a secret."""
        if not text:
            raise ValueError("a secret cannot be empty")
        self._text = text

    def reveal(self) -> str:
        """The text itself.  Every call site is a place where the secret can leak."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret is a hint of it

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied out of the process")


def without_secrets(text: str, known: Iterable[Secret] = ()) -> str:
    """Foreign text without `known` secrets in any common dress, without anything long enough to be one, or a piece.

    Base64 of a secret, and of what it stands in, is such a long text.
    """
    for secret in known:
        for form in _forms(secret.reveal()):
            text = text.replace(form, MASK)
    text = SECRET_LIKE.sub(MASK, text)
    return PIECE_LIKE.sub(lambda found: MASK if _mixed(found.group()) else found.group(), text)


def _forms(secret: str) -> list[str]:
    """As it is, as URLs quote it, as JSON writes it with and without its optional escapes; the longest first."""
    escaped = json.dumps(secret)[1:-1]
    dresses = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), escaped, escaped.replace("/", "\\/")}
    return sorted(dresses, key=len, reverse=True)


def _mixed(text: str) -> bool:
    return all(kind.search(text) for kind in MIXED)
