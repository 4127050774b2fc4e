"""SMTP servers that are wrong, broken or hostile: no credential without verified TLS, and hints that help."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.sandbox.certificates import CertificateAuthority
from rotator.services.smtp import SesEndpoint
from tests.services.scripted_smtp import ACCEPTED, INVALID, Script, served

CREDENTIAL = SmtpCredential(KeyId("AKIA" + "C" * 16), Secret("BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"))
HOST = "localhost"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """One CA for all."""
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends every server of the test."""
    with ExitStack() as stack:
        yield stack


def at(port: int, authority: CertificateAuthority, *ips: str, **changed: Any) -> SesEndpoint:
    """The endpoint "localhost", which resolves to `ips`."""
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips or ("127.0.0.1",)]
    given: dict[str, Any] = {
        "name": "e",
        "region": "us-east-1",
        "host": HOST,
        "port": port,
        "ca_file": str(authority.ca_file),
        "resolve": lambda *_, **__: addresses,
        "sleep": lambda _: None,
    }
    return SesEndpoint(**(given | changed))


def run(stack: ExitStack, authority: CertificateAuthority, script: Script, **place: Any) -> Script:
    """A running script with the right certificate."""
    return stack.enter_context(served(script, authority.for_loopback().server_context(), **place))


def auths(script: Script) -> list[str]:
    """The AUTH lines the server saw."""
    return [line for line in script.lines if line.upper().startswith("AUTH")]


def test_one_plain_auth_on_each_fresh_connection(stack: ExitStack, authority: CertificateAuthority) -> None:
    """A bad password costs one AUTH, not the two of smtplib's login, and never a second one on the same connection."""
    script = run(stack, authority, Script(auth=lambda _: INVALID))
    answer = at(script.port, authority, successes=2).refuses(CREDENTIAL, Deadline.after(10))
    assert answer.reached
    assert len(auths(script)) == answer.refused == 2
    verbs = [line.split()[0].upper() for line in script.lines]
    assert verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_every_address_counts(stack: ExitStack, authority: CertificateAuthority) -> None:
    """One front end that accepts the key does not speak for the other that does not know it yet."""
    first = run(stack, authority, Script())
    slow = iter([INVALID] * 4)
    second = run(stack, authority, Script(auth=lambda _: next(slow, ACCEPTED)), address="127.0.0.2", port=first.port)
    answer = at(first.port, authority, "127.0.0.1", "127.0.0.2").soak(CREDENTIAL, Deadline.after(10))
    assert answer.reached
    assert answer.refused == 4
    assert len(auths(second)) >= 7


def test_an_address_that_takes_no_connection_is_left_out(stack: ExitStack, authority: CertificateAuthority) -> None:
    """A front end that is down has no say, as long as another one is up."""
    script = run(stack, authority, Script())
    both = at(script.port, authority, "127.0.0.3", "127.0.0.1")
    assert both.soak(CREDENTIAL, Deadline.after(10)).reached
    reached = both.reach(Deadline.after(10))
    assert isinstance(reached, Acknowledged)
    assert "1 of 2" in reached.detail


def test_no_address_at_all_says_nothing(authority: CertificateAuthority) -> None:
    """Connections refused everywhere are no verdict on a key."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    alone = at(port, authority)
    answer = alone.soak(CREDENTIAL, Deadline.after(1))
    assert not answer.reached
    assert (answer.accepted, answer.refused) == (0, 0)
    assert "refused" in answer.detail
    assert isinstance(alone.reach(Deadline.after(1)), Unknown)


def test_an_unknown_name_says_nothing(authority: CertificateAuthority) -> None:
    """DNS decides whether a region has SMTP, and its silence is no refusal."""

    def unknown(*_: object, **__: object) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    answer = at(1, authority, resolve=unknown).reach(Deadline.after(1))
    assert isinstance(answer, Unknown)
    assert "us-east-1" in answer.detail


def test_stripped_starttls_gets_no_credential(stack: ExitStack, authority: CertificateAuthority) -> None:
    """A server that will not encrypt is never told the password."""
    script = run(stack, authority, Script(starttls="454 TLS not available"))
    answer = at(script.port, authority).soak(CREDENTIAL, Deadline.after(0.5))
    assert not answer.reached
    assert auths(script) == []


def test_what_was_said_before_tls_does_not_count(stack: ExitStack, authority: CertificateAuthority) -> None:
    """A yes slipped in before the handshake is not taken for the server's answer to the login."""
    script = run(stack, authority, Script(inject=b"235 Authentication successful.\r\n", auth=lambda _: INVALID))
    answer = at(script.port, authority).soak(CREDENTIAL, Deadline.after(0.5))
    assert not answer.reached
    assert answer.accepted == 0


def leaf_for(authority: CertificateAuthority, name: str) -> ssl.SSLContext:
    """A certificate of the CA for another name."""
    return authority.leaf(f"for-{name}", [name]).server_context()


