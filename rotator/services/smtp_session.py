"""One SMTP conversation with one address: verified TLS first, then at most one AUTH PLAIN, never over plain text.

Driven by hand because `smtplib.login` takes 503 for success, tries two mechanisms for a bad password, keeps the
password and would send it without TLS; `starttls` without a context verifies nothing (all measured).
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from rotator.core.foreign_text import harmless, one_line
from rotator.core.mail.ses_replies import Meaning, classify
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import MASK
from rotator.core.smtp_credential import SmtpCredential

Security = Literal["starttls", "tls"]
PLAIN_TEXT_SEEN = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")  # OpenSSL's words for an answer without TLS
EHLO_NAME = "[127.0.0.1]"  # an address literal (RFC 5321 4.1.3): no look-up of our own name
TEXT_LIMIT = 300
LOGGED_IN = 235


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of the server, at a stage: connect, ehlo, starttls, auth, mail, rcpt or data."""

    stage: str
    code: int
    text: str

    @property
    def meaning(self) -> Meaning:
        """Its class by the table."""
        return classify(self.stage, self.code, self.text)[0]

    def outcome(self, where: str = "") -> Acknowledged | Refused | Unknown:
        """What it says of a login or a mail: only 5xx refuses.

        `where` is put before a text that explains.
        """
        meaning, hint = classify(self.stage, self.code, self.text)
        if meaning is Meaning.ACCEPTED:
            return Acknowledged(f"{self.code} {self.text}")
        if self.code >= 500:
            return Refused(f"{where}{self.code} {self.text}", hint, meaning)
        return Unknown(f"{where}{self}")

    def __str__(self) -> str:
        hint = classify(self.stage, self.code, self.text)[1]
        return f"{self.code} {self.text}" + (f" ({hint})" if hint else "")


class NoConnection(Exception):
    """The address takes no connection at all: refused, unreachable or silent."""


