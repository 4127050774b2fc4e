"""DNS questions to the configured nameservers, or to those of this machine; four kinds of silence told apart."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from rotator.core.looks import DnsAnswer, Lookup

LIFETIME_S = 5.0  # one question, all servers and tries together
TRY_S = 1.6  # one try: three fit


class Nameservers:
    """Implements `rotator.core.looks.Dns`.  Nothing is imported or read before the first question."""

    def __init__(self, nameservers: Sequence[str] = (), port: int = 53, lifetime_s: float | None = None) -> None:
        """No `nameservers`: those of /etc/resolv.conf."""
        self._nameservers, self._port, self._lifetime_s = tuple(nameservers), port, lifetime_s or LIFETIME_S
        self._lock = threading.Lock()
        self._resolver: Any = None

    def ask(self, name: str, kind: str) -> DnsAnswer:
        """One question, UDP first and TCP for what does not fit.  Never raises."""
        import dns.exception
        import dns.resolver

        try:
            answer = self._opened().resolve(name, kind, search=False, lifetime=self._lifetime_s)
        except dns.resolver.NXDOMAIN:
            return DnsAnswer(Lookup.NO_NAME)
        except dns.resolver.NoAnswer:
            return DnsAnswer(Lookup.EMPTY)
        except dns.resolver.LifetimeTimeout:
            return DnsAnswer(Lookup.TIMEOUT)
        except dns.resolver.NoNameservers as error:
            return _unanswered(error)
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            return DnsAnswer(Lookup.UNUSABLE, detail=type(error).__name__)
        return DnsAnswer(Lookup.FOUND, tuple(sorted(_value(record) for record in answer)))

    def _opened(self) -> Any:
        with self._lock:
            if self._resolver is None:
                import dns.resolver

                self._resolver = dns.resolver.Resolver(configure=not self._nameservers)
                if self._nameservers:
                    self._resolver.nameservers = list(self._nameservers)
                self._resolver.port, self._resolver.timeout = self._port, TRY_S
            return self._resolver


def _unanswered(error: Any) -> DnsAnswer:
    """Every server said no, or nothing: SERVFAIL if one of them said that."""
    import dns.rcode

    replies = [entry[-1] for entry in error.kwargs.get("errors", ())]
    codes = {dns.rcode.to_text(reply.rcode()) for reply in replies if reply is not None}
    if "SERVFAIL" in codes:
        return DnsAnswer(Lookup.SERVFAIL)
    return DnsAnswer(Lookup.UNUSABLE, detail=", ".join(sorted(codes)) or "no usable reply")


def _value(record: Any) -> str:
    """One record as text: TXT strings joined (RFC 7208 3.3), names in lower case without the last dot."""
    kind = type(record).__name__
    if kind == "TXT":
        return b"".join(record.strings).decode("utf-8", "replace")
    if kind == "MX":
        return f"{record.preference} {_name(record.exchange)}"
    if kind in ("CNAME", "NS", "PTR"):
        return _name(record.target)
    return str(record)


def _name(name: Any) -> str:
    return str(name).rstrip(".").lower()
