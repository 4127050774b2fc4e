"""The first configuration file: nine lines, and more only where somebody asked for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from rotator.config.files import write_new
from rotator.config.loader import parse
from rotator.config.positions import WHOLE_NUMBER, WORDS
from rotator.core import hosts

__all__ = ["Answers", "initial_file", "write_new"]

PLAIN_SCALAR = re.compile(r"[A-Za-z0-9/][A-Za-z0-9/@._+=-]*")
# Words that other YAML readers take for something else.
TAKEN = re.compile(r"y|n|yes|no|on|off|true|false|null|[0-9].*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the file cannot be written without, and what most people never need.

    `consumer` None names it after the alias; `mail_to` None is the mailbox.  The rest None: the default, no line.
    """

    user: str
    account: str
    region: str
    mailbox: str
    alias: str
    sole_creator: bool = False
    consumer: str | None = None
    mail_to: str | None = None
    endpoint_host: str | None = None
    endpoint_port: int | None = None
    ca_file: str | None = None
    state: str | None = None
    seal_key_file: str | None = None
    google_api_endpoint: str | None = None


def initial_file(answers: Answers, environ: Mapping[str, str] | None = None) -> str:
    """The text of the file.  Raises ConfigurationError if the answers do not make a valid one.

    `environ` is what `load` will be given: hosts that are not SES's must be trusted there.
    """
    consumer = answers.consumer or f"{answers.alias.partition('@')[0]}-alias"
    parts = {"type": "gmail_send_as", "name": consumer, "mailbox": answers.mailbox, "alias": answers.alias}
    lines = [
        "version: 1",
        *_optional("state: {}", answers.state),
        *_optional("seal: {{key_file: {}}}", answers.seal_key_file),
        *_optional("google: {{api_endpoint: {}}}", answers.google_api_endpoint),
        "users:",
        f"  - name: {_scalar(answers.user)}",
        f"    account: {json.dumps(answers.account)}",
        f"    region: {_scalar(answers.region)}",
        f"    sole_creator: {'true' if answers.sole_creator else 'false'}",
        *_endpoints(answers),
        "    consumers:",
        f"      - {_flow(parts)}",
        f"notify: {_flow({'mail_to': answers.mail_to or answers.mailbox})}",
    ]
    text = "\n".join(lines) + "\n"
    parse(text, "the new configuration", environ or {})
    return text


def _optional(line: str, value: str | None) -> list[str]:
    return [] if value is None else [line.format(_scalar(value))]


def _endpoints(answers: Answers) -> list[str]:
    given = {
        "host": answers.endpoint_host,
        "port": answers.endpoint_port,
        "ca_file": answers.ca_file,
    }
    present = {key: value for key, value in given.items() if value is not None}
    if not present:
        return []
    host = answers.endpoint_host or hosts.smtp_host(answers.region)
    return [f"    endpoints: [{_flow({'name': answers.region, 'host': host} | present)}]"]


def _flow(parts: Mapping[str, str | int]) -> str:
    return f"{{{', '.join(f'{key}: {_scalar(value)}' for key, value in parts.items())}}}"


def _scalar(value: str | int) -> str:
    """The value as YAML, in quotes where any reader could take it for something else."""
    if isinstance(value, int):
        return str(value)
    plain = PLAIN_SCALAR.fullmatch(value) and not TAKEN.fullmatch(value)
    if plain and value not in WORDS and not WHOLE_NUMBER.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)  # JSON's strings are YAML's double-quoted ones
