"""Where a consumer's credential is put, and at which server it is used, as fingerprints of what the file says.

The same name pointing elsewhere is another place; the same place with another server is told again.
"""

from __future__ import annotations

import hashlib
import json

from rotator.config import kinds
from rotator.core.facts import BETWEEN

DIGITS = 16  # of hexadecimal: 64 bits tell a user's few places apart


def fingerprint(consumer: kinds.Consumer, account: str, region: str) -> str:
    """The place without its name: no address, path or id can be read from it.  A file's copies: one each, with "+"."""
    return BETWEEN.join(sorted(_one(consumer.type, account, target) for target in _targets(consumer, region)))


def server(host: str, port: int, security: str, region: str) -> str:
    """The SES endpoint without its name: what a place logs in at, and which region's password it needs."""
    return _digest([host.lower(), port, security, region])


def _one(kind: str, account: str, target: tuple[str, ...]) -> str:
    return _digest([account, kind, *target])


def _digest(words: list[str | int]) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:DIGITS]


def _targets(consumer: kinds.Consumer, region: str) -> list[tuple[str, ...]]:
    match consumer:
        case kinds.GmailSendAs(mailbox=mailbox, alias=alias):
            return [(mailbox.lower(), alias.lower())]
        case kinds.SecretsManager(secret_id=secret_id, fields=fields):
            return [(secret_id, consumer.region or region, *_unusual(fields))]
        case kinds.SsmParameter(path=path, layout=layout, fields=fields):
            several = ("path",) if layout == "path" else ()
            return [(path, consumer.region or region, *several, *_unusual(fields))]
        case kinds.CredentialFile(path=path, replicas=replicas, account=account):
            return [(one, account) if account else (one,) for one in (path, *replicas)]
        case kinds.Command(push=push):
            return [push]
        case kinds.Human():
            return [()]  # only a person knows where: other words for it are no other place, a file instead of it is


def _unusual(fields: kinds.FieldNames) -> tuple[str, ...]:
    """Where in an object the pair lies, if not where it lies by default: under other names the old pair would stay."""
    names, usual = (fields.username, fields.password), kinds.FieldNames()
    return () if names == (usual.username, usual.password) else names
