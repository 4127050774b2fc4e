"""The fingerprint of an endpoint: another one for another server, the same for what is only another word for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.config.samples import load

HOST, FIPS = "email-smtp.us-east-1.amazonaws.com", "email-smtp-fips.us-east-1.amazonaws.com"
FILE = {"type": "credential_file", "name": "relay", "path": "/etc/postfix/sasl_passwd", "format": "postfix"}
ENDPOINT: dict[str, Any] = {"name": "here", "region": "us-east-1", "host": HOST, "port": 587, "security": "starttls"}
OTHER: dict[str, dict[str, Any]] = {
    "another host": {"host": FIPS},
    "another port": {"port": 2587},
    "another port, with its security": {"port": 465, "security": "tls"},
    "another region, with its host": {"region": "eu-west-1", "host": "email-smtp.eu-west-1.amazonaws.com"},
}
SAME: dict[str, dict[str, Any]] = {
    "another name": {"name": "there"},
    "a host in other letters": {"host": HOST.upper()},
    "other authorities": {"ca_file": "/etc/ssl/ours.pem"},
}


def servers(*endpoints: dict[str, Any]) -> list[str]:
    """What the rules are told of each endpoint in the file; each has a place of its own."""
    places = [FILE | {"endpoint": one["name"], "name": f"relay{n}", "path": f"/{n}"} for n, one in enumerate(endpoints)]
    user = {"name": "u", "account": "123456789012", "region": "us-east-1", "consumers": places}
    text = json.dumps({"version": 1, "users": [user | {"endpoints": list(endpoints)}]})
    configuration = load(text, {"ROTATOR_TRUST_HOSTS": HOST})
    return [one.server for one in configuration.policy_for(configuration.user(None)).consumers]


@pytest.mark.parametrize("change", OTHER)
def test_another_server_is_told_again(change: str) -> None:
    """Host, port, security and region: with another one a place logs in elsewhere, or with another password."""
    (before,), (after,) = servers(ENDPOINT), servers(ENDPOINT | OTHER[change])
    assert before != after
    assert {len(before), len(after)} == {16}


@pytest.mark.parametrize("change", SAME)
def test_what_is_no_other_server_is_not_told_again(change: str) -> None:
    """A new name, other letters and other authorities change nothing for whoever logs in."""
    assert servers(ENDPOINT) == servers(ENDPOINT | SAME[change])


def test_each_place_has_the_server_of_its_own_endpoint() -> None:
    """Two endpoints in one file: a place is told again for its own one only, and the rules find each by its name."""
    here, there = servers(ENDPOINT, ENDPOINT | {"name": "there", "host": FIPS})
    assert ([here], [there]) == (servers(ENDPOINT), servers(ENDPOINT | {"name": "there", "host": FIPS}))
    assert here != there
