"""IAM's signBlob: signs with a service account's key for an identity that may create its tokens.

Simplifications: the key never changes; a caller is always a service account; the role is granted at once.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from rotator.sandbox.gmail.errors import INVENTED, ApiError
from rotator.sandbox.gmail.tokens import Tokens

TARGET = re.compile(r"/v1/projects/-/serviceAccounts/([^/:]+):signBlob")
SCOPES = frozenset(f"https://www.googleapis.com/auth/{name}" for name in ("iam", "cloud-platform"))


class Signing:
    """The keys that Google keeps, and who may sign with them."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.keys: dict[str, RSAPrivateKey] = {}
        self.creators: set[tuple[str, str]] = set()  # (caller, service account)

    def sign(self, email: str, authorization: str | None, body: bytes) -> dict[str, Any]:
        """Answer one request; raises ApiError 400, 401, 403."""
        access = self._tokens.access(authorization)
        if not access.scopes & SCOPES:
            raise ApiError(403, "forbidden", f"Request had insufficient authentication scopes. {INVENTED}")
        if email not in self.keys or (access.account, email) not in self.creators:
            denied = "Permission 'iam.serviceAccounts.signBlob' denied on resource (or it may not exist)."
            raise ApiError(403, "forbidden", denied)
        try:
            payload = base64.b64decode(json.loads(body)["payload"], validate=True)
        except (ValueError, KeyError, TypeError):
            raise ApiError(400, "badRequest", f"Invalid payload. {INVENTED}") from None
        signed = self.keys[email].sign(payload, PKCS1v15(), SHA256())
        return {"keyId": self._tokens.accounts[email].kid, "signedBlob": base64.b64encode(signed).decode()}
