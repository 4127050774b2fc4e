"""One SES endpoint for the doctor: how far a conversation comes, with its transcript, and one login."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rotator.core.looks import Certificate, Conversation
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.smtp_credential import SmtpCredential
from rotator.services.smtp import CONNECT_S, SesEndpoint, addresses_of
from rotator.services.smtp_session import NoConnection, SessionFailed, SmtpSession, dial

DIAL_S = 3.0  # for an address that is only dialled: a first try and its repetition (RFC 6298: 1 s)
AT_ONCE = 16  # addresses dialled side by side
SAID = frozenset({"connect", "ehlo"})  # stages at which the server says something else than was awaited


class SmtpLooker:
    """Implements `rotator.core.looks.SmtpLook` over sessions of its own; `endpoint` sends its mails."""

    def __init__(self, endpoint: SesEndpoint, resolve: Callable[..., Sequence[Any]] = socket.getaddrinfo) -> None:
        """`resolve` as socket.getaddrinfo."""
        self.name, self.region = endpoint.name, endpoint.region
        self.host, self.port, self.security = endpoint.host, endpoint.port, str(endpoint.security)
        self._endpoint, self._target, self._resolve = endpoint, endpoint.target, resolve

    def converse(self, deadline: Deadline) -> Conversation:
        """Name, TCP, TLS and EHLO on the first address that takes a connection; the others are only dialled."""
        try:
            addresses = self._addresses()
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            return Conversation("name", f"the name {self.host} could not be resolved ({why})")
        closed: list[str] = []
        for number, address in enumerate(addresses):
            lines: list[str] = []
            session = SmtpSession(self._target, address, self._patience(deadline), deadline, lines)
            try:
                with session:
                    certificate, offers = _certificate(session), session.offers()
                closed += self._dialled(addresses[number + 1 :], deadline)
                return Conversation("", "", tuple(addresses), tuple(closed), certificate, offers, tuple(lines))
            except NoConnection as error:
                closed.append(str(error))
            except SessionFailed as error:
                part = "ehlo" if error.stage in SAID else "tls"
                return Conversation(
                    part, f"{self.host}:{self.port}: {error}", tuple(addresses), tuple(closed), transcript=tuple(lines)
                )
        return Conversation("tcp", "; ".join(closed), tuple(addresses), tuple(closed))

    def _dialled(self, addresses: Sequence[str], deadline: Deadline) -> list[str]:
        """Why those of the addresses that take no connection do not, side by side: mails would wait for each."""
        patience = min(DIAL_S, self._patience(deadline))
        with ThreadPoolExecutor(AT_ONCE, "dial") as pool:
            reasons = list(pool.map(lambda address: self._refusal(address, patience), addresses))
        return [one for one in reasons if one]

    def _refusal(self, address: str, patience: float) -> str:
        try:
            dial(self._target, address, patience).close()
        except NoConnection as error:
            return str(error)
        return ""

    def login(self, credential: SmtpCredential, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """One AUTH PLAIN on the first address that takes a connection."""
        seen = "no address"
        try:
            for address in self._addresses():
                try:
                    with SmtpSession(self._target, address, self._patience(deadline), deadline) as session:
                        return session.login(credential).outcome()
                except NoConnection as error:
                    seen = str(error)
        except (OSError, SessionFailed) as error:
            seen = str(error)
        return Unknown(f"{self.host}: {seen}")

    def send(
        self, credential: SmtpCredential, mail_from: str, rcpt: str, message: bytes, deadline: Deadline
    ) -> Acknowledged | Refused | Unknown:
        """Send one mail."""
        return self._endpoint.send(credential, mail_from, rcpt, message, deadline)

    def _patience(self, deadline: Deadline) -> float:
        return min(CONNECT_S, deadline.left)

    def _addresses(self) -> list[str]:
        return addresses_of(self.host, self.port, self._resolve)


def _certificate(session: SmtpSession) -> Certificate | None:
    version, found = session.tls()
    if not found:
        return None
    names = {key: value for rdn in found.get("issuer", ()) for key, value in rdn}
    issuer = names.get("organizationName") or names.get("commonName") or "?"
    return Certificate(version, str(issuer), int(ssl.cert_time_to_seconds(str(found["notAfter"]))))
