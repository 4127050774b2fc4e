"""SES's SMTP endpoint: log in often enough, on every address, to know what SES thinks of a key.

A 535 is ambiguous while IAM's change spreads; 4xx, time-outs and lost connections say nothing about a key at all.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rotator.core.mail.ses_replies import Meaning
from rotator.core.ports import Acknowledged, Deadline, Refused, SoakAnswer, Unknown
from rotator.core.smtp_credential import SmtpCredential
from rotator.services.smtp_session import (
    LOGGED_IN,
    NoConnection,
    Reply,
    Security,
    SessionFailed,
    SmtpSession,
    Target,
)

CONNECT_S = 10.0  # at most for one wait on the wire
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 2.0  # doubles in between; uncapped, a lag of 4 s cost 8.5 s (measured)
LONGEST_SPAN_S = 30.0  # a streak lasts as long as the lag we saw, but not longer than this

Resolve = Callable[..., Sequence[tuple[Any, ...]]]


@dataclass(slots=True)
class _Address:
    """One resolved address and its streak of the replies we wait for."""

    ip: str
    answered: bool = False  # one that never took a connection is left out
    streak: int = 0
    since: float = 0.0  # monotonic time of the streak's first reply


@dataclass(slots=True)
class _Soak:
    """The running count of one series of logins."""

    wanted: Meaning
    began: float
    lag: float = 0.0  # how long the other answer was still given
    accepted: int = 0
    refused: int = 0
    detail: str = "nothing was tried"
    hopeless: bool = False
    addresses: list[_Address] = field(default_factory=list)

    def answer(self, reached: bool) -> SoakAnswer:
        """The counts as the port's value."""
        return SoakAnswer(reached, self.accepted, self.refused, self.detail)


