"""An SMTP server that says what a test wrote down, for what SES's stand-in would never say.  Records every line."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread

GREETING = "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-TEST A1"
EHLO = ("250-email-smtp.amazonaws.com", "250-8BITMIME", "250-STARTTLS", "250-AUTH PLAIN LOGIN", "250 Ok")
ACCEPTED = "235 Authentication successful."
INVALID = "535 Authentication Credentials Invalid"


@dataclass(slots=True)
class Script:
    """What the server does.  A reply of "" closes the connection instead."""

    auth: Callable[[str], str] = lambda _: ACCEPTED  # given the base64 of AUTH PLAIN
    greeting: str = GREETING
    starttls: str = "220 Ready to start TLS"
    mail: str = "250 Ok"
    rcpt: str = "250 Ok"
    data: str = "250 Ok 0107017033dbb64d-000000"
    inject: bytes = b""  # sent in the same packet as the reply to STARTTLS, before TLS
    implicit: bool = False
    lines: list[str] = field(default_factory=list)
    port: int = 0


@contextmanager
def served(script: Script, context: ssl.SSLContext, address: str = "127.0.0.1", port: int = 0) -> Iterator[Script]:
    """Serve `script` on `address`."""
    listener = socket.create_server((address, port), backlog=64)
    script.port = int(listener.getsockname()[1])
    thread = Thread(target=_accept, args=(listener, script, context), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _accept(listener: socket.socket, script: Script, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(5)
        with suppress(OSError, ValueError):
            _converse(connection, script, context)


def _converse(connection: socket.socket, script: Script, context: ssl.SSLContext) -> None:
    with ExitStack() as stack:
        stack.enter_context(connection)
        if script.implicit:
            connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
        _dialogue(connection, script, context, stack)


def _dialogue(connection: socket.socket, script: Script, context: ssl.SSLContext, stack: ExitStack) -> None:
    _say(connection, script.greeting)
    while line := _line(connection):
        script.lines.append(line)
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                _say(connection, *EHLO)
            case "STARTTLS":
                connection.sendall(script.starttls.encode() + b"\r\n" + script.inject)
                if not script.starttls.startswith("220"):
                    continue
                connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
            case "AUTH":
                _say(connection, script.auth(rest.partition(" ")[2]))
            case "MAIL" | "RCPT":
                _say(connection, script.mail if verb.upper() == "MAIL" else script.rcpt)
            case "DATA":
                _say(connection, "354 End data with <CR><LF>.<CR><LF>")
                _skip_the_mail(connection)
                _say(connection, script.data)
            case "QUIT":
                return


def _skip_the_mail(connection: socket.socket) -> None:
    while _line(connection) != ".":
        pass


def _say(connection: socket.socket, *lines: str) -> None:
    if lines == ("",):
        raise ValueError("the script closes the connection here")
    connection.sendall("".join(f"{line}\r\n" for line in lines).encode())


def _line(connection: socket.socket) -> str:
    taken = b""
    while not taken.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            return ""
        taken += byte
    return taken.decode().rstrip("\r\n")
