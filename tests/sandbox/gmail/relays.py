"""A relay that is not SES: what it answers is set by the test."""

from __future__ import annotations

import socketserver
import ssl
import threading
from typing import ClassVar, cast


class Relay(socketserver.ThreadingTCPServer):
    """An SMTP server with TLS from the first byte.  `replies`: command -> reply; `DATA.` is the end of the data."""

    allow_reuse_address = True
    daemon_threads = True
    standard: ClassVar[dict[str, str]] = {
        "EHLO": "250-relay.example\r\n250 AUTH PLAIN LOGIN",
        "AUTH": "235 2.7.0 Authentication successful",
        "DATA": "354 go on",
        "QUIT": "221 bye",
    }

    def __init__(self, tls: ssl.SSLContext, **replies: str) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.tls, self.replies = tls, self.standard | replies
        self.commands: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        return int(self.server_address[1])

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        relay = cast("Relay", self.server)
        with relay.tls.wrap_socket(self.request, server_side=True) as connection, connection.makefile("rwb") as lines:
            self._say(lines, "220 relay.example ESMTP")
            for line in lines:
                self._answer(relay, lines, line.decode().split()[0].upper())

    def _answer(self, relay: Relay, lines: object, verb: str) -> None:
        relay.commands.append(verb)
        self._say(lines, relay.replies.get(verb, "250 2.0.0 ok"))
        if verb == "DATA" and relay.replies["DATA"].startswith("354"):
            while lines.readline() not in (b".\r\n", b""):  # type: ignore[attr-defined]
                pass
            self._say(lines, relay.replies.get("DATA.", "250 2.0.0 queued"))

    def _say(self, lines: object, text: str) -> None:
        lines.write(text.encode() + b"\r\n")  # type: ignore[attr-defined]
        lines.flush()  # type: ignore[attr-defined]
