"""SES's SMTP endpoint on loopback, with its exact replies.

Replies carry no enhanced status codes, AUTH is advertised before STARTTLS, the banner does not name the
region: as transcripts of the real endpoint show.  Two front ends stand behind the one name, taking
connections in turn, each with its own delay in hearing about keys.

Limitations: no 10 s limit on the whole session, and no connection or message limits except as faults.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rotator.sandbox.faults import Faults, declare
from rotator.sandbox.keys import FrontEnd, Key
from rotator.sandbox.login import Logins
from rotator.sandbox.record import Dropped
from rotator.sandbox.sending import Envelope, Outbox, Reset

SMTP_421 = declare("smtp_421", "a new connection is greeted with 421 Too many concurrent SMTP connections")
SMTP_SILENT = declare("smtp_silent", "a new connection is accepted and never answered")
SMTP_AUTH_SILENT = declare("smtp_auth_silent", "AUTH is accepted and moves last-used, its reply never arrives")

HOST_NAME = "email-smtp.amazonaws.com"
INVALID = "535 Authentication Credentials Invalid"
IDLE_S = 10.0  # SES closes an idle connection after about this long
SILENT_AT_MOST_S = 60.0
SIZE_LIMIT = 40 * 1024 * 1024  # bytes over SMTP
LINE_LIMIT = 1 << 20
PATH = re.compile(r"(FROM|TO):\s*<([^<>\s]+@[^<>\s@]+)>(?:\s+\S+)*", re.IGNORECASE)


class Goodbye(Exception):
    """The session is over: close the connection."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What all sessions of one regional endpoint share."""

    logins: Logins
    outbox: Outbox
    faults: Faults
    tls: ssl.SSLContext
    idle_s: float = IDLE_S


