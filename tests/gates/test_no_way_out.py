"""The shut world of tests/conftest.py is shut."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

BEYOND = "192.0.2.1"  # TEST-NET-1, RFC 5737: nobody's


def _connect() -> None:
    with socket.socket() as line:
        line.settimeout(0.1)
        line.connect((BEYOND, 587))


def _send_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"x", (BEYOND, 53))


def _listen_everywhere() -> None:
    with socket.socket() as line:
        line.bind(("0.0.0.0", 0))


WAYS_OUT = {
    "connect to an address": _connect,
    "send a datagram": _send_datagram,
    "look a name up": lambda: socket.getaddrinfo("email-smtp.us-east-1.amazonaws.com", 587),
    "listen on every address": _listen_everywhere,
}


def _carelessly(call: Callable[[], object]) -> None:
    """Forgives every error, as careless code does."""
    with contextlib.suppress(Exception):
        call()


@pytest.mark.parametrize("leave", WAYS_OUT.values(), ids=WAYS_OUT.keys())
def test_a_test_cannot_leave_this_machine(leave: Callable[[], object]) -> None:
    """Whatever reaches beyond loopback fails its test, even where the code under test forgives every error."""
    with pytest.raises(pytest.fail.Exception, match=r"tests (stay on loopback|look no name up)"):
        _carelessly(leave)


def test_loopback_is_open() -> None:
    """Servers on 127.0.0.1 are what the tests are made of."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as line:
        assert line.getpeername() == server.getsockname()


def test_nobody_is_logged_in() -> None:
    """No credential, profile or home folder of the person who runs the tests is in sight."""
    assert [name for name in os.environ if name.startswith("AWS_")] == [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_EC2_METADATA_DISABLED",
    ]
    assert not list((Path.home() / ".aws").glob("*"))
