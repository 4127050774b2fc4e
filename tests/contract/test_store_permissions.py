"""The policy that `config policy` prints is enough for the places in AWS, and for no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rotator.config.iam_policy import iam_policy
from rotator.config.loader import parse
from rotator.core.ports import Acknowledged, Consumer, Deadline, Refused
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.wiring.parts import consumers
from tests.contract.consumer_contract import FIRST
from tests.contract.stores import OLD, endpoint_of, text
from tests.sandbox.clients import aws

CONSUMERS: list[dict[str, Any]] = [
    {"type": "secrets_manager", "name": "secret", "secret_id": "prod/ses-smtp"},
    {"type": "ssm_parameter", "name": "parameter", "path": "/prod/ses-smtp"},
    {"type": "ssm_parameter", "name": "path", "path": "/prod/parts", "layout": "path"},
]


def configured(*wanted: dict[str, Any]) -> Any:
    """A configuration with these places."""
    user = {"name": "jada-ses-smtp", "account": "123456789012", "region": "us-east-1", "consumers": list(wanted)}
    return parse(json.dumps({"version": 1, "users": [user]}), "config.yaml", {})


def live(world: World, configuration: Any) -> dict[str, Consumer]:
    """The live consumers, as wiring builds them."""
    user = configuration.user(None)
    return consumers(configuration, user, {"us-east-1": endpoint_of(world)}, AwsSession())


@pytest.fixture
def bounded(account: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The program acts as somebody who may do exactly what the printed policy allows."""
    for name in ("prod/ses-smtp", "prod/other"):
        aws(account, "secretsmanager").create_secret(Name=name, SecretString=text(OLD))
    key = account.add_caller("rotator", iam_policy(configured(*CONSUMERS)))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    return account


def test_the_printed_policy_is_enough(bounded: World) -> None:
    """Every place can be looked at, fed and read back."""
    for name, consumer in live(bounded, configured(*CONSUMERS)).items():
        assert list(consumer.preflight(Deadline.after(20))) == [], name
        assert isinstance(consumer.push(FIRST, Deadline.after(20)), Acknowledged), name
        assert consumer.holds(Deadline.after(20)) == FIRST.key, name


def test_no_other_place_can_be_touched(bounded: World) -> None:
    """A neighbour is refused at the preflight, with the command that prints the policy."""
    others = [
        {**CONSUMERS[0], "secret_id": "prod/other"},
        {**CONSUMERS[1], "path": "/prod/ses-smtp/other"},
        {**CONSUMERS[2], "path": "/prod"},
    ]
    for name, consumer in live(bounded, configured(*others)).items():
        (problem,) = consumer.preflight(Deadline.after(20))
        assert problem.id == "access", name
        assert "rotator config policy" in problem.fix
        assert isinstance(consumer.push(FIRST, Deadline.after(20)), Refused), name
