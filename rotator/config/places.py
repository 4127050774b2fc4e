"""Where a consumer's credential is put, as a fingerprint: the same name pointing elsewhere is another place."""

from __future__ import annotations

import hashlib
import json

from rotator.config import kinds

DIGITS = 16  # of hexadecimal: 64 bits tell a user's few places apart


def fingerprint(consumer: kinds.Consumer, account: str, region: str) -> str:
    """The place without its name: no address, path or id can be read from it.  "" for what only a person knows."""
    target = _target(consumer, region)
    if not target:
        return ""
    text = json.dumps([account, consumer.type, *target])
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _target(consumer: kinds.Consumer, region: str) -> tuple[str, ...]:
    match consumer:
        case kinds.GmailSendAs(mailbox=mailbox, alias=alias):
            return mailbox.lower(), alias.lower()
        case kinds.SecretsManager(secret_id=secret_id):
            return secret_id, consumer.region or region
        case kinds.SsmParameter(path=path):
            return path, consumer.region or region
        case kinds.CredentialFile(path=path):
            return (path,)
        case kinds.Command(push=push):
            return push
        case kinds.Human():
            return ()
