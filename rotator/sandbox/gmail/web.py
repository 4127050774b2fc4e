"""The socket: HTTP/1.1 on a free port of 127.0.0.1, a thread a connection, header and body in one write."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast

from rotator.sandbox.clock import Clock
from rotator.sandbox.gmail.api import Api, Request, Response
from rotator.sandbox.gmail.errors import NoReply
from rotator.sandbox.record import Dropped

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close() sends RST


class WebServer(ThreadingHTTPServer):
    """The listening socket and its open connections."""

    request_queue_size = 128

    def __init__(self, api: Api, clock: Clock) -> None:
        self.api, self.clock = api, clock
        self._open: set[socket.socket] = set()
        self._resets: set[socket.socket] = set()
        self._changing = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def server_bind(self) -> None:
        """Bind without the look-up of our own name that HTTPServer does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def reset(self, connection: socket.socket) -> None:
        """Have this connection end with RST."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        with self._changing:
            self._resets.add(connection)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept, and remember the connection."""
        connection, address = super().get_request()
        with self._changing:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Say goodbye with FIN, but for the connections that are to be reset."""
        with self._changing:
            resets = request in self._resets
        if resets:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close_request(self, request: Any) -> None:
        """Close, and forget the connection."""
        with self._changing:
            self._open.discard(request)
            self._resets.discard(request)
        super().close_request(request)

    def hang_up(self) -> None:
        """End every open connection, so that no thread waits for a client that is gone."""
        with self._changing:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a bug and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ESF", ""
    wbufsize = 65536  # header and body leave in one write: two cost 40 ms of delayed ACK
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer one request."""
        server = cast("WebServer", self.server)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            response = server.api.answer(Request(self.command, self.path, self.headers.get("Authorization"), body))
        except Dropped:
            self.close_connection = True
        except NoReply as end:
            if end.how == "reset":
                server.reset(self.connection)
            self.close_connection = True
        else:
            self._reply(response)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def _reply(self, response: Response) -> None:
        self.send_response(response.code)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.code != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header: the sandbox's time."""
        return cast("WebServer", self.server).clock.http_date()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the record knows, and a log line could hold a secret."""
