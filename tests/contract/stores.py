"""The world behind the consumers that live in AWS: one calm account, seen over the wire and behind its back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rotator.core.access_keys import KeyId
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential, derive
from rotator.sandbox.world import World
from rotator.services.smtp import SesEndpoint
from tests.contract.consumer_contract import Subject
from tests.sandbox.clients import aws

NEWS = "news@queenofsandiego.com"
OLD = {"username": "AKIA" + "6" * 16, "password": "the-old-password", "team": "mail", "n": [1, 2]}
OTHER = SmtpCredential(KeyId("AKIA" + "5" * 16), Secret("BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"))


def endpoint_of(world: World) -> SesEndpoint:
    """The world's SES endpoint."""
    ca_file = str(world.authority.ca_file)
    region = world.scenario.region
    return SesEndpoint(name=region, region=region, host="127.0.0.1", port=world.smtp.port, ca_file=ca_file)


def held(world: World) -> SmtpCredential:
    """A credential that the world's SES accepts."""
    key = world.keys.now_held(world.scenario.user)[0]
    return derive(KeyId(key.id), Secret(key.secret), world.scenario.region)


def pair_in(members: dict[str, Any]) -> SmtpCredential:
    """The pair in a JSON object with our default names."""
    return SmtpCredential(KeyId(members["username"]), Secret(members["password"]))


class Stored(Subject):
    """A consumer in AWS, whose calls can be made to fail by the sandbox's faults."""

    lost, denied = "", ""  # fault names

    def __init__(self, world: World) -> None:
        self.world = world

    def client(self, service: str) -> Any:
        """A client of somebody else."""
        return aws(self.world, service)

    def lost_reply(self) -> AbstractContextManager[object]:
        """The write that counts takes effect, its reply never arrives."""
        return self.fault(self.lost)

    def refusing(self) -> AbstractContextManager[object]:
        """The program's own role may not."""
        return self.fault(self.denied, 9)

    @contextmanager
    def fault(self, name: str, times: int = 1) -> Iterator[None]:
        """A fault that is armed, and gone afterwards."""
        self.world.faults.arm(name, times)
        yield
        self.world.faults.arm(name, 0)

    def calls(self) -> list[str]:
        """The writes that the world saw, in order."""
        writes = {"PutSecretValue", "UpdateSecretVersionStage", "PutParameter"}
        seen = [entry.name.partition(":")[2] for entry in self.world.record.entries()]
        return [name for name in seen if name in writes]


def text(members: dict[str, Any]) -> str:
    """The object as somebody else would write it."""
    return json.dumps(members, indent=1)