class Session:
    """One client's conversation with one front end."""

    def __init__(
        self,
        endpoint: Endpoint,
        front: FrontEnd,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        secure: bool,
    ) -> None:
        self._endpoint, self._front, self._reader, self._writer = endpoint, front, reader, writer
        self._secure = secure
        self._key: Key | None = None
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
            "QUIT": self._quit,
        }

    async def run(self) -> None:
        """Talk until somebody hangs up."""
        if self._endpoint.faults.take(SMTP_SILENT):
            await asyncio.wait_for(self._reader.read(), SILENT_AT_MOST_S)
            return
        if self._endpoint.faults.take(SMTP_421):
            await self._say("421 Too many concurrent SMTP connections")
            return
        await self._say(f"220 {HOST_NAME} ESMTP SimpleEmailService-{self._front.name} {self._front.name[2:]}x0")
        try:
            while True:
                await self._step(await self._line())
        except Goodbye:
            return

    async def _step(self, line: str) -> None:
        verb, _, argument = line.partition(" ")
        command = self._commands.get(verb.upper())
        if command is None:
            await self._say("502 Unrecognized command")
        else:
            await command(argument.strip())

    async def _ehlo(self, _: str) -> None:
        offers = [HOST_NAME, "8BITMIME", *([] if self._secure else ["STARTTLS"]), "AUTH PLAIN LOGIN"]
        await self._say(*(f"250-{offer}" for offer in offers), "250 Ok")

    async def _helo(self, _: str) -> None:
        await self._say(f"250 {HOST_NAME}")

    async def _starttls(self, _: str) -> None:
        if self._secure:
            await self._say("503 TLS is already active")
            return
        await self._say("220 Ready to start TLS")
        await self._writer.start_tls(self._endpoint.tls)
        self._secure = True
        self._forget_mail()

    async def _auth(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        if not self._secure:
            await self._say("530 Must issue a STARTTLS command first")
        elif self._key is not None:
            await self._say("503 Already authenticated")
        elif mechanism.upper() == "PLAIN":
            await self._log_in(_plain(initial or await self._ask("334 Ok")))
        elif mechanism.upper() == "LOGIN":
            username = initial or await self._ask("334 VXNlcm5hbWU6")
            await self._log_in((_decoded(username), _decoded(await self._ask("334 UGFzc3dvcmQ6"))))
        else:
            await self._say("504 Unrecognized authentication type")

    async def _log_in(self, credential: tuple[str | None, str | None]) -> None:
        username, password = credential
        reply, self._key = await asyncio.to_thread(
            self._endpoint.logins.attempt, self._front, username or "", password or ""
        )
        if self._key is not None and self._endpoint.faults.take(SMTP_AUTH_SILENT):
            await asyncio.wait_for(self._reader.read(), SILENT_AT_MOST_S)
            raise Goodbye
        await self._say(reply)

    async def _mail(self, argument: str) -> None:
        match = PATH.fullmatch(argument)
        if self._key is None:
            await self._say("530 Authentication required")
        elif match is None or match[1].upper() != "FROM":
            await self._say("501 Invalid MAIL FROM address provided")
        else:
            self._sender, self._recipients = match[2], []
            await self._say("250 Ok")

    async def _rcpt(self, argument: str) -> None:
        match = PATH.fullmatch(argument)
        if self._sender is None:
            await self._say("503 Error: need MAIL command")
        elif match is None or match[1].upper() != "TO":
            await self._say("501 Invalid RCPT TO address provided")
        else:
            self._recipients.append(match[2])
            await self._say("250 Ok")

    async def _data(self, _: str) -> None:
        if self._key is None or self._sender is None or not self._recipients:
            await self._say("503 Error: need RCPT command")
            return
        await self._say("354 End data with <CR><LF>.<CR><LF>")
        raw = await self._body()
        if raw is None:
            reply = "552 Message is too long."
        else:
            envelope = Envelope(self._sender, tuple(self._recipients), raw)
            reply = await asyncio.to_thread(self._endpoint.outbox.accept, envelope, self._key)
        self._forget_mail()
        await self._say(reply)

    async def _body(self) -> bytes | None:
        """The mail with its dots unstuffed; None if it is too long."""
        lines, size = [], 0
        while (line := await self._raw_line()) != b".\r\n":
            size += len(line)
            if size <= SIZE_LIMIT:
                lines.append(line.removeprefix(b"."))
        return b"".join(lines) if size <= SIZE_LIMIT else None

    async def _rset(self, _: str) -> None:
        self._forget_mail()
        await self._say("250 Ok")

    async def _noop(self, _: str) -> None:
        await self._say("250 Ok")

    async def _quit(self, _: str) -> None:
        await self._say("221 Bye")
        raise Goodbye

    def _forget_mail(self) -> None:
        self._sender, self._recipients = None, []

    async def _ask(self, prompt: str) -> str:
        await self._say(prompt)
        return await self._line()

    async def _line(self) -> str:
        return (await self._raw_line()).decode("utf-8", "replace").rstrip("\r\n")

    async def _raw_line(self) -> bytes:
        try:
            line = await asyncio.wait_for(self._reader.readline(), self._endpoint.idle_s)
        except TimeoutError:
            await self._say("451 4.4.2 Timeout waiting for data from client.")
            raise Goodbye from None
        if not line.endswith(b"\n"):
            raise Goodbye
        return line

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


async def serve(session: Session, writer: asyncio.StreamWriter) -> None:
    """Run a session to its end, whatever that is, and close the connection."""
    try:
        await session.run()
        writer.close()
        await writer.wait_closed()
    except (Dropped, Reset, TimeoutError, ValueError):  # ValueError: a line longer than any sane client's
        writer.transport.abort()
    except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
        writer.transport.abort()


def _plain(initial: str) -> tuple[str | None, str | None]:
    """Identity, user name and password of AUTH PLAIN; the identity is not looked at."""
    parts = (_decoded(initial) or "").split("\0")
    return (parts[1], parts[2]) if len(parts) == 3 else (None, None)


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
