"""Every request to Gmail is one that Google's own discovery document describes, the one its Python client ships."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from google.oauth2.credentials import Credentials

from rotator.core.access_keys import KeyId
from rotator.core.ports import Deadline
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.sandbox.gmail import discovery
from rotator.sandbox.gmail.errors import ApiError
from rotator.services.gmail import GmailMailbox
from rotator.services.google_auth import DELEGATED_SCOPES, Access

ANSWER = {
    "emailAddress": "a@b.org", "id": "1", "threadId": "1", "raw": "aGk=", "messages": [],
    "smtpMsa": {"host": "h", "port": 587, "securityMode": "starttls"}, "verificationStatus": "accepted",
}  # fmt: skip
PAIR = SmtpCredential(KeyId("AKIA" + "2" * 16), Secret("BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"))
Seen = list[tuple[str, str, bytes]]


class Recorder(BaseHTTPRequestHandler):
    """Says yes to everything and remembers what it was asked."""

    protocol_version, seen = "HTTP/1.1", Seen()

    def answer(self) -> None:
        """Remember and say yes."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path, body))
        text = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 - the names are http.server's

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def recorded() -> Iterator[tuple[GmailMailbox, Seen]]:
    """A mailbox, and what a server behind it sees."""
    handler = type("Fresh", (Recorder,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        access = Access(lambda: Credentials("token"))
        url = f"http://127.0.0.1:{server.server_port}"
        yield GmailMailbox(mailbox="a@b.org", access=access, api_endpoint=url), handler.seen  # type: ignore[attr-defined]
        server.shutdown()


def patch(security: Literal["starttls", "tls"]) -> Callable[[GmailMailbox, Deadline], object]:
    """Write an alias."""
    return lambda mailbox, deadline: mailbox.patch_smtp("news+x@b.org", "h", 587, security, PAIR, deadline)


# The method, and how -> the document's name for it, and the call.
CALLS: dict[str, tuple[str, Callable[[GmailMailbox, Deadline], object]]] = {
    "profile": ("users.getProfile", lambda mailbox, deadline: mailbox.profile(deadline)),
    "alias": ("sendAs.get", lambda mailbox, deadline: mailbox.alias("news+x@b.org", deadline)),
    "patch_smtp": ("sendAs.patch", patch("starttls")),
    "patch_smtp, TLS": ("sendAs.patch", patch("tls")),
    "send": ("messages.send", lambda mailbox, deadline: mailbox.send(b"Subject: x\r\n\r\ny\r\n", deadline)),
    "inbox": ("messages.list", lambda mailbox, deadline: mailbox.inbox(deadline)),
    "found": ("messages.list", lambda mailbox, deadline: mailbox.found("subject:x", deadline)),
    "message": ("messages.get", lambda mailbox, deadline: mailbox.message("1", deadline)),
    "whole": ("messages.get", lambda mailbox, deadline: mailbox.whole("1", deadline)),
}


def test_these_are_all_its_calls() -> None:
    """A call that is added is added here."""
    public = {name for name in vars(GmailMailbox) if not name.startswith("_")} - {"missing_scopes"}
    assert public == {name.partition(",")[0] for name in CALLS}


@pytest.mark.parametrize(("name", "call"), CALLS.values(), ids=CALLS.keys())
def test_the_document_knows_the_request(
    recorded: tuple[GmailMailbox, Seen], name: str, call: Callable[[GmailMailbox, Deadline], object]
) -> None:
    """Path, query and body are as Google describes them, and one of our scopes is enough for it."""
    mailbox, seen = recorded
    call(mailbox, Deadline.after(10))
    ((verb, path, body),) = seen
    parts = urlsplit(path)
    found = discovery.find(verb, parts.path)
    assert found.method.name == name
    assert found.method.scopes & set(DELEGATED_SCOPES)
    discovery.check_query(found.method, parse_qs(parts.query))
    assert bool(body) is (found.method.request is not None)
    if found.method.request is not None:
        given = json.loads(body)
        assert discovery.check_body(found.method.request, given) == given


def test_a_slip_would_be_noticed() -> None:
    """A misspelt field, a wrong type, an unknown word: the document has none of them."""
    slips: list[dict[str, Any]] = [{"smtpMSA": {}}, {"smtpMsa": {"port": "587"}}, {"smtpMsa": {"securityMode": "tls"}}]
    for wrong in slips:
        with pytest.raises(ApiError):
            discovery.check_body("SendAs", wrong)