def test_a_certificate_of_another_host_stops(stack: ExitStack, authority: CertificateAuthority) -> None:
    """The name is checked against the configured host, and the hint names SES's own."""
    wrong = leaf_for(authority, "mail.example.com")
    script = stack.enter_context(served(Script(), wrong))
    answer = at(script.port, authority).reach(Deadline.after(5))
    assert isinstance(answer, Refused)
    assert "email-smtp" in answer.detail
    assert not at(script.port, authority).soak(CREDENTIAL, Deadline.after(5)).reached
    assert auths(script) == []


def test_an_unknown_authority_stops(stack: ExitStack, authority: CertificateAuthority, tmp_path: Path) -> None:
    """A certificate that nobody we trust signed is refused at once, without an AUTH."""
    other = CertificateAuthority(tmp_path, "other CA").for_loopback().server_context()
    script = stack.enter_context(served(Script(), other))
    assert isinstance(at(script.port, authority).reach(Deadline.after(5)), Refused)
    assert auths(script) == []


def test_old_tls_is_refused(stack: ExitStack, authority: CertificateAuthority) -> None:
    """TLS below 1.2 is not spoken."""
    context = authority.for_loopback().server_context()
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    script = stack.enter_context(served(Script(), context))
    assert not isinstance(at(script.port, authority).reach(Deadline.after(5)), Acknowledged)
    assert auths(script) == []


def test_tls_on_a_starttls_port_is_explained(stack: ExitStack, authority: CertificateAuthority) -> None:
    """Speaking TLS to a port that wants STARTTLS gives a hint instead of OpenSSL's words alone."""
    script = run(stack, authority, Script())
    answer = at(script.port, authority, security="tls").reach(Deadline.after(5))
    assert isinstance(answer, Refused)
    assert "STARTTLS" in answer.detail


def test_starttls_on_a_tls_port_is_explained(stack: ExitStack, authority: CertificateAuthority) -> None:
    """Waiting for a greeting on a port that speaks TLS at once ends in silence, and the hint says why."""
    script = run(stack, authority, Script(implicit=True))
    answer = at(script.port, authority).reach(Deadline.after(0.5))
    assert isinstance(answer, Unknown)
    assert "security: tls" in answer.detail


HOPELESS = {
    "account not subscribed": "535 Account not subscribed to SES",
    "no TLS seen by the server": "530 Must issue a STARTTLS command first",
    "503 is not a yes": "503 Bad sequence of commands",
}


@pytest.mark.parametrize("reply", HOPELESS.values(), ids=HOPELESS.keys())
def test_what_waiting_cannot_help_ends_at_once(stack: ExitStack, authority: CertificateAuthority, reply: str) -> None:
    """Replies about account or set-up are told, not waited out, and are never counted as a verdict on the key."""
    script = run(stack, authority, Script(auth=lambda _: reply))
    answer = at(script.port, authority).soak(CREDENTIAL, Deadline.after(30))
    assert not answer.reached
    assert (answer.accepted, answer.refused) == (0, 0)
    assert reply[4:] in answer.detail
    assert len(auths(script)) == 1


def test_a_server_that_echoes_the_login_shows_nothing(stack: ExitStack, authority: CertificateAuthority) -> None:
    """Whatever a server says back, neither the password nor its base64 form stands in our text."""
    script = run(stack, authority, Script(auth=lambda given: f"535 no {given} {CREDENTIAL.password.reveal()}"))
    answer = at(script.port, authority).soak(CREDENTIAL, Deadline.after(0.5))
    plain = base64.b64encode(f"\0{CREDENTIAL.key}\0{CREDENTIAL.password.reveal()}".encode()).decode()
    assert CREDENTIAL.password.reveal() not in answer.detail
    assert plain not in answer.detail


BROKEN = {
    "at the greeting": Script(greeting=""),
    "at the login": Script(auth=lambda _: ""),
    "at the end of the data": Script(data=""),
    "at the sender": Script(mail=""),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_connection_that_breaks_is_unknown(stack: ExitStack, authority: CertificateAuthority, script: Script) -> None:
    """Wherever the server hangs up, the mail may or may not have gone."""
    running = run(stack, authority, script)
    answer = at(running.port, authority).send(CREDENTIAL, "a@b.c", "d@e.f", b"Subject: x\r\n\r\n", Deadline.after(5))
    assert isinstance(answer, Unknown)


def test_the_deadline_is_kept_by_a_silent_server(authority: CertificateAuthority) -> None:
    """A server that takes connections and never speaks does not hold us beyond the deadline."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        deadline = Deadline.after(0.6)
        answer = at(silent.getsockname()[1], authority).soak(CREDENTIAL, deadline)
        assert not answer.reached
        assert deadline.at + 1.0 > deadline.monotonic()


def test_the_deadline_is_kept_by_a_server_that_answers_late_each_time(
    stack: ExitStack, authority: CertificateAuthority
) -> None:
    """Each answer comes in time and all together do not: the mail is not begun, and others may have the lock."""
    script = run(stack, authority, Script())
    looked = iter(range(1000))
    deadline = Deadline(5.0, lambda: float(next(looked)))  # a second passes at every look at the clock
    answer = at(script.port, authority).send(CREDENTIAL, "a@b.c", "d@e.f", b"Subject: x\r\n\r\n", deadline)
    assert isinstance(answer, Unknown)
    assert "no answer in time" in answer.detail
    assert "DATA" not in script.lines
