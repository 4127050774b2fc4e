"""`rotator gmail login`: a person's consent in the browser, and the token file that comes of it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rotator.core.errors import ConfigurationError
from rotator.core.hosts import is_loopback
from rotator.core.ports import Deadline
from rotator.services.gmail_errors import GmailError, GmailKind
from rotator.services.google_auth import USER_SCOPES, check_url, content_of
from rotator.services.private_file import FileLate, FileRefused, FileUncertain, rewrite
from rotator.services.quiet import quiet_libraries

LOGIN_WAIT_S = 300
WRITE_S = 20
ALLOW_HTTP = "OAUTHLIB_INSECURE_TRANSPORT"  # oauthlib's only switch for plain http


def installed_app_login(
    *,
    client_secrets: Path,
    mailbox: str,
    out: Path,
    show_url: Callable[[str], None],
    mailbox_of: Callable[[Any], str],
    open_browser: bool = False,
    trusted: frozenset[str] = frozenset(),
    wait_s: int = LOGIN_WAIT_S,
) -> None:
    """Get a user token for `mailbox` through the browser and keep it in `out`, born 0600.

    `show_url` is given the address to open; `mailbox_of` asks Gmail whose mailbox the credentials open.  Raises
    GmailError and ConfigurationError; nothing is written unless the right person agreed to every scope.
    """
    config = _client_config(client_secrets, trusted)
    credentials = _consent(config, mailbox, show_url, open_browser, wait_s)
    if (found := mailbox_of(credentials)).lower() != mailbox.lower():
        raise GmailError(GmailKind.WRONG_MAILBOX, f"the login was for {found}, not for {mailbox}; nothing was kept")
    if not credentials.refresh_token:
        raise GmailError(GmailKind.TOKEN_DEAD, "Google gave no refresh token; nothing was kept")
    content = {
        "type": "authorized_user",
        "account": mailbox,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "refresh_token": credentials.refresh_token,
        "token_uri": credentials.token_uri,
        "scopes": list(USER_SCOPES),
    }
    try:
        rewrite(out, lambda _: json.dumps(content, indent=2).encode() + b"\n", Deadline.after(WRITE_S))
    except (FileRefused, FileLate, FileUncertain) as error:
        raise ConfigurationError(str(error)) from None


def _client_config(path: Path, trusted: frozenset[str]) -> dict[str, Any]:
    """The `installed` part of client_secret.json, with trusted addresses only."""
    try:
        config = json.loads(content_of(path))["installed"]
        addresses = [config["auth_uri"], config["token_uri"], config["client_id"]]
    except (ValueError, KeyError, TypeError):
        fix = "create an OAuth client of type Desktop app and download its JSON"
        raise GmailError(GmailKind.CREDENTIALS, f"{path}: not the client secrets of an installed app", fix) from None
    for url in addresses[:2]:
        check_url(path, url, trusted)
    return {"installed": config}


def _consent(
    config: dict[str, Any], mailbox: str, show_url: Callable[[str], None], open_browser: bool, wait_s: int
) -> Any:
    """Wait on a free port of 127.0.0.1 for the browser to come back with the person's consent."""
    from google_auth_oauthlib.flow import InstalledAppFlow
    from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]

    class Flow(InstalledAppFlow):  # type: ignore[misc]
        """Hands the address to `show_url`; the library would print it."""

        def authorization_url(self, **arguments: Any) -> tuple[str, str]:
            url, state = super().authorization_url(**arguments)
            show_url(url)
            return url, state

    flow = Flow.from_client_config(config, scopes=list(USER_SCOPES))
    quiet_libraries()
    try:
        with _plain_http_to_loopback(config["installed"]["token_uri"]):
            return flow.run_local_server(
                host="127.0.0.1", port=0, open_browser=open_browser, authorization_prompt_message=None,
                timeout_seconds=wait_s, login_hint=mailbox, prompt="consent",
            )  # fmt: skip
    except (OAuth2Error, Warning):  # oauthlib raises a Warning where other scopes were granted than asked for
        raise GmailError(GmailKind.SCOPE, "the consent was refused or not for every scope; nothing was kept") from None
    except (OSError, AttributeError, ValueError) as error:
        raise GmailError(GmailKind.UNCLEAR, f"the login did not come back ({type(error).__name__})") from None


@contextlib.contextmanager
def _plain_http_to_loopback(token_uri: str) -> Iterator[None]:
    """Let oauthlib speak http while the login runs, and only to a sandbox on this machine."""
    parts = urlsplit(token_uri)
    if parts.scheme != "http" or not is_loopback(parts.hostname or "") or ALLOW_HTTP in os.environ:
        yield
        return
    os.environ[ALLOW_HTTP] = "1"
    try:
        yield
    finally:
        del os.environ[ALLOW_HTTP]