def addresses_of(host: str, port: int, resolve: Callable[..., Sequence[Any]]) -> list[str]:
    """Every address of the host, each once, in the order of `resolve` (socket.getaddrinfo).  Raises OSError."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in resolve(host, port, type=socket.SOCK_STREAM)))


class SesEndpoint:
    """Implements `rotator.core.ports.Endpoint`.  Holds one verifying TLS context and no credential."""

    def __init__(
        self,
        *,
        name: str,
        region: str,
        host: str,
        port: int = 587,
        security: Security = "starttls",
        ca_file: str | None = None,
        successes: int = 3,
        resolve: Resolve = socket.getaddrinfo,
        sleep: Callable[[float], None] = time.sleep,
        heed: Callable[[], None] = lambda: None,
        waits: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`successes` in a row on every address make a verdict.  Raises OSError if `ca_file` cannot be read.

        `heed` is called between two tries of a series, and may raise to end it; not once a login was accepted, for
        that the caller has to write down.  `waits` is told once a series, at its first rest: why, and how long at most.
        `target` is where it connects, with the one TLS context of this endpoint.
        """
        self.name, self.region, self.host, self.port = name, region, host, port
        self.security: Security = security
        self._successes, self._resolve, self._sleep = successes, resolve, sleep
        self._heed, self._waits = heed, waits
        self.target = Target(host, port, security, _context(ca_file))

    def reach(self, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """TLS on every address that takes a connection; no AUTH.  Refused: trying again cannot help."""
        try:
            addresses = self._addresses()
        except OSError as error:
            return Unknown(self._no_name(error))
        closed: list[str] = []
        for address in addresses:
            try:
                with self._session(address, deadline):
                    pass
            except NoConnection as error:
                closed.append(str(error))
            except SessionFailed as error:
                text = f"{self.host}:{self.port}: {error}"
                return Refused(text, self._fix(), "endpoint") if error.definite else Unknown(text)
        if len(closed) == len(addresses):
            return Unknown(f"{self.host}: no address takes a connection: {'; '.join(closed)}")
        return Acknowledged(f"TLS ok on {len(addresses) - len(closed)} of {len(addresses)} addresses")

    def soak(self, credential: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        """Log in until `successes` in a row succeed on every address, or the deadline is over."""
        return self._series(credential, Meaning.ACCEPTED, deadline)

    def refuses(self, credential: SmtpCredential, deadline: Deadline) -> SoakAnswer:
        """Log in until several in a row are refused (535) on every address, or the deadline is over."""
        return self._series(credential, Meaning.LOGIN, deadline)

    def send(
        self, credential: SmtpCredential, mail_from: str, rcpt: str, message: bytes, deadline: Deadline
    ) -> Acknowledged | Refused | Unknown:
        """Send one mail.  `Refused.id` is the `Meaning` of SES's reply: login, permission, identity, account, ..."""
        if any(not sign.isprintable() or sign in "<> " for sign in mail_from + rcpt):
            return Refused("an address holds a blank, a bracket or a control character", id=Meaning.ENVELOPE)
        closed = "no address"
        try:
            for address in self._addresses():
                try:
                    with self._session(address, deadline) as session:
                        reply = session.login(credential)
                        if reply.code == LOGGED_IN:
                            reply = session.transmit(mail_from, rcpt, message)
                    return reply.outcome(f"{reply.stage}: ")
                except NoConnection as error:
                    closed = str(error)
        except SessionFailed as error:
            return Unknown(f"{self.host}: {error}")
        except OSError as error:
            return Unknown(self._no_name(error))
        return Unknown(f"{self.host}: {closed}")

    def _series(self, credential: SmtpCredential, wanted: Meaning, deadline: Deadline) -> SoakAnswer:
        soak, told = _Soak(wanted, deadline.monotonic()), False
        for pause in _pauses():
            self._round(soak, credential, deadline)
            if soak.hopeless:
                return soak.answer(False)
            if soak.addresses and all(self._settled(soak, address, deadline) for address in soak.addresses):
                return soak.answer(True)
            wait = 0.0 if _runs_smoothly(soak) else pause
            if deadline.left <= wait:
                return soak.answer(False)
            if wait:
                told = told or self._tell(soak, deadline)
                self._sleep(wait)
            if not soak.accepted:
                self._heed()
        raise AssertionError("the pauses never end")

    def _tell(self, soak: _Soak, deadline: Deadline) -> bool:
        """Say that a wait begins: minutes without a word look like a program that hangs."""
        self._waits(f"{self.name}: {soak.detail}; tried again, for up to {max(1, round(deadline.left / 60))} min")
        return True

    def _settled(self, soak: _Soak, address: _Address, deadline: Deadline) -> bool:
        lasted = deadline.monotonic() - address.since
        return address.streak >= self._successes and lasted >= min(soak.lag, LONGEST_SPAN_S)

    def _round(self, soak: _Soak, credential: SmtpCredential, deadline: Deadline) -> None:
        """One login on every address; those that take no connection are skipped unless none does."""
        try:
            soak.addresses = soak.addresses or [_Address(ip) for ip in self._addresses()]
        except OSError as error:
            soak.detail = self._no_name(error)
            return
        closed: set[str] = set()
        for address in soak.addresses:
            if deadline.over or soak.hopeless:
                return
            try:
                with self._session(address.ip, deadline) as session:
                    reply = session.login(credential)
            except NoConnection as error:
                address.streak, soak.detail = 0, str(error)
                closed |= set() if address.answered else {address.ip}
            except SessionFailed as error:
                address.streak = 0
                soak.detail, soak.hopeless = f"{self.host}: {error}", error.definite
            else:
                _count(soak, address, reply, deadline.monotonic())
        soak.addresses = [address for address in soak.addresses if address.ip not in closed]

    def _session(self, address: str, deadline: Deadline) -> SmtpSession:
        return SmtpSession(self.target, address, min(CONNECT_S, deadline.left), deadline)

    def _addresses(self) -> list[str]:
        """Every address of the host, in the resolver's order.  Raises OSError (gaierror)."""
        return addresses_of(self.host, self.port, self._resolve)

    def _no_name(self, error: OSError) -> str:
        why = error.strerror or type(error).__name__
        return f"the name {self.host} could not be resolved ({why}); does SES have SMTP in {self.region}?"

    def _fix(self) -> str:
        right = f"email-smtp.{self.region}.amazonaws.com, 587, starttls"
        return f"correct host, port and security of the endpoint {self.name}: {right}"


def _context(ca_file: str | None) -> ssl.SSLContext:
    """A verifying context, TLS 1.2 or newer; `ca_file` None is the system's authorities.  Raises OSError."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_S)


def _runs_smoothly(soak: _Soak) -> bool:
    """Nothing but the wanted reply so far, so there is nothing to wait for."""
    return soak.lag == 0 and bool(soak.addresses) and all(address.streak for address in soak.addresses)


def _count(soak: _Soak, address: _Address, reply: Reply, now: float) -> None:
    """Enter one AUTH reply: a 235 and a 535 break each other's streak, an answer that says nothing breaks both."""
    address.answered, soak.detail = True, f"{reply.code} {reply.text}"
    soak.accepted += reply.meaning is Meaning.ACCEPTED
    soak.refused += reply.meaning is Meaning.LOGIN
    if reply.meaning is soak.wanted:
        address.since = address.since if address.streak else now
        address.streak += 1
        return
    address.streak = 0
    if reply.meaning in (Meaning.ACCEPTED, Meaning.LOGIN):
        soak.lag = max(soak.lag, now - soak.began)
    elif reply.code >= 500:
        soak.detail, soak.hopeless = str(reply), True
