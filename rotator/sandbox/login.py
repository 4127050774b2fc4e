"""SES's SMTP login: which user name and password a front end accepts, and the traces a login leaves.

The expected password comes from botocore's own SigV4 signer, never from the product's derivation, so that
a mistake there cannot hide here.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.credentials import Credentials

from rotator.sandbox.faults import Faults, declare
from rotator.sandbox.keys import FrontEnd, Key, KeyStore
from rotator.sandbox.record import Record

SMTP_454 = declare("smtp_454", "AUTH answers 454 Temporary authentication failure")
SMTP_535 = declare("smtp_535", "AUTH answers 535 although the credential is right")

ACCEPTED = "235 Authentication successful."
INVALID = "535 Authentication Credentials Invalid"
TEMPORARY = "454 Temporary authentication failure"
KEY_ID = re.compile(r"A[KS]IA[A-Z2-7]{16}")
VERSION_4 = b"\x04"
LAST_USED_SERVICE = "ses-smtp"  # as femiwiki/femiwiki#528 saw it


@dataclass(frozen=True, slots=True)
class _Fixed:
    """The request that botocore's signer wants: it only reads the time stamp."""

    context: dict[str, str]


def smtp_password(secret: str, region: str) -> str:
    """The version 4 SMTP password of a secret in a region, through botocore (independent of the product)."""
    request: Any = _Fixed({"timestamp": "11111111T000000Z"})
    signature = SigV4Auth(Credentials("unused", secret), "ses", region).signature("SendRawEmail", request)
    return base64.b64encode(VERSION_4 + bytes.fromhex(signature)).decode()


class Logins:
    """Judges logins for one region's endpoint."""

    def __init__(
        self, region: str, keys: KeyStore, record: Record, faults: Faults, now: Callable[[], datetime]
    ) -> None:
        self._region, self._keys, self._record, self._faults, self._now = region, keys, record, faults, now
        self.moves_last_used = True  # whether SMTP logins show up in last-used at all: unknown for AWS, so a switch

    def attempt(self, front: FrontEnd, username: str, password: str) -> tuple[str, Key | None]:
        """The reply to one AUTH on `front`, and the key that is now logged in.  Raises Dropped."""
        number = self._record.begin("smtp", "AUTH", username if KEY_ID.fullmatch(username) else "not a key id")
        reply, key = self._judge(front, username, password)
        if key is not None and self.moves_last_used:
            self._keys.use(key, LAST_USED_SERVICE, self._region)
        self._record.end(number, reply.split()[0])
        return reply, key

    def _judge(self, front: FrontEnd, username: str, password: str) -> tuple[str, Key | None]:
        if self._faults.take(SMTP_454):
            return TEMPORARY, None
        if self._faults.take(SMTP_535):
            return INVALID, None
        key = self._keys.find(username)
        if key is None or not front.accepts(key, self._now()):
            return INVALID, None
        right = hmac.compare_digest(smtp_password(key.secret, self._region).encode(), password.encode())
        return (ACCEPTED, key) if right else (INVALID, None)
