"""What Gmail and Google's token endpoint mean when they say no, and the exact next action.

Sources: Google's discovery document (gmail v1) and published replies.  A reply's `message` is shown, its content
never: it may echo what was sent.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from rotator.core.errors import ConsumerError, Exit
from rotator.core.foreign_text import one_line
from rotator.core.mail.gmail_fixes import GMAIL_FIXES
from rotator.core.secret import MASK

TEXT_LIMIT = 300
RETRY_AFTER = re.compile(r"Retry after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)")
RATE_WORDS = re.compile(r"limit exceeded|quota exceeded|too many concurrent|resource has been exhausted", re.IGNORECASE)
RATE_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded"})


class GmailKind(StrEnum):
    """The class of an error.  The values are ids: they stand in answers and problems."""

    NEEDS_DELEGATION = "gmail-needs-delegation"
    NOT_AUTHORISED = "gmail-not-authorised"  # the admin has not authorised this client for all scopes
    WRONG_MAILBOX = "gmail-wrong-mailbox"
    SCOPE = "gmail-scope"
    TOKEN_DEAD = "gmail-token-dead"  # noqa: S105 - an id
    NO_MAILBOX = "gmail-no-mailbox"
    NOT_FOUND = "gmail-no-such-alias"
    REJECTED = "gmail-rejected"
    THROTTLED = "gmail-throttled"
    CREDENTIALS = "gmail-credentials"  # the credentials file itself
    API_OFF = "gmail-api-off"
    UNCLEAR = "gmail-unclear"  # 5xx, lost connections: the call may have had its effect


EXITS = {GmailKind.THROTTLED: Exit.RETRY, GmailKind.UNCLEAR: Exit.RETRY, GmailKind.REJECTED: Exit.FAILED}


class GmailError(ConsumerError):
    """Gmail or Google's token endpoint did not do it.  `kind` says why; UNCLEAR: a write may have had its effect.

    `after_s`: for how many seconds Gmail wants to hear nothing more; 0 if it does not say.
    """

    def __init__(self, kind: GmailKind, seen: str, fix: str = "", after_s: float = 0.0) -> None:
        super().__init__(seen, fix=fix or GMAIL_FIXES[kind], id=str(kind))
        self.kind, self.after_s = kind, after_s
        self.exit_code = EXITS.get(kind, Exit.ACCESS)

    @property
    def definite(self) -> bool:
        """Whether Gmail said no and nothing changed."""
        return self.kind is not GmailKind.UNCLEAR


def translate(error: Exception, what: str, hidden: tuple[str, ...] = ()) -> GmailError:
    """The GmailError of a library's error.  `hidden` are texts that must not come back."""
    from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
    from googleapiclient.errors import HttpError

    if isinstance(error, HttpError):
        told_at = _date(dict(error.resp).get("date"))
        return _of_reply(int(error.status_code), _error_object(error.content), what, hidden, told_at)
    if isinstance(error, RefreshError):
        return _of_token(error, what)
    if isinstance(error, GoogleAuthError) and not isinstance(error, TransportError):
        return GmailError(GmailKind.CREDENTIALS, f"{what}: the credentials cannot be used ({type(error).__name__})")
    return GmailError(GmailKind.UNCLEAR, f"{what}: no usable answer ({_name(error)})")


def failures() -> tuple[type[Exception], ...]:
    """What a call of googleapiclient over httplib2 with google-auth can fail with."""
    from http.client import HTTPException

    from google.auth.exceptions import GoogleAuthError
    from googleapiclient.errors import Error
    from httplib2 import HttpLib2Error

    return (Error, GoogleAuthError, HttpLib2Error, HTTPException, OSError)


def _of_reply(
    status: int, error: dict[str, Any], what: str, hidden: tuple[str, ...], told_at: datetime
) -> GmailError:
    message = one_line(str(error.get("message", "")))
    for text in filter(None, hidden):
        message = message.replace(text, MASK)
    kind = _kind(status, message, _reason(error))
    until = RETRY_AFTER.search(message)
    seen = f"{what}: {status} {message[:TEXT_LIMIT]}".rstrip()
    if kind is not GmailKind.THROTTLED or until is None:
        return GmailError(kind, seen)
    after_s = (datetime.fromisoformat(until[1]) - told_at).total_seconds()
    return GmailError(kind, seen, f"run the same command again after {until[1]}", max(0.0, after_s))


def _date(header: object) -> datetime:
    """Google's clock, by its reply; ours without one."""
    try:
        return parsedate_to_datetime(str(header)).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)


def _kind(status: int, message: str, reason: str) -> GmailKind:
    if status == 429 or (status == 403 and (reason in RATE_REASONS or RATE_WORDS.search(message))):
        return GmailKind.THROTTLED
    by_status = {401: GmailKind.TOKEN_DEAD, 404: GmailKind.NOT_FOUND, 409: GmailKind.REJECTED}
    if status == 403:
        return _forbidden(message, reason)
    if status == 400:
        no_mailbox = "mail service not enabled" in message.lower()
        no_subject = reason == "failedPrecondition" and "precondition check failed" in message.lower()
        return GmailKind.NO_MAILBOX if no_mailbox else GmailKind.WRONG_MAILBOX if no_subject else GmailKind.REJECTED
    return by_status.get(status, GmailKind.REJECTED if 400 < status < 500 and status != 408 else GmailKind.UNCLEAR)


def _forbidden(message: str, reason: str) -> GmailKind:
    lowered = message.lower()
    if reason == "accessNotConfigured" or "it is disabled" in lowered:
        return GmailKind.API_OFF
    if "domain-wide authority" in lowered:
        return GmailKind.NEEDS_DELEGATION
    if lowered.startswith("delegation denied"):
        return GmailKind.WRONG_MAILBOX
    if reason == "insufficientPermissions" or "insufficient authentication scopes" in lowered:
        return GmailKind.SCOPE
    return GmailKind.REJECTED


def _of_token(error: Exception, what: str) -> GmailError:
    """google-auth's RefreshError: (text, the token endpoint's JSON)."""
    answer = next((part for part in error.args if isinstance(part, dict)), {})
    code = str(answer.get("error", ""))
    text = one_line(str(answer.get("error_description", "")))[:TEXT_LIMIT]
    seen = f"{what}: Google gives no token: {code} {text}".rstrip()
    if code == "invalid_grant":
        return GmailError(GmailKind.TOKEN_DEAD, seen)
    if code == "unauthorized_client":
        return GmailError(GmailKind.NOT_AUTHORISED, seen)
    if code in ("invalid_scope", "access_denied"):
        return GmailError(GmailKind.SCOPE, seen)
    if code in ("invalid_client", "invalid_request", "deleted_client", "org_internal"):
        return GmailError(GmailKind.CREDENTIALS, seen)
    return GmailError(GmailKind.UNCLEAR, seen if code else f"{what}: no usable answer of Google's token endpoint")


def _error_object(content: object) -> dict[str, Any]:
    try:
        error = json.loads(content if isinstance(content, str | bytes) else "")["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _reason(error: dict[str, Any]) -> str:
    errors = error.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first.get("reason", "")) if isinstance(first, dict) else ""


def _name(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
