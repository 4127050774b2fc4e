"""Clients that verify are let down by each wrong certificate, and only by those."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.sandbox.certificates import CertificateAuthority, Leaf

LEAVES: dict[str, tuple[Callable[[CertificateAuthority], Leaf], str, str | None]] = {
    "by address": (lambda ca: ca.for_loopback(), "127.0.0.1", None),
    "by name": (lambda ca: ca.for_loopback(), "localhost", None),
    "by another name": (lambda ca: ca.for_loopback("smtp.test"), "smtp.test", None),
    "a name that it lacks": (lambda ca: ca.for_loopback(), "smtp.test", "Hostname mismatch"),
    "the wrong host's": (lambda ca: ca.wrong_host(), "localhost", "Hostname mismatch"),
    "an unknown authority's": (lambda ca: ca.unknown_ca(), "localhost", "unable to get local issuer certificate"),
}


@pytest.mark.parametrize(("leaf", "name", "problem"), LEAVES.values(), ids=LEAVES.keys())
def test_who_verifies_sees_the_difference(
    tmp_path: Path, leaf: Callable[[CertificateAuthority], Leaf], name: str, problem: str | None
) -> None:
    """The right certificate passes a strict client; the others fail with OpenSSL's own reason."""
    authority = CertificateAuthority(tmp_path)
    server_side, client_side = socket.socketpair()
    context = leaf(authority).server_context()

    def serve() -> None:
        try:
            context.wrap_socket(server_side, server_side=True).close()
        except (ssl.SSLError, OSError):
            server_side.close()

    thread = threading.Thread(target=serve)
    thread.start()
    client = ssl.create_default_context(cafile=str(authority.ca_file))
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    if problem is None:
        client.wrap_socket(client_side, server_hostname=name).close()
    else:
        with client_side, pytest.raises(ssl.SSLCertVerificationError, match=problem):
            client.wrap_socket(client_side, server_hostname=name)
    thread.join(10)
