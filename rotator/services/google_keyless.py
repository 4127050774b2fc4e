"""Domain-wide delegation without a key file: the service account's signature comes from IAM's signBlob.

The program's own Google identity (application default credentials: GOOGLE_APPLICATION_CREDENTIALS, gcloud's, or the
machine's) needs roles/iam.serviceAccountTokenCreator on the service account, and nothing else.
https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob

A signer of our own, because google.auth.iam.Signer knows one address only and tries again by itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from rotator.core.mail.gmail_fixes import ADMIN_CONSOLE
from rotator.core.trust import google_url_problem, is_google_host
from rotator.services.gmail import one_try_http
from rotator.services.gmail_errors import GmailError, GmailKind
from rotator.services.google_auth import DELEGATED_SCOPES, Access

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
SIGN_HOST = "https://iamcredentials.googleapis.com"
SIGN_SCOPE = "https://www.googleapis.com/auth/iam"
REQUEST_S = 5.0  # one wait on the wire; three requests come before the first of Gmail
ROLE = "roles/iam.serviceAccountTokenCreator"


def impersonated_access(
    email: str, mailbox: str, api_endpoint: str | None = None, trusted: frozenset[str] = frozenset()
) -> Access:
    """A service account, named by its address, that acts for `mailbox`.  Nothing is asked before `load`.

    `api_endpoint`: where Gmail is; if that is not Google's own, tokens and signatures come from there, too.
    """
    scopes = ",".join(DELEGATED_SCOPES)
    delegation = f"the Workspace administrator authorises, at {ADMIN_CONSOLE}, the unique id of {email} for {scopes}"
    dead = f"check that {email} and the mailbox still exist, and this machine's clock"
    fixes: Mapping[str, str] = {
        GmailKind.NOT_AUTHORISED: delegation,
        GmailKind.SCOPE: delegation,
        GmailKind.TOKEN_DEAD: dead,
    }
    return Access(lambda: impersonated(email, mailbox, api_endpoint, trusted), fixes)


def impersonated(email: str, mailbox: str, api_endpoint: str | None, trusted: frozenset[str]) -> Any:
    """google-auth credentials that act as `mailbox`, with a token.  Raises GmailError; GoogleAuthError by the token.

    The token is fetched here, so that no write waits for three other requests and starts after its deadline.
    """
    from google.oauth2 import service_account
    from google_auth_httplib2 import Request

    token_url, sign_host = _addresses(api_endpoint, trusted)
    request = Request(one_try_http()(timeout=REQUEST_S))
    signer = _signer()(f"{sign_host}/v1/projects/-/serviceAccounts/{email}:signBlob", request)
    made: Any = service_account.Credentials
    credentials = made(signer, email, token_url, scopes=list(DELEGATED_SCOPES), subject=mailbox)
    credentials.refresh(request)
    return credentials


def _addresses(api_endpoint: str | None, trusted: frozenset[str]) -> tuple[str, str]:
    """Where tokens and signatures come from."""
    if api_endpoint is None or is_google_host(urlsplit(api_endpoint).hostname or ""):
        return TOKEN_URL, SIGN_HOST
    if problem := google_url_problem(api_endpoint, trusted):
        raise GmailError(GmailKind.CREDENTIALS, f"google.api_endpoint {problem}", "leave it out")
    return f"{api_endpoint.rstrip('/')}/token", api_endpoint.rstrip("/")


def _own_token(request: Any) -> str:
    """An access token of the program's own identity, good for signing only."""
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, RefreshError

    try:
        source, _project = google.auth.default(scopes=[SIGN_SCOPE], request=request)
        source.refresh(request)  # type: ignore[no-untyped-call]
    except DefaultCredentialsError:
        seen, fix = "no application default credentials", "set GOOGLE_APPLICATION_CREDENTIALS, or run on Google Cloud"
        raise GmailError(GmailKind.CREDENTIALS, seen, fix) from None
    except RefreshError:
        seen = "the application default credentials are no longer accepted"
        raise GmailError(GmailKind.CREDENTIALS, seen, "renew them: gcloud auth application-default login") from None
    return str(source.token)


@cache
def _signer() -> Any:
    """The class SignBlob; made late because google.auth is imported late."""
    from google.auth.crypt import Signer
    from google.auth.exceptions import TransportError

    class SignBlob(Signer):
        """Signs with a key that Google keeps."""

        def __init__(self, url: str, request: Any) -> None:
            self._url, self._request = url, request

        @property
        def key_id(self) -> None:
            """Google chooses among its keys; which one is not said beforehand."""

        def sign(self, message: Any) -> bytes:
            """The signature.  Raises GmailError if IAM says no, TransportError if nobody can say."""
            raw = message if isinstance(message, bytes) else str(message).encode()
            body = json.dumps({"payload": base64.b64encode(raw).decode()}).encode()
            headers = {"Authorization": f"Bearer {_own_token(self._request)}", "Content-Type": "application/json"}
            answer = self._request(url=self._url, method="POST", body=body, headers=headers)
            if answer.status in (400, 401, 403, 404):
                account = self._url.rpartition("/")[2].partition(":")[0]
                seen = f"signBlob: {answer.status}, no signature as {account}"
                raise GmailError(GmailKind.CREDENTIALS, seen, f"grant the program's own identity {ROLE} on {account}")
            try:
                return base64.b64decode(json.loads(answer.data)["signedBlob"], validate=True)
            except (ValueError, KeyError, TypeError):
                lost: Any = TransportError
                raise lost(f"signBlob: {answer.status}, no usable answer") from None

    return SignBlob
