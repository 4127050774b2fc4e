"""The OAuth consent page, for an installed app: the person agrees at once and the browser is sent back."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from rotator.sandbox.gmail.errors import ApiError, invalid_argument
from rotator.sandbox.gmail.store import Store, User
from rotator.sandbox.gmail.tokens import Code, Tokens

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def consent(query: dict[str, list[str]], tokens: Tokens, store: Store) -> str:
    """Where the browser goes next: the app's loopback address with a code; raises ApiError 400 or 401."""
    asked = {name: values[0] for name, values in query.items()}
    if asked.get("client_id") != tokens.client_id:
        raise ApiError(401, "invalid_client", "The OAuth client was not found.")
    if asked.get("response_type") != "code":
        raise invalid_argument("Error 400: unsupported_response_type")
    target = asked.get("redirect_uri", "")
    if urlsplit(target).scheme != "http" or urlsplit(target).hostname not in LOOPBACK:
        raise invalid_argument("Error 400: redirect_uri_mismatch")
    scopes = frozenset(asked.get("scope", "").split())
    if not scopes:
        raise invalid_argument("Error 400: invalid_request. Missing required parameter: scope")
    code = Code(_person(asked.get("login_hint"), store).address, scopes, target, _challenge(asked))
    answer = {"code": tokens.new_code(code), "scope": " ".join(sorted(scopes))}
    if "state" in asked:
        answer = {"state": asked["state"]} | answer
    return f"{target}{'&' if urlsplit(target).query else '?'}{urlencode(answer)}"


def _challenge(asked: dict[str, str]) -> str | None:
    if "code_challenge" not in asked:
        return None
    if asked.get("code_challenge_method") != "S256":
        raise invalid_argument("Error 400: invalid_request. Unsupported code_challenge_method")
    return asked["code_challenge"]


def _person(hint: str | None, store: Store) -> User:
    # Without a hint the browser is logged in as the first person who has no administrator.
    people = sorted(store.users.values(), key=lambda user: user.workspace is not None)
    chosen = store.user(hint) if hint else next(iter(people), None)
    if chosen is None:
        raise invalid_argument("Error 400: no such Google account")
    return chosen
