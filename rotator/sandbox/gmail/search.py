"""Gmail's search words, the few that a program needs: rfc822msgid, subject, from, to, in, label, newer_than, after."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rotator.sandbox.gmail import mime
from rotator.sandbox.gmail.errors import INVENTED, invalid_argument
from rotator.sandbox.gmail.store import Message

TERM = re.compile(r'(-?)(?:(\w+):)?("[^"]*"|\([^)]*\)|\S+)')
AGE = re.compile(r"(\d+)([hdmy])")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "m": timedelta(days=30), "y": timedelta(days=365)}
SECONDS_DIGITS = 11  # seconds since the epoch, up to the year 5138
Test = Callable[[Message], bool]


def matcher(query: str, now: datetime) -> Test:
    """The test that a query means, all terms together; raises ApiError 400 for an operator the sandbox lacks."""
    tests = [_term(minus, operator, value.strip('"()'), now) for minus, operator, value in TERM.findall(query)]
    return lambda message: all(test(message) for test in tests)


def _term(minus: str, operator: str, value: str, now: datetime) -> Test:
    test = _test(operator.lower(), value, now)
    return (lambda message: not test(message)) if minus else test


def _test(operator: str, value: str, now: datetime) -> Test:
    if operator == "rfc822msgid":
        return lambda message: mime.parse(message.raw).value("Message-ID").strip("<>") == value.strip("<>")
    if operator in ("subject", "from", "to"):
        return lambda message: _has(mime.parse(message.raw).text(operator), value)
    if operator in ("in", "label"):
        return lambda message: value == "anywhere" or value.upper() in message.labels
    if operator in ("newer_than", "after"):
        since = _since(operator, value, now)
        return lambda message: message.at >= since
    if operator:
        raise invalid_argument(f"The search operator {operator!r} is not there {INVENTED}")
    return lambda message: _has(message.raw.decode("utf-8", "replace"), value)


def _since(operator: str, value: str, now: datetime) -> datetime:
    age = AGE.fullmatch(value)
    if operator == "newer_than" and age:
        return now - int(age[1]) * UNITS[age[2]]
    if operator == "after" and value.isdecimal() and len(value) <= SECONDS_DIGITS:
        return datetime.fromtimestamp(int(value), UTC)
    raise invalid_argument(f"The search value {value!r} cannot be read {INVENTED}")


def _has(text: str, phrase: str) -> bool:
    # Gmail finds whole words: "canary-12" does not match "canary-123".
    words, wanted = (re.findall(r"\w+", part.lower()) for part in (text, phrase))
    return any(words[n : n + len(wanted)] == wanted for n in range(len(words) - len(wanted) + 1))
