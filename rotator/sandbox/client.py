"""A small client of the sandbox's control port, standard library only: for tests, the demo and the command line."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, cast
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

TIMEOUT_S = 90.0


class SandboxError(Exception):
    """The sandbox refused; the text says why."""


class Sandbox:
    """Talks to a running sandbox at `url` (its ROTATOR_SANDBOX_ADMIN)."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for anything but plain HTTP to loopback."""
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost"):
            raise ValueError(f"{url} is not a sandbox: it would be http://127.0.0.1:PORT")
        self._url = url.rstrip("/")
        self._opener = build_opener(ProxyHandler({}))

    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.fromisoformat(self._get("/now")["now"])

    def advance(self, seconds: float) -> datetime:
        """Move the sandbox's clock forward; returns the new time."""
        return datetime.fromisoformat(self._post("/advance", {"seconds": seconds})["now"])

    def arm(self, **faults: int) -> dict[str, int]:
        """Arm faults by name and count; returns all that are armed."""
        return cast("dict[str, int]", self._post("/faults", faults)["armed"])

    def armed(self) -> dict[str, int]:
        """The faults still to come."""
        return cast("dict[str, int]", self._get("/faults")["armed"])

    def known_faults(self) -> dict[str, str]:
        """Every fault with what it does."""
        return cast("dict[str, str]", self._get("/faults")["known"])

    def record(self, since: int = 0) -> list[dict[str, Any]]:
        """The calls from number `since` on: n, at, kind, name, detail, outcome."""
        return cast("list[dict[str, Any]]", self._get("/record", since=since)["calls"])

    def hold(self, call: int, when: str) -> None:
        """Hold call number `call` `before` or `after` its effect."""
        self._post("/hold", {"call": call, "when": when})

    def held(self, seconds: float = 10.0) -> int | None:
        """Wait until a call is held; its number, or None."""
        return cast("int | None", self._get("/held", seconds=seconds)["held"])

    def release(self) -> None:
        """Let go of the held call; it gets no reply."""
        self._post("/release", {})

    def keys(self, user: str | None = None) -> list[dict[str, Any]]:
        """The user's keys in truth: key, user, status, created, uses."""
        return cast("list[dict[str, Any]]", self._get("/keys", **_named(user))["keys"])

    def creations(self) -> int:
        """How many keys were ever made in this world."""
        return cast("int", self._get("/keys")["creations"])

    def create_key(self, user: str | None = None) -> str:
        """A stranger makes a key; its id."""
        return cast("str", self._post("/keys", _named(user))["key"])

    def set_key_status(self, key: str, status: str, user: str | None = None) -> None:
        """A stranger sets a key Active or Inactive, or deletes it (`Deleted`)."""
        self._post("/keys/status", {"key": key, "status": status, **_named(user)})

    def paste(
        self, mailbox: str, alias: str, username: str, password: str, host: str, port: int, security: str = "starttls"
    ) -> None:
        """A person types it into Gmail's settings page; SandboxError with Gmail's text if it is not saved."""
        given = {"mailbox": mailbox, "alias": alias, "username": username, "password": password}
        self._post("/gmail/paste", {**given, "host": host, "port": port, "security": security})

    def mail(self, address: str) -> list[str]:
        """What arrived at an address, oldest first, as text."""
        return cast("list[str]", self._get("/mail", address=address)["messages"])

    def _get(self, path: str, **query: Any) -> Any:
        return self._send(Request(f"{self._url}{path}?{urlencode(query)}"))  # noqa: S310 - __init__ checks the scheme

    def _post(self, path: str, value: dict[str, Any]) -> Any:
        body, kind = json.dumps(value).encode(), {"Content-Type": "application/json"}
        return self._send(Request(f"{self._url}{path}", body, kind))  # noqa: S310 - as above

    def _send(self, request: Request) -> Any:
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as reply:
                return json.load(reply)
        except HTTPError as error:
            with error:
                raise SandboxError(json.load(error)["error"]) from None


def _named(user: str | None) -> dict[str, str]:
    return {} if user is None else {"user": user}
