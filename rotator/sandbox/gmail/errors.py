"""Errors of the local Gmail, word for word where a word of the real one is public.

How a call can end:

    Refusal                 with this reply
      ApiError              Gmail API: {"error": {"code", "message", "errors", "status"}}
      TokenError            token endpoint: {"error", "error_description"}
    NoReply                 with the connection reset, or closed, and no reply
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

# Marks a sentence that nobody public has recorded from the real Gmail.
INVENTED = "(sandbox's own wording)"

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class NoReply(Exception):
    """The call gets no reply: its connection is `how`.  httplib2 repeats a closed one by itself, not a reset one."""

    def __init__(self, how: Literal["reset", "closed"] = "reset") -> None:
        super().__init__(how)
        self.how = how


class Refusal(Exception, ABC):
    """A call answered with an error.  `code` is the HTTP status."""

    code: int
    headers: dict[str, str]

    @abstractmethod
    def body(self) -> dict[str, Any]:
        """The JSON object of the reply."""

    @abstractmethod
    def outcome(self) -> str:
        """One line for the record: status and reason."""


class ApiError(Refusal):
    """An error of the Gmail API."""

    def __init__(
        self, code: int, reason: str, message: str, *, status: str | None = None, domain: str = "global"
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.domain = code, reason, message, domain
        self.status = status or STATUS[code]
        self.details: list[dict[str, Any]] = []
        self.headers = {}

    def body(self) -> dict[str, Any]:
        """Google's error object."""
        one = {"message": self.message, "domain": self.domain, "reason": self.reason}
        error = {"code": self.code, "message": self.message, "errors": [one], "status": self.status}
        return {"error": error | ({"details": self.details} if self.details else {})}

    def outcome(self) -> str:
        """`403 forbidden`."""
        return f"{self.code} {self.reason}"


class TokenError(Refusal):
    """An error of the token endpoint (RFC 6749 section 5.2)."""

    def __init__(self, code: int, error: str, description: str) -> None:
        super().__init__(description)
        self.code, self.error, self.description = code, error, description
        self.headers = {}

    def body(self) -> dict[str, Any]:
        """RFC 6749's error object."""
        return {"error": self.error, "error_description": self.description}

    def outcome(self) -> str:
        """`400 invalid_grant`."""
        return f"{self.code} {self.error}"


def invalid_argument(message: str) -> ApiError:
    """400: the request's content is wrong."""
    return ApiError(400, "invalidArgument", message)


def failed_precondition(message: str) -> ApiError:
    """400: the state does not allow it."""
    return ApiError(400, "failedPrecondition", message, status="FAILED_PRECONDITION")


def not_found() -> ApiError:
    """404: no such alias, message or path."""
    return ApiError(404, "notFound", "Requested entity was not found.")


def already_exists() -> ApiError:
    """409: the alias is there."""
    return ApiError(409, "alreadyExists", "Requested entity already exists")


def bad_access_token() -> ApiError:
    """401: no, unknown or expired access token."""
    return ApiError(
        401,
        "authError",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )


def insufficient_scopes(accepted: Iterable[str]) -> ApiError:
    """403: the token has none of the `accepted` scopes."""
    error = ApiError(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
    info = {"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com"}
    error.details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo"} | info]
    scope = " ".join(sorted(accepted))
    realm = 'Bearer realm="https://accounts.google.com/"'
    error.headers = {"WWW-Authenticate": f'{realm}, error="insufficient_scope", scope="{scope}"'}
    return error


def delegation_denied(user: str) -> ApiError:
    """403: another user's mailbox."""
    return ApiError(403, "forbidden", f"Delegation denied for {user}")


def needs_delegation() -> ApiError:
    """403: only a service account with domain-wide delegation may do this."""
    text = "Access restricted to service accounts that have been delegated domain-wide authority"
    return ApiError(403, "forbidden", text)


def rate_403(retry_after: datetime) -> ApiError:
    """403 with the time to come back, two blanks before it as Google writes them."""
    text = f"User-rate limit exceeded.  Retry after {retry_after:%Y-%m-%dT%H:%M:%S}.000Z"
    return ApiError(403, "rateLimitExceeded", text, domain="usageLimits")


def rate_429() -> ApiError:
    """429 of the concurrency limit."""
    return ApiError(429, "rateLimitExceeded", "Too many concurrent requests for user", domain="usageLimits")


def backend_error() -> ApiError:
    """500, which says nothing about whether the write took effect."""
    return ApiError(500, "backendError", "Internal error encountered.")


def invalid_grant(description: str = "Token has been expired or revoked.") -> TokenError:
    """400: the refresh token, code or assertion is no good."""
    return TokenError(400, "invalid_grant", description)


def unauthorized_client() -> TokenError:
    """401: the client, or one of the scopes, is not authorised for domain-wide delegation."""
    return TokenError(
        401,
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, "
        "or client not authorized for any of the scopes requested.",
    )
