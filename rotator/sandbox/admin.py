"""The sandbox's control port: JSON over HTTP, for `rotator sandbox advance`, the demo and the tests.

Nothing in the product knows of it.  Answers never hold a secret.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rotator.sandbox.clock import Clock
from rotator.sandbox.faults import KNOWN, Faults, UnknownFault
from rotator.sandbox.keys import KeyStore, NoSuchKey, QuotaFull
from rotator.sandbox.mailboxes import Mailboxes
from rotator.sandbox.record import Record

Arguments = dict[str, Any]
HELD_DEFAULT_S = 10.0
PASTE = ("mailbox", "alias", "username", "password", "host", "port", "security")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a world that can be controlled from outside."""

    clock: Clock
    faults: Faults
    record: Record
    keys: KeyStore
    mailboxes: Mailboxes
    user: str  # whose keys are meant when a call names nobody
    paste: Callable[..., None]  # a person at Gmail's settings page; raises ValueError if nothing was saved


class AdminServer:
    """Serves one world's controls on a free port of 127.0.0.1."""

    def __init__(self, world: Parts) -> None:
        routes = Controls(world).routes()

        class Handler(_Handler):
            """The handler with this world's routes."""

            table = routes

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="sandbox-admin", daemon=True
        )

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Controls:
    """What can be done to a world from outside, one method a route."""

    def __init__(self, world: Parts) -> None:
        self._world = world

    def routes(self) -> dict[tuple[str, str], Callable[[Arguments], Any]]:
        """(HTTP method, path) -> what answers."""
        return {
            ("GET", "/now"): self._now,
            ("POST", "/advance"): self._advance,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._arm,
            ("GET", "/record"): self._record,
            ("POST", "/hold"): self._hold,
            ("GET", "/held"): self._held,
            ("POST", "/release"): self._release,
            ("GET", "/keys"): self._keys,
            ("POST", "/keys"): self._create_key,
            ("POST", "/keys/status"): self._set_status,
            ("POST", "/gmail/paste"): self._paste,
            ("GET", "/mail"): self._mail,
        }

    def _now(self, _: Arguments) -> Any:
        return {"now": self._world.clock.now().isoformat()}

    def _advance(self, given: Arguments) -> Any:
        return {"now": self._world.clock.advance(timedelta(seconds=float(given["seconds"]))).isoformat()}

    def _faults(self, _: Arguments) -> Any:
        return {"armed": self._world.faults.armed(), "known": KNOWN}

    def _arm(self, given: Arguments) -> Any:
        for name, times in given.items():
            self._world.faults.arm(name, int(times))
        return {"armed": self._world.faults.armed()}

    def _record(self, given: Arguments) -> Any:
        entries = self._world.record.entries(int(given.get("since", 0)))
        return {"calls": [{**asdict(entry), "at": entry.at.isoformat()} for entry in entries]}

    def _hold(self, given: Arguments) -> Any:
        if given["when"] not in ("before", "after"):
            raise ValueError("when is before or after")
        self._world.record.hold(int(given["call"]), given["when"])
        return {"hold": given["call"]}

    def _held(self, given: Arguments) -> Any:
        return {"held": self._world.record.wait_until_held(float(given.get("seconds", HELD_DEFAULT_S)))}

    def _release(self, _: Arguments) -> Any:
        self._world.record.release()
        return {}

    def _keys(self, given: Arguments) -> Any:
        keys = self._world.keys.now_held(given.get("user", self._world.user))
        rows = [
            {"key": key.id, "user": key.user, "status": key.status, "created": key.created.isoformat(),
             "uses": [{"at": use.at.isoformat(), "service": use.service} for use in key.uses]}
            for key in keys
        ]  # fmt: skip
        return {"keys": rows, "creations": self._world.keys.creations}

    def _create_key(self, given: Arguments) -> Any:
        return {"key": self._world.keys.create(given.get("user", self._world.user)).id}

    def _set_status(self, given: Arguments) -> Any:
        if given["status"] not in ("Active", "Inactive", "Deleted"):
            raise ValueError("status is Active, Inactive or Deleted")
        self._world.keys.set_status(given.get("user", self._world.user), given["key"], given["status"])
        return {"key": given["key"], "status": given["status"]}

    def _paste(self, given: Arguments) -> Any:
        self._world.paste(**{name: given[name] for name in PASTE})
        return {}

    def _mail(self, given: Arguments) -> Any:
        messages = self._world.mailboxes.messages(given["address"])
        return {"messages": [message.as_bytes().decode("utf-8", "replace") for message in messages]}


class _Handler(BaseHTTPRequestHandler):
    table: dict[tuple[str, str], Callable[[Arguments], Any]]

    def do_GET(self) -> None:
        """Answer from the query string."""
        url = urlsplit(self.path)
        self._answer(("GET", url.path), lambda: dict(parse_qsl(url.query)))

    def do_POST(self) -> None:
        """Answer from a JSON object."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(("POST", urlsplit(self.path).path), lambda: json.loads(body or b"{}"))

    def _answer(self, route: tuple[str, str], arguments: Callable[[], Arguments]) -> None:
        control = self.table.get(route)
        if control is None:
            self._send(404, {"error": f"no such control: {route[0]} {route[1]}"})
            return
        try:
            self._send(200, control(arguments()))
        except (UnknownFault, ValueError, TypeError) as error:
            self._send(400, {"error": str(error)})
        except KeyError as error:
            self._send(400, {"error": f"missing: {error}"})
        except QuotaFull:
            self._send(409, {"error": "the user has two keys"})
        except NoSuchKey as error:
            self._send(404, {"error": f"no such key: {error}"})

    def _send(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the record is the sandbox's log."""
