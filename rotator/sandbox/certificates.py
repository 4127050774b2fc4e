"""Throw-away certificates: a CA and leaves under it, made anew for each sandbox and worth nothing elsewhere."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("127.0.0.1", "localhost")
# Certificates live by the machine's clock (TLS libraries know no other), not by the sandbox's.
LIFETIME = timedelta(days=30)
BACKDATED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A server's certificate chain and private key, both PEM, in one 0600 file."""

    file: Path

    def server_context(self) -> ssl.SSLContext:
        """A server-side TLS context as SES has it: 1.2 or newer."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.file)
        return context


class CertificateAuthority:
    """A CA in `directory`: `ca_file` is what a client trusts; every file is born 0600."""

    def __init__(self, directory: Path, name: str = "rotator sandbox CA, not for use") -> None:
        """Make the CA and write its certificate as `<first word of name>-ca.pem`."""
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self._certificate = (
            _dated(self._name, self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file = directory / f"{name.split(maxsplit=1)[0]}-ca.pem"
        write_private(self.ca_file, self._certificate.public_bytes(serialization.Encoding.PEM))

    def leaf(self, label: str, names: Iterable[str], age: timedelta = BACKDATED) -> Leaf:
        """A server certificate for exactly `names` (host names or IP addresses), in `<label>.pem`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label)])
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _dated(subject, self._name, key, age)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(issuer_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self._directory / f"{label}.pem"
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write_private(file, certificate.public_bytes(pem) + secret)
        return Leaf(file)

    def for_loopback(self, *names: str) -> Leaf:
        """The right certificate: 127.0.0.1, localhost and any other names given."""
        return self.leaf("server", (*LOOPBACK, *names))

    def wrong_host(self) -> Leaf:
        """A certificate that a client trusts but that names somebody else."""
        return self.leaf("wrong-host", ("email-smtp.eu-west-1.amazonaws.com",))

    def expired(self) -> Leaf:
        """The right names and issuer, but yesterday was its last day."""
        return self.leaf("expired", LOOPBACK, LIFETIME + BACKDATED)

    def soon_expired(self) -> Leaf:
        """The right one, with a week left."""
        return self.leaf("soon-expired", LOOPBACK, LIFETIME - timedelta(days=7))

    def unknown_ca(self) -> Leaf:
        """A certificate with the right names from a CA that no client was told about."""
        return CertificateAuthority(self._directory, "unknown CA of the rotator sandbox").leaf(
            "unknown-issuer", LOOPBACK
        )


def write_private(path: Path, content: bytes) -> None:
    """Create or replace `path` with mode 0600 from its first moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _dated(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, age: timedelta = BACKDATED
) -> x509.CertificateBuilder:
    """The beginning of a certificate that was made so long ago; each lives LIFETIME from the day of its making."""
    made = datetime.now(UTC) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(made)
        .not_valid_after(made + LIFETIME)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
