"""The files Google hands out: service account keys, user tokens, client secrets.  All are born 0600."""

from __future__ import annotations

import json
import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rotator.sandbox.gmail.assertion import ServiceAccount
from rotator.sandbox.gmail.tokens import Tokens

PROJECT = "rotator-sandbox"


def service_account(name: str, token_uri: str) -> tuple[ServiceAccount, dict[str, Any]]:
    """A new service account, and the content of its key file."""
    key = _private_key(name)
    email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
    client_id = f"1{secrets.randbelow(10**20):020d}"
    account = ServiceAccount(email, client_id, secrets.token_hex(20), key.public_key())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return account, {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": account.kid,
        "private_key": pem,
        "client_email": email,
        "client_id": client_id,
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }


def keyless_account(name: str) -> tuple[ServiceAccount, RSAPrivateKey]:
    """A new service account whose key stays with Google."""
    key = _private_key(name)
    client_id = f"1{secrets.randbelow(10**20):020d}"
    email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
    return ServiceAccount(email, client_id, secrets.token_hex(20), key.public_key()), key


def email_in(path: Path) -> str:
    """The service account that a key file is of."""
    return str(json.loads(path.read_text("utf-8"))["client_email"])


@cache
def _private_key(name: str) -> RSAPrivateKey:
    # Making one takes a tenth of a second, so the worlds of one process share it, account by account.
    return generate_private_key(public_exponent=65537, key_size=2048)


def authorized_user(tokens: Tokens, user: str, scopes: frozenset[str], token_uri: str) -> dict[str, Any]:
    """The content of a user's token file, with a new refresh token."""
    return {
        "type": "authorized_user",
        "client_id": tokens.client_id,
        "client_secret": tokens.client_secret,
        "refresh_token": tokens.new_refresh(user, scopes),
        "token_uri": token_uri,
        "scopes": sorted(scopes),
        "account": user,
        "universe_domain": "googleapis.com",
    }


def client_secrets(tokens: Tokens, url: str) -> dict[str, Any]:
    """The content of `client_secret.json` of the installed app."""
    installed = {
        "client_id": tokens.client_id,
        "client_secret": tokens.client_secret,
        "project_id": PROJECT,
        "auth_uri": f"{url}/o/oauth2/auth",
        "token_uri": f"{url}/token",
        "redirect_uris": ["http://localhost"],
    }
    return {"installed": installed}


def write_private(path: Path, content: dict[str, Any]) -> Path:
    """Write JSON to a file that nobody else could ever read; refuses to replace one (FileExistsError)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(content, out, indent=2)
    return path
