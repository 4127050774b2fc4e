"""A service account's signed assertion (RFC 7523), checked as Google's token endpoint checks it."""

from __future__ import annotations

import base64
import binascii
import json
import time
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from rotator.sandbox.gmail.errors import TokenError, invalid_grant

# google-auth keeps this audience whatever token_uri the key file names.
AUDIENCE = "https://oauth2.googleapis.com/token"
LIFETIME_S = 3600
SKEW_S = 300


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account as Google knows it.  `client_id` is what an administrator authorises."""

    email: str
    client_id: str
    kid: str
    public_key: RSAPublicKey


def check(assertion: str, accounts: dict[str, ServiceAccount]) -> tuple[ServiceAccount, dict[str, Any]]:
    """The account that signed, and the claims; raises TokenError 400 invalid_grant.

    The client stamps iat with the machine's own time while the sandbox's clock may be days ahead, so age and
    skew are compared with real time.
    """
    signed, _, signature = assertion.rpartition(".")
    header, claims = _part(signed, 0), _part(signed, 1)
    account = accounts.get(str(claims.get("iss")))
    if account is None:
        raise invalid_grant("Invalid grant: account not found")
    if header.get("alg") != "RS256" or header.get("kid", account.kid) != account.kid:
        raise invalid_grant("Invalid JWT Signature.")
    _check_signature(account, signed, signature)
    if claims.get("aud") != AUDIENCE:
        raise invalid_grant("Invalid JWT: Failed audience check.")
    _check_times(claims)
    return account, claims


def _check_signature(account: ServiceAccount, signed: str, signature: str) -> None:
    try:
        account.public_key.verify(_decode(signature), signed.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        raise invalid_grant("Invalid JWT Signature.") from None


def _check_times(claims: dict[str, Any]) -> None:
    issued, expires, now = claims.get("iat", ""), claims.get("exp", ""), time.time()
    whole = isinstance(issued, int) and isinstance(expires, int)
    issued, expires = (int(issued), int(expires)) if whole else (0, 0)
    if not 0 < expires - issued <= LIFETIME_S or issued > now + SKEW_S or expires < now - SKEW_S:
        raise invalid_grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
            "Check your iat and exp values in the JWT claim."
        )


def _part(signed: str, n: int) -> dict[str, Any]:
    try:
        loaded = json.loads(_decode(signed.split(".")[n]))
    except (IndexError, ValueError):
        raise _unreadable() from None
    if not isinstance(loaded, dict):
        raise _unreadable()
    return loaded


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise _unreadable() from None


def _unreadable() -> TokenError:
    return invalid_grant("Bad Request")
