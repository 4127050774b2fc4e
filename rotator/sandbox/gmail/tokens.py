"""The token endpoint: assertions of service accounts, refresh tokens, authorization codes -> access tokens.

Simplifications: one OAuth client; consent is given at once; ID tokens do not exist.
"""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from rotator.sandbox.faults import Faults
from rotator.sandbox.gmail import faults as fault
from rotator.sandbox.gmail.assertion import ServiceAccount, check
from rotator.sandbox.gmail.errors import TokenError, bad_access_token, invalid_grant, unauthorized_client
from rotator.sandbox.gmail.store import Store

ACCESS_TOKEN_S = 3599
TESTING_LIFETIME = timedelta(days=7)  # https://developers.google.com/identity/protocols/oauth2#expiration
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANTS = {JWT_BEARER: "jwt-bearer", "refresh_token": "refresh_token", "authorization_code": "authorization_code"}


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token stands for.  `user` None = the service account itself, which has no mailbox.

    Expires on real time: the client counts `expires_in` on the machine's own clock, which the sandbox cannot move.
    """

    user: str | None
    scopes: frozenset[str]
    delegated: bool
    expires_at: float  # seconds since the epoch, real time
    account: str = ""  # the service account, where it acts for itself


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token's user, scopes and birth on the sandbox's clock."""

    user: str
    scopes: frozenset[str]
    issued: datetime


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, good once."""

    user: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str | None


class Tokens:
    """All that has been granted.  `testing`: the OAuth app is in "Testing", its refresh tokens live 7 days."""

    def __init__(self, store: Store, faults: Faults, *, testing: bool = False) -> None:
        self._store, self._faults, self.testing = store, faults, testing
        self.client_id = f"{secrets.randbelow(10**12):012d}-sandbox.apps.googleusercontent.com"
        self.client_secret = "GOCSPX-" + secrets.token_urlsafe(21)
        self.accounts: dict[str, ServiceAccount] = {}
        self.delegated: list[tuple[str, frozenset[str], frozenset[str] | None]] = []
        self._access: dict[str, Access] = {}
        self._refresh: dict[str, Refresh] = {}
        self._codes: dict[str, Code] = {}
        store.secrets.add(self.client_secret)

    def delegate(self, client_id: str, scopes: frozenset[str], domains: frozenset[str] | None) -> None:
        """Authorise (client id, scopes) for `domains`, None = every workspace."""
        self.delegated.append((client_id, scopes, domains))

    def access(self, authorization: str | None) -> Access:
        """What the Authorization header stands for; raises ApiError 401."""
        kind, _, token = (authorization or "").partition(" ")
        found = self._access.get(token) if kind.lower() == "bearer" else None
        if found is None or found.expires_at <= time.time():
            raise bad_access_token()
        return found

    def new_refresh(self, user: str, scopes: frozenset[str]) -> str:
        """A new refresh token."""
        token = "1//0" + secrets.token_urlsafe(32)
        self._refresh[token] = Refresh(user, scopes, self._store.clock.now())
        self._store.secrets.add(token)
        return token

    def new_code(self, code: Code) -> str:
        """A new authorization code."""
        token = "4/0A" + secrets.token_urlsafe(32)
        self._codes[token] = code
        self._store.secrets.add(token)
        return token

    def revoke(self, user: str) -> None:
        """The user changes the password or removes the app: all refresh tokens and access tokens of theirs die."""
        who = user.lower()
        self._refresh = {token: held for token, held in self._refresh.items() if held.user.lower() != who}
        self._access = {token: held for token, held in self._access.items() if (held.user or "").lower() != who}

    def expire_access(self) -> None:
        """All access tokens die now; refresh tokens and keys still make new ones."""
        self._access = {}

    def grant(self, form: dict[str, str]) -> dict[str, Any]:
        """Answer one token request; raises TokenError."""
        if self._faults.take(fault.INVALID_GRANT):
            raise invalid_grant()
        if self._faults.take(fault.UNAUTHORIZED_CLIENT):
            raise unauthorized_client()
        kind = form.get("grant_type")
        if kind == JWT_BEARER:
            return self._by_assertion(form)
        if kind == "refresh_token":
            return self._by_refresh(form)
        if kind == "authorization_code":
            return self._by_code(form)
        raise TokenError(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _by_assertion(self, form: dict[str, str]) -> dict[str, Any]:
        account, claims = check(form.get("assertion", ""), self.accounts)
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes:
            raise TokenError(400, "invalid_scope", "Empty or missing scope not allowed.")
        subject = claims.get("sub")
        if subject is None or subject == account.email:
            return self._issue(None, scopes, delegated=False, account=account.email)
        self._check_delegation(account, str(subject), scopes)
        return self._issue(str(subject), scopes, delegated=True)

    def _check_delegation(self, account: ServiceAccount, subject: str, scopes: frozenset[str]) -> None:
        domain = subject.lower().rpartition("@")[2]
        user = self._store.user(subject)
        if domain not in self._store.workspaces or (user is not None and user.workspace is None):
            raise unauthorized_client()
        authorised = any(
            client == account.client_id and scopes <= allowed and (domains is None or domain in domains)
            for client, allowed, domains in self.delegated
        )
        if not authorised:
            raise unauthorized_client()
        if user is None:
            raise invalid_grant("Invalid email or User ID")

    def _by_refresh(self, form: dict[str, str]) -> dict[str, Any]:
        self._check_client(form)
        held = self._refresh.get(form.get("refresh_token", ""))
        if held is None or (self.testing and self._store.clock.now() - held.issued >= TESTING_LIFETIME):
            raise invalid_grant()
        asked = frozenset(form.get("scope", "").split()) or held.scopes
        if not asked <= held.scopes:
            raise TokenError(400, "invalid_scope", "Some requested scopes were invalid.")
        return self._issue(held.user, asked, delegated=False) | {"scope": " ".join(sorted(asked))}

    def _by_code(self, form: dict[str, str]) -> dict[str, Any]:
        self._check_client(form)
        code = self._codes.pop(form.get("code", ""), None)
        if code is None:
            raise invalid_grant("Bad Request")
        if form.get("redirect_uri") != code.redirect_uri:
            raise TokenError(400, "redirect_uri_mismatch", "Bad Request")
        if code.challenge is not None and challenge(form.get("code_verifier", "")) != code.challenge:
            raise invalid_grant("Invalid code verifier.")
        refresh = {"refresh_token": self.new_refresh(code.user, code.scopes), "scope": " ".join(sorted(code.scopes))}
        return self._issue(code.user, code.scopes, delegated=False) | refresh

    def _check_client(self, form: dict[str, str]) -> None:
        if form.get("client_id") != self.client_id:
            raise TokenError(401, "invalid_client", "The OAuth client was not found.")
        if form.get("client_secret") != self.client_secret:
            raise TokenError(401, "invalid_client", "Unauthorized")

    def _issue(self, user: str | None, scopes: frozenset[str], *, delegated: bool, account: str = "") -> dict[str, Any]:
        token = "ya29." + secrets.token_urlsafe(48)
        self._access[token] = Access(user, scopes, delegated, time.time() + ACCESS_TOKEN_S, account)
        self._store.secrets.add(token)
        return {"access_token": token, "expires_in": ACCESS_TOKEN_S, "token_type": "Bearer"}


def challenge(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
