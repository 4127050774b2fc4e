"""The nameservers on loopback answer as a resolver does, and fail as one fails."""

from __future__ import annotations

from collections.abc import Iterator

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from rotator.core.looks import Lookup
from rotator.sandbox.dns import DnsServer, Records
from rotator.services.dns import Nameservers

LONG = "v=spf1 " + " ".join(f"ip4:192.0.2.{n}" for n in range(200))
SHORT_S = 0.5


@pytest.fixture
def records() -> Records:
    """A small zone."""
    zone = Records()
    zone.put("example.com", "TXT", "v=spf1 -all", 'say "hi" \\ \u00fc')
    zone.put("example.com", "MX", "20 mx2.example.com.", "10 mx1.example.com.")
    zone.put("www.example.com", "CNAME", "host.example.com.")
    zone.put("host.example.com", "A", "192.0.2.1")
    zone.put("a.b.example.com", "A", "192.0.2.2")
    zone.put("long.example.com", "TXT", LONG)
    return zone


@pytest.fixture
def server(records: Records) -> Iterator[DnsServer]:
    """The zone, served."""
    started = DnsServer(records)
    started.start()
    yield started
    started.stop()


def ask(server: DnsServer, name: str, kind: str) -> tuple[Lookup, tuple[str, ...]]:
    """The product's own question."""
    answer = Nameservers(("127.0.0.1",), server.port, SHORT_S).ask(name, kind)
    return answer.status, answer.values


ANSWERS = {
    "texts are joined and unharmed": ("example.com", "TXT", Lookup.FOUND, ('say "hi" \\ \u00fc', "v=spf1 -all")),
    "case and the last dot do not matter": (
        "EXAMPLE.com.", "MX", Lookup.FOUND, ("10 mx1.example.com", "20 mx2.example.com")),
    "an alias is followed": ("www.example.com", "A", Lookup.FOUND, ("192.0.2.1",)),
    "an alias can be asked for itself": ("www.example.com", "CNAME", Lookup.FOUND, ("host.example.com",)),
    "a name that is not there": ("no.example.com", "A", Lookup.NO_NAME, ()),
    "a name without that type": ("example.com", "AAAA", Lookup.EMPTY, ()),
    "a name that only has names below it": ("b.example.com", "A", Lookup.EMPTY, ()),
    "a record that fits no datagram": ("long.example.com", "TXT", Lookup.FOUND, (LONG,)),
    "a name that cannot be asked for": ("a..example.com", "A", Lookup.UNUSABLE, ()),
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "status", "values"), ANSWERS.values(), ids=ANSWERS.keys())
def test_questions_are_answered(
    server: DnsServer, name: str, kind: str, status: Lookup, values: tuple[str, ...]
) -> None:
    """Records, aliases, a missing name and an empty answer are told apart."""
    assert ask(server, name, kind) == (status, values)


FAULTS = {
    "SERVFAIL": Lookup.SERVFAIL, "NXDOMAIN": Lookup.NO_NAME, "EMPTY": Lookup.EMPTY, "TIMEOUT": Lookup.TIMEOUT,
    "REFUSED": Lookup.UNUSABLE,
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_name_s(server: DnsServer, fault: str) -> None:
    """The name fails in its way, its neighbours answer, and healing it is enough."""
    server.records.fail("example.com", fault)  # type: ignore[arg-type]
    assert ask(server, "example.com", "TXT")[0] is FAULTS[fault]
    assert ask(server, "host.example.com", "A")[0] is Lookup.FOUND
    server.records.fail("example.com", None)
    assert ask(server, "example.com", "TXT")[0] is Lookup.FOUND


def test_all_can_fail_at_once(server: DnsServer) -> None:
    """`*` stands for every name."""
    server.records.fail("*", "SERVFAIL")
    assert ask(server, "host.example.com", "A")[0] is Lookup.SERVFAIL


def test_an_unknown_fault_is_refused(records: Records) -> None:
    """A slip in a test would plant nothing."""
    with pytest.raises(ValueError, match="unknown fault"):
        records.fail("example.com", "SEVRFAIL")  # type: ignore[arg-type]


def test_what_is_too_long_is_cut_and_asked_for_again_by_tcp(server: DnsServer) -> None:
    """The datagram says so (TC) and holds no half answer; TCP has it whole."""
    query = dns.message.make_query("long.example.com", "TXT", use_edns=False)
    cut = dns.query.udp(query, "127.0.0.1", timeout=2, port=server.port)
    assert cut.flags & dns.flags.TC
    assert cut.answer == []
    whole = dns.query.tcp(query, "127.0.0.1", timeout=2, port=server.port)
    assert whole.rcode() == dns.rcode.NOERROR
    assert len(whole.answer) == 1
    assert [protocol for protocol, _, _ in server.records.asked] == ["udp", "tcp"]


def test_nobody_there_is_no_answer_in_time() -> None:
    """A port where nothing listens is a time-out or a refusal, never "no such name"."""
    assert Nameservers(("127.0.0.1",), 1, SHORT_S).ask("example.com", "A").status in (Lookup.TIMEOUT, Lookup.UNUSABLE)
