"""The search for secrets finds them: a search that finds nothing must mean that there is nothing."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.secrets.needles import search

SECRET = 'wJal/XUtn+FEMI"K7MDENG/bPxRfiCY+EXAMPLEK'
KEY = "AKIAIOSFODNN7EXAMPLE"
DRESSED = {
    "as it is": f"x={SECRET};",
    "in JSON": json.dumps({"password": SECRET}),
    "in JSON with escaped slashes": json.dumps(SECRET).replace("/", "\\/"),
    "in a URL": f"https://h/?p={quote(SECRET, safe='')}&q",
    "in Python's words": f"Credential({SECRET!r})",
    "as an AUTH PLAIN blob": base64.b64encode(f"\0{KEY}\0{SECRET}".encode()).decode(),
    "as an AUTH LOGIN line": base64.b64encode(SECRET.encode()).decode(),
    "as a Basic header": "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode(),
    "in a token's alphabet": base64.urlsafe_b64encode(f'{{"password":"{SECRET}"}}'.encode()).decode(),
}


@pytest.mark.parametrize("text", DRESSED.values(), ids=DRESSED.keys())
def test_a_secret_is_found_in_every_dress(text: str) -> None:
    """Raw, escaped, quoted, or somewhere in a base64 blob: the place is named, the secret is not."""
    assert search({"a log": text.encode(), "an empty file": b""}, [SECRET]) == ["a log"]


@given(before=st.binary(max_size=40), after=st.binary(max_size=40))
def test_wherever_it_stands_in_a_blob(before: bytes, after: bytes) -> None:
    """What stands around a secret before it is encoded does not hide it."""
    blob = base64.b64encode(before + SECRET.encode() + after)
    assert search({"blob": blob}, [SECRET]) == ["blob"]


def test_the_bytes_of_a_key_are_found_too() -> None:
    """A seal key written raw is as bad as its base64 text."""
    key = bytes(range(32))
    assert search({"core": b"junk" + key + b"junk"}, [base64.b64encode(key).decode()]) == ["core"]


def test_what_is_no_secret_is_not_found() -> None:
    """Key ids, masks and other secrets do not count."""
    assert search({"log": f"{KEY} *** {SECRET[:-1]}".encode()}, [SECRET]) == []
