"""Servers that are not who they should be, or speak too old a TLS: none of them is ever told a credential."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rotator.core.access_keys import KeyId
from rotator.core.ports import Acknowledged, Deadline
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.services.smtp import SesEndpoint
from tests.services.scripted_smtp import Script, served

CREDENTIAL = SmtpCredential(KeyId("AKIA" + "C" * 16), Secret("BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"))
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


class Authority:
    """A CA that signs anything: also what an honest one would not."""

    def __init__(self, place: Path) -> None:
        self._place, self._key = place, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a CA of the tests")])
        self.file = place / "ca.pem"
        self.file.write_bytes(self._certificate(self._name, self._key, (NOW - DAY, NOW + DAY), None))

    def server(
        self, address: str = "127.0.0.1", begins: datetime = NOW - DAY, ends: datetime = NOW + DAY, own: bool = False
    ) -> ssl.SSLContext:
        """A server's context with a certificate for `address`; `own`: signed by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of the tests")])
        signer, issuer = (key, name) if own else (self._key, self._name)
        content = self._certificate(name, signer, (begins, ends), address, issuer, key.public_key())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self._place / "server.pem"
        file.write_bytes(content + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self,
        subject: x509.Name,
        signer: ec.EllipticCurvePrivateKey,
        valid: tuple[datetime, datetime],
        address: str | None,
        issuer: x509.Name | None = None,
        public: ec.EllipticCurvePublicKey | None = None,
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or subject)
            .public_key(public or signer.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(x509.BasicConstraints(ca=address is None, path_length=None), critical=True)
        )
        if address is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def old_tls(authority: Authority) -> ssl.SSLContext:
    """TLS 1.1 at most."""
    context = authority.server()
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


IMPOSTORS: dict[str, Callable[[Authority], ssl.SSLContext]] = {
    "a certificate that it signed itself": lambda authority: authority.server(own=True),
    "a certificate that expired an hour ago": lambda authority: authority.server(ends=NOW - timedelta(hours=1)),
    "a certificate of tomorrow": lambda authority: authority.server(begins=NOW + DAY, ends=NOW + 2 * DAY),
    "a certificate of another address": lambda authority: authority.server(address="127.0.0.9"),
    "TLS 1.1": old_tls,
}
STRIPPED = {
    "STARTTLS refused": Script(starttls="454 TLS not available due to temporary reason"),
    "STARTTLS unknown": Script(starttls="502 Command not implemented"),
    "STARTTLS answered and never begun": Script(starttls="250 Ok"),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The one CA that the client trusts."""
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def facing(script: Script, context: ssl.SSLContext, authority: Authority) -> Iterator[SesEndpoint]:
    """Our endpoint, with that server behind it."""
    with served(script, context):
        yield SesEndpoint(
            name="e", region="us-east-1", host="127.0.0.1", port=script.port, ca_file=str(authority.file),
            security="tls" if script.implicit else "starttls", sleep=lambda _: None,
        )  # fmt: skip


def told_nothing(endpoint: SesEndpoint, script: Script) -> bool:
    """Whether a look, a login and a mail all fail, and the server never saw an AUTH."""
    assert not isinstance(endpoint.reach(Deadline.after(2)), Acknowledged)
    assert not endpoint.soak(CREDENTIAL, Deadline.after(0.5)).reached
    sent = endpoint.send(CREDENTIAL, "a@b.c", "d@e.f", b"Subject: x\r\n\r\n", Deadline.after(2))
    assert not isinstance(sent, Acknowledged)
    return not [line for line in script.lines if not line.upper().startswith(("EHLO", "STARTTLS", "QUIT"))]


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
@pytest.mark.parametrize("impostor", IMPOSTORS.values(), ids=IMPOSTORS.keys())
def test_an_impostor_is_told_nothing(
    authority: Authority, impostor: Callable[[Authority], ssl.SSLContext], implicit: bool
) -> None:
    """Whatever is wrong with the other side's TLS, on either kind of port: it sees no login."""
    script = Script(implicit=implicit)
    with facing(script, impostor(authority), authority) as endpoint:
        assert told_nothing(endpoint, script)


@pytest.mark.parametrize("script", STRIPPED.values(), ids=STRIPPED.keys())
def test_without_tls_nothing_is_said(authority: Authority, script: Script) -> None:
    """STARTTLS stripped on the way: the login does not follow in the clear."""
    with facing(script, authority.server(), authority) as endpoint:
        assert told_nothing(endpoint, script)


def test_the_right_server_is_told(authority: Authority) -> None:
    """The same server with nothing wrong gets the login: what stops the others is what is wrong with them."""
    for implicit in (False, True):
        script = Script(implicit=implicit)
        with facing(script, authority.server(), authority) as endpoint:
            assert endpoint.soak(CREDENTIAL, Deadline.after(10)).reached
        assert any(line.startswith("AUTH PLAIN ") for line in script.lines)
