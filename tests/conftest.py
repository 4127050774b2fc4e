"""Tests meet nothing but this machine: no real credentials, no home folder, no address beyond loopback."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

# Deadlines of single examples say more about the neighbours on a shared machine than about the code.
hypothesis.settings.register_profile("rotator", deadline=None, print_blob=True)
hypothesis.settings.load_profile("rotator")

FOREIGN = ("AWS_", "BOTO", "CLOUDSDK_", "GOOGLE_", "ROTATOR_", "XDG_", "MAKE", "MFLAGS")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
NOBODY = {
    "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "nobody-has-this-secret-access-key-0000000",  # 40 characters, as IAM's are
    "AWS_EC2_METADATA_DISABLED": "true",
}
ADDRESSED = {"socket.connect": 1, "socket.bind": 1, "socket.sendto": 1, "socket.sendmsg": 1}  # the address's place

LONGEST = "tests/year/"

world_is_open = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test begins first: at the end the other processes would wait for it."""
    items.sort(key=lambda one: not one.nodeid.startswith(LONGEST))


def is_loopback(host: object) -> bool:
    """Whether a packet for `host` stays on this machine; a name other than localhost would be looked up outside."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def refuse_the_world(event: str, args: tuple[Any, ...]) -> None:
    """Fail the test that leaves this machine, below every library and out of reach of every `except Exception`."""
    if world_is_open:
        return
    if event in ADDRESSED:
        address = args[ADDRESSED[event]]
        if isinstance(address, tuple) and not is_loopback(address[0]):  # a Unix socket's address is a path
            pytest.fail(f"{event} {address[0]!r}: tests stay on loopback")
    elif event == "socket.getaddrinfo" and args[0] and not is_loopback(args[0]):
        pytest.fail(f"{event} {args[0]!r}: tests look no name up")


sys.addaudithook(refuse_the_world)  # for the life of the process: an audit hook cannot be taken off again


@pytest.fixture(autouse=True)
def _the_world_is_shut(request: pytest.FixtureRequest) -> Iterator[None]:
    """Only a test marked `live` may leave this machine."""
    global world_is_open  # noqa: PLW0603 - the audit hook has no other way to know which test runs
    world_is_open = request.node.get_closest_marker("live") is not None
    yield
    world_is_open = False


@pytest.fixture(scope="session", autouse=True)
def _nobodys_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An environment in which nobody is logged in to anything and HOME is empty."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.startswith(FOREIGN) or name.lower() in PROXIES:
                environment.delenv(name)
        for name, value in NOBODY.items():
            environment.setenv(name, value)
        environment.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield
