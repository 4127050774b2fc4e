"""Google credentials from private files.

A service account acts for a mailbox by domain-wide delegation; a user token is the mailbox's own.  Both files are
as good as a password: they must belong to the service user and be closed to everybody else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rotator.core.mail.gmail_fixes import ADMIN_CONSOLE, login_again, user_fixes
from rotator.core.trust import google_url_problem
from rotator.services.gmail_errors import GmailError, GmailKind
from rotator.services.private_file import FileRefused, read

SCOPE = "https://www.googleapis.com/auth/"
READ, SEND = f"{SCOPE}gmail.readonly", f"{SCOPE}gmail.send"
# `basic` alone is what the document asks for PATCH; one client found that `sharing` is needed too.
SETTINGS = (f"{SCOPE}gmail.settings.basic", f"{SCOPE}gmail.settings.sharing")
USER_SCOPES = (READ, SEND)
DELEGATED_SCOPES = (*SETTINGS, READ, SEND)


@dataclass(frozen=True, slots=True)
class Access:
    """A way into a mailbox: `load` makes google-auth credentials, `fixes` says what helps where that depends on it."""

    load: Callable[[], Any]
    fixes: Mapping[str, str] = field(default_factory=dict)


def delegated_access(path: Path, mailbox: str, trusted: frozenset[str] = frozenset()) -> Access:
    """A service account with domain-wide delegation.  Nothing is read before `load`."""
    dead = "check that the service account's key still exists, that the mailbox does, and this machine's clock"
    delegation = delegation_fix(path)
    fixes: dict[str, str] = dict.fromkeys((GmailKind.NOT_AUTHORISED, GmailKind.SCOPE), delegation)
    fixes[GmailKind.TOKEN_DEAD] = dead
    return Access(lambda: service_account(path, mailbox, trusted), fixes)


def user_access(path: Path, trusted: frozenset[str] = frozenset(), mailbox: str = "ADDRESS") -> Access:
    """A user token, as `rotator gmail login` makes it.  Nothing is read before `load`; `mailbox` is for the fixes."""
    login = login_again(mailbox, str(path))
    return Access(lambda: authorized_user(path, trusted), user_fixes(login))


def service_account(path: Path, mailbox: str, trusted: frozenset[str] = frozenset()) -> Any:
    """google-auth credentials that act as `mailbox`.  Raises GmailError (the file) before anything is sent."""
    from google.oauth2 import service_account as google

    info = _private_json(path, ("client_email", "private_key", "token_uri"), trusted)
    try:
        made: Any = google.Credentials
        return made.from_service_account_info(info, scopes=list(DELEGATED_SCOPES), subject=mailbox)
    except ValueError:
        raise GmailError(GmailKind.CREDENTIALS, f"{path}: not a service account key", _NEW_KEY) from None


def authorized_user(path: Path, trusted: frozenset[str] = frozenset()) -> Any:
    """google-auth credentials of a user token.  Raises GmailError (the file) before anything is sent.

    Built by hand because `from_authorized_user_info` always overrides token_uri.
    """
    from google.oauth2.credentials import Credentials

    info = _private_json(path, ("client_id", "client_secret", "refresh_token", "token_uri"), trusted)
    return Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=info["refresh_token"],
        token_uri=info["token_uri"],
        client_id=info["client_id"],
        client_secret=info["client_secret"],
        scopes=list(USER_SCOPES),
    )


def delegation_fix(path: Path) -> str:
    """What the Workspace administrator has to enter: the page, this key's client id and the scopes."""
    try:
        found = read(path)
        client = json.loads(found.content).get("client_id", "?") if found else "?"
    except (FileRefused, ValueError, AttributeError):
        client = "?"
    scopes = ",".join(DELEGATED_SCOPES)
    return f"the Workspace administrator authorises, at {ADMIN_CONSOLE}, client id {client} for the scopes {scopes}"


_NEW_KEY = "download a key of the service account again, as JSON, and keep it 0600"
_NEW_TOKEN = f"{login_again()} makes such a file"


def _private_json(path: Path, members: tuple[str, ...], trusted: frozenset[str]) -> dict[str, Any]:
    """The object in a private file, with all `members` as text and a token_uri that may be trusted."""
    kind = "a service account key" if "private_key" in members else "a user token"
    fix = _NEW_KEY if "private_key" in members else _NEW_TOKEN
    try:
        info = json.loads(content_of(path))
    except ValueError:
        info = None
    if not isinstance(info, dict) or not all(isinstance(info.get(name), str) for name in members):
        raise GmailError(GmailKind.CREDENTIALS, f"{path}: not {kind}", fix)
    check_url(path, info["token_uri"], trusted)
    return info


def content_of(path: Path) -> bytes:
    """The content of a private file.  Raises GmailError if it is missing or open to others."""
    try:
        found = read(path, private=True)
    except FileRefused as refused:
        raise GmailError(GmailKind.CREDENTIALS, str(refused), f"chmod 600 {path}, owned by the service user") from None
    if found is None:
        raise GmailError(GmailKind.CREDENTIALS, f"{path}: no such file", f"correct the path, or: {login_again()}")
    return found.content


def check_url(path: Path, url: str, trusted: frozenset[str]) -> None:
    """Raise GmailError if `url`, found in `path`, is neither Google's nor trusted by the environment."""
    if problem := google_url_problem(url, trusted):
        raise GmailError(GmailKind.CREDENTIALS, f"{path}: an address in it {problem}", "use the file as Google gave it")
