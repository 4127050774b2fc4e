"""Google's refusals, word for word as published, and what each of them means for the one who must act."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from googleapiclient.errors import HttpError
from httplib2 import Response, ServerNotFoundError

from rotator.core.errors import Exit
from rotator.services.gmail_errors import GmailKind, translate

PASSWORD = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"


def reply(code: int, message: str, reason: str = "", **more: Any) -> HttpError:
    """A reply of the Gmail API."""
    errors = {"errors": [{"message": message, "domain": "global", "reason": reason}]} if reason else {}
    body = {"error": {"code": code, "message": message} | errors | more}
    return HttpError(Response({"status": str(code)}), json.dumps(body).encode(), uri="https://x/?y")


QUOTA = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
    "'gmail.googleapis.com' for consumer 'project_number:1'."
)
API_OFF = (
    "Gmail API has not been used in project 1 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/gmail.googleapis.com/overview?project=1 then retry."
)
CASES: dict[str, tuple[Exception, GmailKind, str]] = {
    "the API is not enabled": (
        reply(403, API_OFF, "accessNotConfigured"),
        GmailKind.API_OFF,
        "console.cloud.google.com/apis/library/gmail",
    ),
    "the alias exists": (reply(409, "Requested entity already exists", "alreadyExists"), GmailKind.REJECTED, ""),
    "the whole resource is used up": (
        reply(429, "Resource has been exhausted (e.g. check quota).", "rateLimitExceeded"),
        GmailKind.THROTTLED,
        "later",
    ),
    "a scope that does not exist": (RefreshError("x", {"error": "invalid_scope"}), GmailKind.SCOPE, "gmail.send"),
    "a client that was deleted": (RefreshError("x", {"error": "deleted_client"}), GmailKind.CREDENTIALS, "make new"),
    "not a delegated service account": (
        reply(403, "Access restricted to service accounts that have been delegated domain-wide authority", "forbidden"),
        GmailKind.NEEDS_DELEGATION,
        "by hand",
    ),
    "another user's mailbox": (
        reply(403, "Delegation denied for ops@example.com", "forbidden"),
        GmailKind.WRONG_MAILBOX,
        "mailbox",
    ),
    "a scope is missing": (
        reply(403, "Request had insufficient authentication scopes.", "insufficientPermissions"),
        GmailKind.SCOPE,
        "gmail login",
    ),
    "a scope is missing, without errors": (
        reply(403, "Request had insufficient authentication scopes.", status="PERMISSION_DENIED"),
        GmailKind.SCOPE,
        "gmail login",
    ),
    "user rate, with a time": (
        reply(403, "User-rate limit exceeded.  Retry after 2026-09-11T20:00:00.000Z", "rateLimitExceeded"),
        GmailKind.THROTTLED,
        "after 2026-09-11T20:00:00.000Z",
    ),
    "user rate, without errors": (
        reply(403, "User-rate limit exceeded.  Retry after 2026-09-11T20:00:00.000Z"),
        GmailKind.THROTTLED,
        "after 2026-09-11T20:00:00.000Z",
    ),
    "quota metric": (reply(403, QUOTA, "rateLimitExceeded"), GmailKind.THROTTLED, "later"),
    "concurrency": (
        reply(429, "Too many concurrent requests for user", "rateLimitExceeded"),
        GmailKind.THROTTLED,
        "later",
    ),
    "no licence": (reply(400, "Mail service not enabled", "failedPrecondition"), GmailKind.NO_MAILBOX, "licence"),
    "no subject": (reply(400, "Precondition check failed.", "failedPrecondition"), GmailKind.WRONG_MAILBOX, "mailbox"),
    "gateways off, or the login failed": (
        reply(400, "Custom from requires smtpMsa configuration", "invalidArgument"),
        GmailKind.REJECTED,
        "outbound gateways",
    ),
    "no such alias": (reply(404, "Requested entity was not found.", "notFound"), GmailKind.NOT_FOUND, "alias"),
    "access token bad": (reply(401, "Invalid Credentials", "authError"), GmailKind.TOKEN_DEAD, "gmail login"),
    "backend error": (reply(500, "Internal error encountered.", "backendError"), GmailKind.UNCLEAR, "again"),
    "unavailable, not JSON": (HttpError(Response({"status": "503"}), b"<html>"), GmailKind.UNCLEAR, "again"),
    "refresh token dead": (
        RefreshError("invalid_grant: x", {"error": "invalid_grant", "error_description": "Token has been expired."}),
        GmailKind.TOKEN_DEAD,
        "7 days",
    ),
    "client not authorised": (
        RefreshError("x", {"error": "unauthorized_client", "error_description": "Client is unauthorized"}),
        GmailKind.NOT_AUTHORISED,
        "admin.google.com",
    ),
    "token endpoint unwell": (RefreshError("x", "<html>", retryable=True), GmailKind.UNCLEAR, "again"),
    "connection reset": (ConnectionResetError(), GmailKind.UNCLEAR, "again"),
    "time out": (TimeoutError(), GmailKind.UNCLEAR, "again"),
    "no such host": (ServerNotFoundError(), GmailKind.UNCLEAR, "again"),
    "transport of the token": (TransportError("x"), GmailKind.UNCLEAR, "again"),
    "credentials unusable": (DefaultCredentialsError("x"), GmailKind.CREDENTIALS, ""),
}


@pytest.mark.parametrize(("error", "kind", "words"), CASES.values(), ids=CASES.keys())
def test_what_google_means(error: Exception, kind: GmailKind, words: str) -> None:
    """Each refusal has a class and the exact next action, and only the unclear ones leave an effect open."""
    found = translate(error, "sendAs.patch")
    assert found.kind is kind
    assert words in found.fix
    assert found.definite is (kind is not GmailKind.UNCLEAR)
    retry = {GmailKind.THROTTLED, GmailKind.UNCLEAR}
    assert (found.exit_code == Exit.RETRY) is (kind in retry)


def test_an_echo_of_the_password_is_masked() -> None:
    """Gmail may quote an invalid value; the text that is shown has it masked."""
    echo = reply(400, f"Invalid value at 'send_as.smtp_msa.password' (TYPE_INT32), \"{PASSWORD}\"", "invalid")
    found = translate(echo, "sendAs.patch", (PASSWORD,))
    assert PASSWORD not in str(found)
    assert "smtp_msa.password" in str(found)


def test_retry_after_counts_from_googles_own_clock() -> None:
    """The reply says when it was written: a machine whose clock is wrong waits neither for ever nor not at all."""
    body = {"error": {"code": 403, "message": "User-rate limit exceeded.  Retry after 2026-09-11T20:00:00.000Z"}}
    response = Response({"status": "403", "date": "Fri, 11 Sep 2026 19:58:30 GMT"})
    assert translate(HttpError(response, json.dumps(body).encode()), "x").after_s == 90.0
    late = Response({"status": "403", "date": "Fri, 11 Sep 2026 20:58:30 GMT"})
    assert translate(HttpError(late, json.dumps(body).encode()), "x").after_s == 0.0
