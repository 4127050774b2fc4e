"""Writes the sandbox's sample config.yaml, and the seal key and the relay's password file that it names."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rotator.sandbox.certificates import write_private

SEAL_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are in one world's directory."""

    directory: Path

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.directory / "config.yaml"

    @property
    def state(self) -> Path:
        """The directory of journal and seal key."""
        return self.directory / "state"

    @property
    def journal(self) -> Path:
        """The journal, made by the program when a key is adopted."""
        return self.state / "journal.db"

    @property
    def seal_key(self) -> Path:
        """The key that seals the journal's secrets."""
        return self.state / "seal.key"

    @property
    def sasl_passwd(self) -> Path:
        """The relay's password file, in Postfix's form."""
        return self.directory / "postfix" / "sasl_passwd"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the sample configuration has to know about its world."""

    account: str
    user: str
    region: str
    domain: str
    mail_from: str
    dns_port: int
    smtp_port: int
    ca_file: Path
    gmail_url: str | None
    service_account: Path | None


def write_configuration(place: Place, sample: Sample) -> None:
    """Write config.yaml: a Workspace alias, a relay's file and a personal mailbox fed by hand."""
    endpoint = {
        "name": sample.region,
        "region": sample.region,
        "host": "127.0.0.1",
        "port": sample.smtp_port,
        "security": "starttls",
        "ca_file": str(sample.ca_file),
    }
    user = {
        "name": sample.user,
        "account": sample.account,
        "region": sample.region,
        "sole_creator": True,
        "endpoints": [endpoint],
        "consumers": _consumers(place, sample),
    }
    document: dict[str, Any] = {
        "version": 1,
        "state": str(place.journal),
        "seal": {"key_file": str(place.seal_key)},
        **({"google": {"api_endpoint": sample.gmail_url}} if sample.gmail_url else {}),
        **_audit(sample),
        "dns": {"nameservers": ["127.0.0.1"], "port": sample.dns_port},
        "domains": [{"region": sample.region, "name": sample.domain, "mail_from": sample.mail_from}],
        "users": [user],
    }
    _write_seal_key(place)
    write_private(place.config, yaml.safe_dump(document, sort_keys=False, width=1000).encode())


def _audit(sample: Sample) -> dict[str, Any]:
    """Audit mails go to an address whose mail arrives in the Workspace mailbox."""
    if sample.gmail_url is None:
        return {}
    arrival = {"gmail": f"ops@{sample.domain}"}
    return {"audit": {"mail_to": f"bounce-test@{sample.domain}", "arrival": arrival}}


def _write_seal_key(place: Place) -> None:
    """A key of its own for this world's journal, unless a world was here before: its journal needs the old one."""
    place.state.mkdir(mode=0o700, exist_ok=True)
    if not place.seal_key.exists():
        write_private(place.seal_key, base64.b64encode(secrets.token_bytes(SEAL_KEY_BYTES)) + b"\n")


def write_sasl_passwd(place: Place, smtp_port: int, username: str, password: str) -> None:
    """Write the relay's password file as it stands before the first rotation."""
    place.sasl_passwd.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(place.sasl_passwd, f"[127.0.0.1]:{smtp_port} {username}:{password}\n".encode())


def _consumers(place: Place, sample: Sample) -> list[dict[str, Any]]:
    relay = {
        "type": "credential_file",
        "name": "relay",
        "path": str(place.sasl_passwd),
        "format": "postfix",
        "canary_from": f"news@{sample.domain}",
    }
    if sample.gmail_url is None or sample.service_account is None:
        return [{**relay, "canary_to": "success@simulator.amazonses.com"}]
    news = {
        "type": "gmail_send_as",
        "name": "news-alias",
        "mailbox": f"ops@{sample.domain}",
        "alias": f"news@{sample.domain}",
        "credentials": {"service_account": str(sample.service_account)},
    }
    admin = {
        "type": "gmail_send_as",
        "name": "admin-alias",
        "mailbox": "jadasailing@gmail.com",
        "alias": f"admin@{sample.domain}",
    }
    return [news, {**relay, "canary_to": f"ops@{sample.domain}"}, admin]
