"""One healthy world for all the doctor's tests, a file that names every part of it, and the doctor in this process."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from rotator.cli.main import main
from rotator.config.loader import load
from rotator.core.findings import CheckStatus, Finding
from rotator.doctor.runner import examine, named
from rotator.sandbox.keys import Key
from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.wiring import doctor as wiring_doctor
from rotator.wiring.doctor import Asked, Outside
from tests.sandbox.clients import aws

YOUNG = Scenario(keys=(InitialKey(age_days=12),))
DOMAIN, MAIL_FROM, REGION = YOUNG.domain, YOUNG.mail_from, YOUNG.region
SECRET, PARAMETER = "prod/ses-smtp", "/prod/ses-smtp"
ACCUSED = (CheckStatus.FAILED, CheckStatus.WARNING)
SMTP_S, DNS_S = 2.0, 1.5  # seconds: nothing on loopback needs them, and what is silent is silent for ever

Document = dict[str, Any]
Change = Callable[[Document], None]


@dataclass(slots=True)
class Stage:
    """The world, the configuration as data, and one way to ask the doctor."""

    world: World
    document: Document
    directory: Path
    environment: Mapping[str, str]
    asked: Asked = field(default_factory=Asked)
    outside: Outside = field(
        default_factory=lambda: Outside(sleep=lambda _: None, smtp_s=SMTP_S, dns_s=DNS_S, session=AwsSession())
    )

    @property
    def user(self) -> Document:
        """The only user of the file."""
        found: Document = self.document["users"][0]
        return found

    def consumer(self, name: str) -> Document:
        """One consumer of the file."""
        found: Document = next(one for one in self.user["consumers"] if one["name"] == name)
        return found

    @property
    def key(self) -> Key:
        """The key that everything holds."""
        return self.world.keys.now_held(YOUNG.user)[0]

    def client(self, service: str) -> Any:
        """A client of somebody else."""
        return aws(self.world, service)

    def write(self) -> Path:
        """The configuration as a file."""
        path = self.directory / "config.yaml"
        path.write_text(yaml.safe_dump(self.document, sort_keys=False), "utf-8")
        path.chmod(0o600)
        return path

    def examine(self, *checks: str, record: bool = False) -> list[Finding]:
        """What the doctor finds now; nothing is recorded unless asked for."""
        configuration = load(self.write(), self.environment)
        with wiring_doctor.doctor(configuration, self.asked, self.outside) as found:
            findings = list(examine(found.ground, named(checks)))
            if record:
                found.record(findings)
        return findings

    @contextmanager
    def changed(self, **more: Any) -> Iterator[None]:
        """The document (deep) and other fields are put back afterwards."""
        before = json.loads(json.dumps(self.document)), self.asked, self.outside
        for name, value in more.items():
            setattr(self, name, value)
        try:
            yield
        finally:
            self.document, self.asked, self.outside = before

    def asking(self, *, send: bool = False, recipient: str = "") -> None:
        """What the command line asks for, until the document is put back."""
        self.asked = replace(self.asked, send=send, recipient=recipient)


def accused(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """(id, status) of everything that the doctor blames."""
    return [(one.id, one.status.value) for one in findings if one.status in ACCUSED]


def no_name(*_: Any, **__: Any) -> Sequence[Any]:
    """A resolver of host names that knows none."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@contextmanager
def healthy(directory: Path, setenv: Callable[[str, str], None]) -> Iterator[Stage]:
    """A calm world with every kind of place that can be looked at, all holding the current key, adopted."""
    with World.start(directory / "world", calm=True, scenario=YOUNG) as world:
        environment = world.environment()
        for name, value in environment.items():
            setenv(name, value)
        document: Document = yaml.safe_load(world.place.config.read_text("utf-8"))
        document.pop("audit", None)  # it reads a mailbox that some faults take out of the file
        stage = Stage(world, document, directory, dict(os.environ))
        _store(stage)
        stage.user["consumers"] = [one for one in stage.user["consumers"] if one["name"] != "admin-alias"]
        stage.user["consumers"] += [
            {"type": "secrets_manager", "name": "app-secret", "secret_id": SECRET, "canary_from": f"news@{DOMAIN}"},
            {"type": "ssm_parameter", "name": "batch", "path": PARAMETER},
        ]
        before = sys.stdin
        sys.stdin = io.StringIO(stage.key.secret)
        try:
            assert main(["adopt", "--secret-stdin", "-q", "--config", str(stage.write())]) == 0
        finally:
            sys.stdin = before
        yield stage


def pair_of(stage: Stage, key: str = "", password: str = "") -> str:
    """The JSON object that a place in AWS holds."""
    pair = {"username": key or stage.key.id, "password": password or stage.world.password_of(stage.key)}
    return json.dumps({**pair, "host": "127.0.0.1", "port": stage.world.smtp.port})


def _store(stage: Stage) -> None:
    stage.client("secretsmanager").create_secret(Name=SECRET, SecretString=pair_of(stage))
    stage.client("ssm").put_parameter(Name=PARAMETER, Type="SecureString", Value=pair_of(stage))
