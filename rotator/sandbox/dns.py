"""Nameservers on loopback, UDP and TCP on one port: the records of a healthy world, and faults by name.

It answers as the resolver of a machine does: recursion is available, aliases are followed.  A name that has records,
or names below it, exists; asked for another type it answers empty, not NXDOMAIN.

Limitations: no DNSSEC, no zone cuts, no negative TTLs.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Fault = Literal["SERVFAIL", "NXDOMAIN", "EMPTY", "TIMEOUT", "REFUSED"]
FAULTS: tuple[Fault, ...] = ("SERVFAIL", "NXDOMAIN", "EMPTY", "TIMEOUT", "REFUSED")
TTL_S = 60
ALIASES_AT_MOST = 8
CHUNK = 255  # bytes of one string of a TXT record
PLAIN_UDP = 512  # bytes, for clients without EDNS


@dataclass(slots=True)
class Records:
    """Name and type -> values as master files write them; TXT values are plain text.  Thread-safe to change."""

    rows: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)  # name, or "*" for all
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # (protocol, name, type)

    def put(self, name: str, kind: str, *values: str) -> None:
        """Replace the records of a name and type; no values removes them."""
        key = (name.lower().rstrip("."), kind)
        if values:
            self.rows[key] = list(values)
        else:
            self.rows.pop(key, None)

    def get(self, name: str, kind: str) -> list[str]:
        """The values, or none."""
        return self.rows.get((name.lower().rstrip("."), kind), [])

    def fail(self, name: str, fault: Fault | None) -> None:
        """Let questions about a name (or "*": all) end like this from now on; None heals it.  Raises ValueError."""
        if fault is None:
            self.faults.pop(name.lower(), None)
        elif fault in FAULTS:
            self.faults[name.lower()] = fault
        else:
            raise ValueError(f"unknown fault {fault!r}; known: {', '.join(FAULTS)}")

    def exists(self, name: str) -> bool:
        """Whether the name, or a name below it, has records."""
        return any(known == name or known.endswith(f".{name}") for known, _ in list(self.rows))

    def fault(self, name: str) -> Fault | None:
        """What is to go wrong with a question about this name."""
        return self.faults.get(name) or self.faults.get("*")


class DnsServer:
    """Serves `records` on a free port of 127.0.0.1."""

    def __init__(self, records: Records) -> None:
        """Take the port, on UDP and TCP; nothing is answered yet."""
        self.records = records

        class Udp(socketserver.BaseRequestHandler):
            """One datagram."""

            def handle(self) -> None:
                """Answer, or keep silent."""
                data, sock = self.request
                if reply := answer(records, data, "udp"):
                    with contextlib.suppress(OSError):
                        sock.sendto(reply, self.client_address)

        class Tcp(socketserver.BaseRequestHandler):
            """One question on one connection."""

            def handle(self) -> None:
                """Answer, or keep silent and hang up."""
                with contextlib.suppress(OSError):
                    self.request.settimeout(5.0)
                    (size,) = struct.unpack("!H", _exactly(self.request, 2))
                    if reply := answer(records, _exactly(self.request, size), "tcp"):
                        self.request.sendall(struct.pack("!H", len(reply)) + reply)

        self._servers = _pair(Udp, Tcp)
        self.port = int(self._servers[1].server_address[1])
        self._threads = [
            threading.Thread(target=one.serve_forever, args=(0.02,), name="sandbox-dns", daemon=True)
            for one in self._servers
        ]

    def start(self) -> None:
        """Serve from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        for one, thread in zip(self._servers, self._threads, strict=True):
            one.shutdown()
            one.server_close()
            thread.join()


class _UdpServer(socketserver.UDPServer):
    max_packet_size = 4096


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads, block_on_close, allow_reuse_address = True, False, True


def answer(records: Records, data: bytes, protocol: Literal["udp", "tcp"]) -> bytes | None:
    """The reply to one question; None for silence (a time-out, or something that is no question)."""
    try:
        query = dns.message.from_wire(data)
        (question,) = query.question
    except (dns.exception.DNSException, ValueError):
        return None
    name, kind = str(question.name).rstrip(".").lower(), dns.rdatatype.to_text(question.rdtype)
    records.asked.append((protocol, name, kind))
    if records.fault(name) == "TIMEOUT":
        return None
    reply = dns.message.make_response(query, recursion_available=True)
    _fill(reply, records, name, kind)
    wire = reply.to_wire(max_size=65535)
    limit = max(query.payload, PLAIN_UDP)
    if protocol == "udp" and len(wire) > limit:
        reply.flags |= dns.flags.TC
        for section in (reply.answer, reply.authority):
            section.clear()
        wire = reply.to_wire()
    return wire


def _fill(reply: dns.message.Message, records: Records, name: str, kind: str) -> None:
    """The answer section and the code, aliases followed."""
    for _ in range(ALIASES_AT_MOST):
        fault = records.fault(name)
        if fault == "EMPTY":
            return
        if fault is not None:
            reply.set_rcode(dns.rcode.from_text("SERVFAIL" if fault == "TIMEOUT" else fault))
            return
        if values := records.get(name, kind):
            reply.answer.append(_rrset(name, kind, values))
            return
        alias = records.get(name, "CNAME")
        if not alias:
            break
        reply.answer.append(_rrset(name, "CNAME", alias))
        name = alias[0].rstrip(".").lower()
    if not records.exists(name):
        reply.set_rcode(dns.rcode.NXDOMAIN)


def _rrset(name: str, kind: str, values: list[str]) -> dns.rrset.RRset:
    texts = [_quoted(value) for value in values] if kind == "TXT" else values
    return dns.rrset.from_text_list(f"{name}.", TTL_S, dns.rdataclass.IN, kind, texts)


def _quoted(text: str) -> str:
    """The text as strings of at most 255 bytes, in quotes; everything but plain ASCII is escaped."""
    data = text.encode()
    chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)] or [b""]
    return " ".join(f'"{"".join(_escaped(byte) for byte in chunk)}"' for chunk in chunks)


def _escaped(byte: int) -> str:
    plain = 0x20 <= byte < 0x7F and byte not in b'"\\'
    return chr(byte) if plain else f"\\{byte:03d}"


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("the client hung up")
        data += more
    return data


def _pair(udp: Any, tcp: Any) -> tuple[_UdpServer, _TcpServer]:
    """Both servers on one port: the first that is free for both."""
    while True:
        first = _UdpServer(("127.0.0.1", 0), udp)
        try:
            return first, _TcpServer(first.server_address, tcp)
        except OSError:  # somebody's TCP port
            first.server_close()
