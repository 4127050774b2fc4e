"""A secret shows itself only where its name is called."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.secret import Secret, without_secrets
from rotator.core.smtp_credential import SmtpCredential

TEXT = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

SHOWN: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "an f-string": lambda secret: f"{secret}",
    "an f-string with a width": lambda secret: f"{secret:>20}",
    "an f-string with !r": lambda secret: f"{secret!r}",
    "percent formatting": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way is what is tested
    "format": "{}".format,
    "inside a list": lambda secret: repr([secret]),
    "inside a credential": lambda secret: repr(SmtpCredential(KeyId("AKIA"), secret)),
    "inside a dictionary": lambda secret: str({"password": secret}),
    "its attributes": lambda secret: str(getattr(secret, "__dict__", "none")),
    "json with a fallback": lambda secret: json.dumps({"password": secret}, default=str),
}


@pytest.mark.parametrize("way", SHOWN)
def test_showing_a_secret_shows_a_mask(way: str) -> None:
    """However a secret is turned into text, the text is not in it."""
    assert TEXT not in SHOWN[way](Secret(TEXT))


def test_reveal_is_the_way_to_it() -> None:
    """Asked by name, the secret gives its text unchanged."""
    assert Secret(TEXT).reveal() == TEXT


CARRIED_OUT: dict[str, Callable[[Secret], object]] = {
    "pickle": pickle.dumps,
    "an old pickle": lambda secret: pickle.dumps(secret, protocol=0),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "json": json.dumps,
    "asdict of a credential": lambda secret: asdict(SmtpCredential(KeyId("AKIA"), secret)),
}


@pytest.mark.parametrize("way", CARRIED_OUT)
def test_a_secret_is_not_carried_out_of_the_process(way: str) -> None:
    """Pickling, copying and JSON refuse, and their refusal does not show the text."""
    with pytest.raises(TypeError) as refusal:
        CARRIED_OUT[way](Secret(TEXT))
    assert TEXT not in str(refusal.value)


def test_a_secret_has_no_hash() -> None:
    """A hash is a hint, so a secret cannot be the key of a dictionary."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(Secret(TEXT))


def test_secrets_compare_by_text() -> None:
    """Two wraps of the same text are equal, of different texts are not, and a plain text equals neither."""
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret(TEXT + "x")
    assert Secret(TEXT) != TEXT


def test_an_empty_text_is_no_secret() -> None:
    """Nothing cannot be wrapped: an empty password is a bug, not a secret."""
    with pytest.raises(ValueError, match="empty"):
        Secret("")


def test_a_traceback_with_locals_shows_no_secret() -> None:
    """Even a traceback that prints every local variable shows the mask alone."""

    @dataclass
    class Holder:
        credential: SmtpCredential

    def fail(secret: Secret) -> None:
        holder = Holder(SmtpCredential(KeyId("AKIA"), secret))
        raise RuntimeError(f"with {secret} in {holder}")

    with pytest.raises(RuntimeError) as caught:
        fail(Secret(TEXT))
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    own = text[text.rindex("in fail") :]  # this very test has the plain text among its globals
    assert "***" in own
    assert TEXT not in own


def test_a_log_line_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """A secret handed to a logger is logged as a mask."""
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("any").debug("pushing %s / %r", Secret(TEXT), Secret(TEXT))
    assert TEXT not in caplog.text
    assert "***" in caplog.text


PASSWORD = "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"
FOREIGN = {
    "a whole secret that nobody named": (f"got {PASSWORD}", "got ***"),
    "a piece of one": (f"got {PASSWORD[8:22]}...", "got ***..."),
    "as a URL quotes it": ("got BH%2BjbMzper5Wwl", "got ***"),
    "a short one that is known": ('pw "a/b c"', 'pw "***"'),
    "a short one that is known, quoted": ("pw=a%2Fb%20c&x=a%2Fb+c", "pw=***&x=***"),
    "a short one that is known, in JSON": ('{"pw": "a\\/b c"}', '{"pw": "***"}'),
    "ordinary words": ("postmap: fatal: open /etc/postfix/sasl_passwd.db: Permission denied", None),
    "a key id": ("AKIAIOSFODNN7EXAMPLE", None),
    "a line of a traceback": ('File "/usr/lib/python3.11/smtplib.py", line 12, in login', None),
}


@pytest.mark.parametrize(("text", "shown"), FOREIGN.values(), ids=FOREIGN.keys())
def test_foreign_texts_lose_secrets_and_keep_words(text: str, shown: str | None) -> None:
    """What is known, what is long and what is mixed like base64 goes; a person can still read the rest."""
    assert without_secrets(text, [Secret("a/b c")]) == (text if shown is None else shown)
