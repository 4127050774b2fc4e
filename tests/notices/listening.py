"""A listener on loopback that keeps what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Listener:
    """A real HTTP server: what it was sent, and how it answers (0: hangs up, -1: keeps silent)."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)  # of the next requests; then 200
    got: list[tuple[str, str, str]] = field(default_factory=list)  # method, path with query, body
    quiet: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Keep the request and answer it."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.got.append((handler.command, handler.path, body.decode()))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == -1:
            self.quiet.wait(30)
        if status > 0:
            handler.send_response(status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        else:
            handler.close_connection = True


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener on a free port."""
    found = Listener()

    class Handler(BaseHTTPRequestHandler):
        """Hands everything to the listener."""

        def do_GET(self) -> None:
            """Any method is kept."""
            found.answer(self)

        do_POST = do_GET  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    found.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    found.quiet.set()
    server.shutdown()
    server.server_close()
    thread.join()
