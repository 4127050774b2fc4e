"""An AWS endpoint that answers what a test wrote down: for replies that a faithful IAM would never give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

Params = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP reply.  `date` empty: none is sent.  `claims` is what Content-Length says, if it lies."""

    body: bytes
    status: int = 200
    date: str = "Tue, 24 Nov 2026 03:14:15 GMT"
    claims: int | None = None


@dataclass(slots=True)
class Scripted:
    """The running endpoint and every request's parameters it was asked with."""

    url: str
    asked: list[Params] = field(default_factory=list)


@contextmanager
def scripted(answer: Callable[[Params], Answer]) -> Iterator[Scripted]:
    """Serve `answer` on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
            params = {name: values[0] for name, values in form.items()}
            service.asked.append(params)
            reply = answer(params)
            self.send_response_only(reply.status)
            if reply.date:
                self.send_header("Date", reply.date)
            self.send_header("Content-Length", str(reply.claims or len(reply.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Scripted(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def iam(action: str, inside: str) -> bytes:
    """A good IAM reply in its XML form."""
    result = f"<{action}Result>{inside}</{action}Result>" if inside else ""
    return (
        f'<{action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{result}'
        f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
    ).encode()


def key_row(key_id: str, user: str, status: str = "Active", extra: str = "") -> str:
    """One key, as the inside of `<member>` or `<AccessKey>`."""
    return (
        f"<UserName>{user}</UserName><AccessKeyId>{key_id}</AccessKeyId><Status>{status}</Status>"
        f"<CreateDate>2026-11-24T03:14:15Z</CreateDate>{extra}"
    )