class SessionFailed(Exception):
    """The conversation broke off.  `definite` is True where trying again cannot help (certificate, TLS mode).

    `stage` is set where the server said something else than was awaited.
    """

    def __init__(self, text: str, definite: bool = False, stage: str = "") -> None:
        super().__init__(text)
        self.definite, self.stage = definite, stage


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how to connect: `host` is verified in the certificate, whatever `address` is dialled."""

    host: str
    port: int
    security: Security
    context: ssl.SSLContext


def dial(target: Target, address: str, timeout: float) -> socket.socket:
    """A plain connection to one resolved address, within `timeout` seconds.  Raises NoConnection."""
    try:
        return socket.create_connection((address, target.port), max(timeout, 0.1))
    except OSError as error:
        throttled = isinstance(error, TimeoutError) and target.port == 25
        hint = "; EC2 throttles port 25: use 587" if throttled else ""
        raise NoConnection(f"{address}:{target.port}: {_os_text(error)}{hint}") from None


class SmtpSession:
    """A connection that is encrypted and verified once the `with` block is entered.

    Raises NoConnection and SessionFailed; refusals in words come back as `Reply`.
    """

    def __init__(
        self, target: Target, address: str, timeout: float, deadline: Deadline, lines: list[str] | None = None
    ) -> None:
        """`address`: one resolved IP address; `timeout` in seconds is for each wait, `deadline` for all of them.

        `lines` gets what is said.
        """
        self._target, self._address = target, address
        self._smtp = _Recording([] if lines is None else lines, max(timeout, 0.1), deadline)
        self._timeout = max(timeout, 0.1)
        self._greeted = False

    def __enter__(self) -> Self:
        self._smtp.sock = dial(self._target, self._address, self._timeout)
        try:
            with self._failures():
                self._encrypt()
        except BaseException:
            self._smtp.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self._smtp.putcmd("quit")  # the reply is not waited for: it would cost a round trip
        self._smtp.close()

    def login(self, credential: SmtpCredential) -> Reply:
        """One AUTH PLAIN.  Raises SessionFailed rather than sending it over a socket that is not TLS."""
        if not isinstance(self._smtp.sock, ssl.SSLSocket):
            raise SessionFailed("the connection is not encrypted: the credential was not sent", definite=True)
        plain = f"\0{credential.key}\0{credential.password.reveal()}".encode()
        response = base64.b64encode(plain).decode("ascii")
        with self._failures():
            reply = self._command("auth", "AUTH", f"PLAIN {response}")
        text = reply.text.replace(response, MASK).replace(credential.password.reveal(), MASK)
        return Reply("auth", reply.code, text)

    def tls(self) -> tuple[str, Mapping[str, Any]]:
        """The version of TLS, and the certificate as `ssl` gives it; ("", {}) before TLS."""
        sock = self._smtp.sock
        if not isinstance(sock, ssl.SSLSocket):
            return "", {}
        return sock.version() or "", sock.getpeercert() or {}

    def offers(self) -> tuple[str, ...]:
        """What the server offered in its last reply to EHLO, one extension each."""
        features = [one for one in self._smtp.esmtp_features.items() if one[0] != "ok"]  # the last line, in SES's words
        return tuple(one_line(f"{name.upper()} {text}")[:TEXT_LIMIT] for name, text in features)

    def transmit(self, mail_from: str, rcpt: str, message: bytes) -> Reply:
        """MAIL, RCPT, DATA: the first reply that is not a yes, or the one to the end of the data."""
        with self._failures():
            for stage, command in (("mail", f"FROM:<{mail_from}>"), ("rcpt", f"TO:<{rcpt}>")):
                reply = self._command(stage, stage.upper(), command)
                if reply.code != 250:
                    return reply
            try:
                return _reply("data", *self._smtp.data(message))
            except smtplib.SMTPDataError as error:
                text = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
                return _reply("data", error.smtp_code, text)

    def _encrypt(self) -> None:
        if self._target.security == "tls":
            self._wrap()
        greeting = _reply("connect", *self._smtp.getreply())
        self._greeted = True
        self._expect("connect", 220, greeting)
        self._greet()
        if self._target.security == "starttls":
            self._expect("starttls", 220, self._command("starttls", "STARTTLS", ""))
            self._wrap()
            self._greet()  # RFC 3207: what was said before TLS does not count

    def _wrap(self) -> None:
        raw = self._smtp.sock
        if raw is None:
            raise smtplib.SMTPServerDisconnected("no connection")
        self._smtp.file = None  # drops anything that was slipped in before the handshake
        self._smtp.sock = self._target.context.wrap_socket(raw, server_hostname=self._target.host)

    def _greet(self) -> None:
        code, text = self._smtp.ehlo()
        self._expect("ehlo", 250, _reply("ehlo", code, text))

    def _command(self, stage: str, verb: str, arguments: str) -> Reply:
        return _reply(stage, *self._smtp.docmd(verb, arguments))

    def _expect(self, stage: str, code: int, reply: Reply) -> None:
        if reply.code == code:
            return
        definite = stage == "starttls" and reply.code >= 500
        raise SessionFailed(f"{stage}: {reply}", definite, stage)

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise SessionFailed(self._certificate_text(error), definite=True) from None
        except ssl.SSLError as error:
            plain = self._target.security == "tls" and error.reason in PLAIN_TEXT_SEEN
            hint = "; ports 25, 587 and 2587 want STARTTLS: security: starttls" if plain else ""
            raise SessionFailed(f"TLS: {error.reason or 'failed'}{hint}", definite=plain) from None
        except (OSError, smtplib.SMTPException) as error:
            raise SessionFailed(f"{_os_text(error)}{self._greeting_hint()}") from None

    def _certificate_text(self, error: ssl.SSLCertVerificationError) -> str:
        text = f"the certificate of {self._target.host} does not hold: {error.verify_message}"
        if "ostname mismatch" in error.verify_message or "IP address mismatch" in error.verify_message:
            return f"{text}; the host must be SES's own name for the region, email-smtp.<region>.amazonaws.com"
        return f"{text}; nothing was sent"

    def _greeting_hint(self) -> str:
        if self._greeted or self._target.security == "tls":
            return ""
        return " before a greeting; ports 465 and 2465 speak TLS at once: security: tls, or use 587"


class _Recording(smtplib.SMTP):
    """Writes down both sides' lines; what follows AUTH and its mechanism is masked, a mail's text is left out."""

    def __init__(self, lines: list[str], timeout: float, deadline: Deadline) -> None:
        super().__init__(local_hostname=EHLO_NAME, timeout=timeout)
        self._lines, self._each, self._deadline = lines, timeout, deadline

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send one command."""
        shown = f"{args.split(maxsplit=1)[0]} {MASK}" if cmd.upper() == "AUTH" and args else args
        self._lines.append(f"> {cmd.upper()} {shown}".rstrip())
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply.  Raises TimeoutError once the time for the whole conversation is over."""
        if self._deadline.over:
            raise TimeoutError
        if self.sock is not None:
            self.sock.settimeout(min(self._each, self._deadline.left))
        code, text = super().getreply()
        lines = text.decode("utf-8", "replace").split("\n")
        self._lines += [f"< {code} {harmless(line)[:TEXT_LIMIT]}" for line in lines]
        return code, text


def _reply(stage: str, code: int, text: bytes) -> Reply:
    return Reply(stage, code, one_line(text.decode("utf-8", "replace"))[:TEXT_LIMIT])


def _os_text(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "no answer in time" if "timed out" in str(error) else "the server closed the connection"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
