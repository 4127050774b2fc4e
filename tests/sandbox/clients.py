"""Clients of the sandbox for tests: boto3 with one attempt a call, and an SMTP client that hides nothing."""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from contextlib import suppress
from functools import cache
from typing import Any, Self

import boto3
from botocore.config import Config

from rotator.sandbox.keys import Key
from rotator.sandbox.world import World

USER = "jada-ses-smtp"
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)


@cache
def _session() -> boto3.Session:
    return boto3.Session(region_name="us-east-1")


def aws(world: World, service: str, key: Key | None = None, secret: str | None = None) -> Any:
    """A boto3 client of this world that tries once; as the admin, or with `key`."""
    admin = world.environment()
    return _session().client(
        service,
        endpoint_url=world.aws_url,
        aws_access_key_id=key.id if key else admin["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret or (key.secret if key else admin["AWS_SECRET_ACCESS_KEY"]),
        config=ONCE,
    )


def first_key(world: World) -> Key:
    """The key that the user has from the start."""
    return world.keys.now_held(USER)[0]


class Dialogue:
    """One SMTP conversation, line by line, over STARTTLS or TLS from the first byte."""

    def __init__(self, world: World, *, tls: bool = False) -> None:
        self._context = ssl.create_default_context(cafile=str(world.authority.ca_file))
        port = world.smtp.tls_port if tls else world.smtp.port
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        if tls:
            self._secure()
        self._lines = self.socket.makefile("rb")
        self.banner = self.reply()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self.socket.close()

    def say(self, line: str) -> str:
        """Send a line, return the reply with its lines joined by newlines."""
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def reply(self) -> str:
        """The next reply; "closed" if the server hung up."""
        lines = []
        with suppress(ConnectionError):
            while line := self._lines.readline().decode():
                lines.append(line.rstrip("\r\n"))
                if line[3:4] != "-":
                    return "\n".join(lines)
        return "closed"

    def starttls(self) -> Self:
        """EHLO, STARTTLS, EHLO."""
        self.say("EHLO test")
        assert self.say("STARTTLS") == "220 Ready to start TLS"
        self._lines.close()
        self._secure()
        self._lines = self.socket.makefile("rb")
        self.say("EHLO test")
        return self

    def _secure(self) -> None:
        self.socket = self._context.wrap_socket(self.socket, server_hostname="127.0.0.1")

    def log_in(self, username: str, password: str) -> str:
        """AUTH PLAIN with an initial response."""
        return self.say(f"AUTH PLAIN {plain(username, password)}")

    def send(self, mail_from: str, rcpt: str, content: str = "Subject: x\r\n\r\nhello") -> str:
        """A whole mail; the reply to its end."""
        assert self.say(f"MAIL FROM:<{mail_from}>") == "250 Ok"
        assert self.say(f"RCPT TO:<{rcpt}>") == "250 Ok"
        assert self.say("DATA") == "354 End data with <CR><LF>.<CR><LF>"
        return self.say(f"From: {mail_from}\r\n{content}\r\n.")


def plain(username: str, password: str) -> str:
    """The initial response of AUTH PLAIN."""
    return b64encode(f"\0{username}\0{password}".encode()).decode()


def logged_in(world: World, key: Key | None = None) -> Dialogue:
    """A conversation after STARTTLS and a good login."""
    key = key or first_key(world)
    dialogue = Dialogue(world).starttls()
    assert dialogue.log_in(key.id, world.password_of(key)) == "235 Authentication successful."
    return dialogue


def try_login(world: World, username: str, password: str) -> str:
    """The reply to one AUTH on a fresh connection."""
    with Dialogue(world).starttls() as dialogue:
        return dialogue.log_in(username, password)
