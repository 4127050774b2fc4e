"""Tell a dead man's switch that a command starts and how it ended: two requests, and nothing depends on either.

`POST URL/start?rid=RUN`, at the end `POST URL/EXIT-CODE?rid=RUN` with the last words of the run, as healthchecks.io and
its kin understand them; RUN is a UUID.  The switch alarms when it hears nothing, so a failure here is only logged.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

ATTEMPTS = 3
ATTEMPT_S = 5.0  # name look-up, connection, TLS and answer together
PAUSE_S = 0.5
LONGEST_BODY = 10_000  # bytes: what healthchecks.io keeps


@dataclass(frozen=True, slots=True)
class Ping:
    """One run's two requests.  `url` has no query; it is https, or http on trusted loopback, as the loader sees to."""

    url: str
    run: str
    attempt_s: float = ATTEMPT_S
    sleep: Callable[[float], None] = time.sleep

    def start(self) -> str:
        """Say that the command starts; "" or why nobody heard it."""
        return self._say("start", b"")

    def end(self, code: int, words: str) -> str:
        """Say how it ended, with the last 10 kB of `words`; "" or why nobody heard it."""
        body = words.encode("utf-8", "replace")[-LONGEST_BODY:]
        return self._say(str(code), body.decode("utf-8", "ignore").encode())  # a character is never cut in two

    def _say(self, what: str, body: bytes) -> str:
        parts = urlsplit(self.url)
        target = f"{parts.path.rstrip('/')}/{what}?rid={self.run}"
        why = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.sleep(PAUSE_S)
            why = _in_time(lambda: _post(parts, target, body, self.attempt_s), self.attempt_s)
            if not why or why.startswith("4"):  # told no: asking again does not help
                return why
        return why


def _in_time(ask: Callable[[], str], seconds: float) -> str:
    """The answer; a look-up or a server that drips is left behind at the deadline."""
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), name="ping", daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else "no answer in time"


def _post(parts: SplitResult, target: str, body: bytes, seconds: float) -> str:
    connection = _connection(parts, seconds)
    try:
        connection.request("POST", target, body, {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "rotator"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return type(error).__name__
    finally:
        connection.close()
    return "" if 200 <= status < 300 else str(status)


def _connection(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)
