"""Configurations to load, and to break one place at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from rotator.config.loader import parse
from rotator.config.model import Configuration
from rotator.config.problems import InvalidConfiguration, Problem

NAME = "config.yaml"
NINE_LINES = """\
version: 1
users:
  - name: jada-ses-smtp
    account: "123456789012"
    region: us-east-1
    sole_creator: true
    consumers:
      - {type: gmail_send_as, name: admin-alias, mailbox: jadasailing@gmail.com, alias: admin@queenofsandiego.com}
notify: {mail_to: jadasailing@gmail.com}
"""
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYzz"  # the form of an IAM secret, all letters so that it could be a name
TRUST = {"ROTATOR_TRUST_HOSTS": "127.0.0.1"}

FULL: dict[str, Any] = {
    "version": 1,
    "state": "/srv/rotator/journal.db",
    "seal": {"key_file": "/srv/rotator/seal.key"},
    "aws": {"profile": "mail", "assume_role": "arn:aws:iam::123456789012:role/rotator", "user_path": "/ses/"},
    "google": {"api_endpoint": "http://127.0.0.1:8080"},
    "notify": {
        "mail_to": "ops@example.com",
        "mail_from": "rotator@example.com",
        "sns_topic": "arn:aws:sns:eu-west-1:012345678901:keys",
        "apprise_file": "/srv/apprise",
        "remind": "1d",
        "open_alarm": "36h",
    },
    "ping": {
        "rotate": "https://hc-ping.com/aaaa",
        "audit": "https://hc-ping.com/bbbb",
        "suppression": "http://127.0.0.1:8000/cccc",
    },
    "metrics": {"textfile": "/srv/metrics/rotator.prom"},
    "defaults": {"max_age": "80d", "grace": "48h"},
    "users": [
        {
            "name": "jada-ses-smtp",
            "account": "012345678901",
            "region": "us-east-1",
            "sole_creator": True,
            "endpoints": [
                {"name": "local", "host": "127.0.0.1", "port": 2525, "security": "starttls", "ca_file": "/srv/ca.pem"},
                {"name": "ireland", "region": "eu-west-1", "port": 465},
            ],
            "consumers": [
                {
                    "type": "gmail_send_as",
                    "name": "workspace",
                    "mailbox": "jada@example.com",
                    "alias": "admin@example.com",
                    "endpoint": "ireland",
                    "canary_to": "inbox@example.com",
                    "credentials": {"service_account": "/srv/service-account.json"},
                },
                {
                    "type": "credential_file",
                    "name": "relay",
                    "path": "/srv/postfix/sasl_passwd",
                    "format": "postfix",
                    "after": ["/srv/nowhere/postmap", "/srv/postfix/sasl_passwd"],
                    "endpoint": "local",
                    "canary_from": "news@example.com",
                },
                {"type": "human", "name": "office", "instructions": "Outgoing server\nthen paste", "endpoint": "local"},
            ],
            "rotate_at": "40d",
            "verify": {"deadline": "1m", "successes": 2},
        }
    ],
}


# A second user has places of its own.
OTHER_PLACE: dict[str, Any] = {"consumers": [{"type": "human", "name": "h", "instructions": "x", "endpoint": "local"}]}


def load(text: str, environ: Mapping[str, str] | None = None) -> Configuration:
    """The configuration of a text."""
    return parse(text, NAME, environ or {})


def problems(text: str, environ: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    """Everything that is wrong with it; fails if nothing is."""
    with pytest.raises(InvalidConfiguration) as caught:
        load(text, environ)
    return caught.value.problems


def full(**changes: Any) -> str:
    """FULL as text (JSON is YAML), top-level keys replaced."""
    return json.dumps(copy.deepcopy(FULL) | changes)


def texts_of(data: Any = FULL, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where in `data` a text stands."""
    if isinstance(data, str):
        yield at
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from texts_of(value, (*at, key))


def value_at(at: tuple[str | int, ...]) -> Any:
    """What FULL has at a place."""
    here: Any = FULL
    for part in at:
        here = here[part]
    return here


def full_with(at: tuple[str | int, ...], value: Any) -> str:
    """FULL as text, with another value at one place."""
    data: Any = copy.deepcopy(FULL)
    here = data
    for part in at[:-1]:
        here = here[part]
    here[at[-1]] = value
    return json.dumps(data)
