"""A Gmail with two accounts beside a calm SES, and Google's own client libraries to talk to it."""

from __future__ import annotations

import base64
import email
import http.client
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.auth import crypt
from google.oauth2 import credentials, service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from rotator.sandbox.gmail import CONSUMER_SCOPES, WORKSPACE_SCOPES, GmailServer
from rotator.sandbox.world import World
from tests.sandbox.clients import first_key

OPS, NEWS = "ops@queenofsandiego.com", "news@queenofsandiego.com"  # a Workspace mailbox and its alias
JADA, ADMIN = "jadasailing@gmail.com", "admin@queenofsandiego.com"  # a consumer mailbox and its alias
COLLEAGUE = "boss@queenofsandiego.com"
PASSWORD_TYPED_WRONG = "not-the-password-of-anything"


@dataclass
class Office:
    """The world, its Gmail, and clients that end with the test."""

    world: World
    gmail: GmailServer
    stack: ExitStack
    key_files: dict[str, Path] = field(default_factory=dict)

    def delegated(self, mailbox: str = OPS, scopes: tuple[str, ...] = WORKSPACE_SCOPES) -> Any:
        """A client that acts for `mailbox` as the authorised service account."""
        if "rotator" not in self.key_files:
            self.key_files["rotator"] = self.gmail.add_service_account("rotator")
        return self.client(self.service_credentials(self.key_files["rotator"], mailbox, scopes))

    def service_credentials(self, path: Path, subject: str | None, scopes: tuple[str, ...] = WORKSPACE_SCOPES) -> Any:
        """google-auth's credentials from a key file."""
        info = json.loads(path.read_text())
        signer = crypt.RSASigner(_loaded(info["private_key"]), info["private_key_id"])
        made: Any = service_account.Credentials
        return made(signer, info["client_email"], info["token_uri"], scopes=list(scopes), subject=subject)

    def personal(self, mailbox: str = JADA, scopes: tuple[str, ...] = CONSUMER_SCOPES) -> Any:
        """A client with the person's own token."""
        return self.client(user_credentials(self.gmail.add_refresh_token(mailbox, scopes)))

    def client(self, with_credentials: Any) -> Any:
        """Google's client for our endpoint: its `users()` resource."""
        options = {"api_endpoint": self.gmail.url}
        api = build("gmail", "v1", credentials=with_credentials, client_options=options, cache_discovery=False)
        self.stack.callback(api.close)
        return api.users()

    def msa(self, **changed: Any) -> dict[str, Any]:
        """All five fields of the SMTP server, with the good password."""
        key = first_key(self.world)
        whole = {"host": "127.0.0.1", "port": self.world.smtp.port, "securityMode": "starttls"}
        return whole | {"username": key.id, "password": self.world.password_of(key)} | changed

    def set_up(self, mailbox: str, alias: str, **changed: Any) -> None:
        """An alias as a person left it."""
        msa = self.msa(**changed)
        names = ("host", "port", "securityMode", "username", "password")
        self.gmail.add_alias(mailbox, alias, *(msa[name] for name in names))

    def wait(self, seconds: float) -> None:
        """Move the sandbox's time."""
        self.world.clock.advance(timedelta(seconds=seconds))

    def logins(self, since: int = 0) -> list[str]:
        """How each SMTP login ended."""
        return [entry.outcome for entry in self.world.record.entries(since) if entry.name == "AUTH"]

    def http(
        self, method: str, path: str, token: str | None = None, body: Any = None
    ) -> tuple[int, Any, dict[str, str]]:
        """One bare request: status, JSON (None for an empty body), headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gmail.port, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            text = body if isinstance(body, (bytes, str, type(None))) else json.dumps(body)
            connection.request(method, path, text, headers)
            reply = connection.getresponse()
            content = reply.read()
            return reply.status, json.loads(content) if content else None, dict(reply.headers)
        finally:
            connection.close()


@cache
def _loaded(pem: str) -> Any:
    """The private key; reading one takes a tenth of a second, most of a test."""
    return load_pem_private_key(pem.encode(), None)


def user_credentials(path: Path) -> Any:
    """google-auth's credentials from a user's token file, with the file's own token_uri."""
    found = json.loads(path.read_text())
    made: Any = credentials.Credentials
    names = ("refresh_token", "token_uri", "client_id", "client_secret", "scopes")
    return made(None, **{name: found[name] for name in names})


def mail(author: str, to: str, subject: str = "hello", **headers: str) -> dict[str, str]:
    """The body of a send request."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    raw = f"From: {author}\r\nTo: {to}\r\nSubject: {subject}\r\n{more}\r\nhello\r\n"
    return {"raw": base64.urlsafe_b64encode(raw.encode()).decode()}


def send(users: Any, author: str, to: str, subject: str = "hello", **headers: str) -> dict[str, Any]:
    """Send through the API."""
    sent: dict[str, Any] = users.messages().send(userId="me", body=mail(author, to, subject, **headers)).execute()
    return sent


def inbox(users: Any, query: str | None = None) -> list[Message]:
    """What lies in INBOX as the API shows it, newest first."""
    found = users.messages().list(userId="me", labelIds=["INBOX"], q=query).execute().get("messages", [])
    return [email.message_from_bytes(raw(users, row["id"])) for row in found]


def raw(users: Any, message_id: str) -> bytes:
    """One message in the raw format."""
    found = users.messages().get(userId="me", id=message_id, format="raw").execute()
    return base64.urlsafe_b64decode(found["raw"])


def send_as(users: Any) -> Any:
    """The sendAs collection."""
    return users.settings().sendAs()


def patch(users: Any, alias: str, **body: Any) -> dict[str, Any]:
    """Patch an alias."""
    answer: dict[str, Any] = send_as(users).patch(userId="me", sendAsEmail=alias, body=body).execute()
    return answer


def refused(request: Any) -> tuple[int, str, str]:
    """Status, reason and message of a call that must fail."""
    try:
        request.execute()
    except HttpError as error:
        found = json.loads(error.content)["error"]
        return error.status_code, found["errors"][0]["reason"], found["message"]
    raise AssertionError("the call did not fail")
