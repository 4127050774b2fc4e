"""Everything that can be made to go wrong in the local Gmail, declared by name."""

from __future__ import annotations

from rotator.sandbox.faults import declare

RATE_403 = declare(
    "gmail_403_rate", "the next Gmail API call answers 403 rateLimitExceeded with a 'Retry after' time a minute away"
)
RATE_429 = declare("gmail_429", "the next Gmail API call answers 429 rateLimitExceeded")
BEFORE_500 = declare("gmail_500_before", "the next Gmail write answers 500 and had no effect")
AFTER_500 = declare("gmail_500_after", "the next Gmail write takes effect and answers 500")
REPLY_LOST = declare("gmail_reply_lost", "the next sendAs patch takes effect and its connection is reset")
REPLY_CLOSED = declare(
    "gmail_reply_closed", "as gmail_reply_lost, but the connection is closed, upon which httplib2 asks again by itself"
)
PATCH_LOST = declare("gmail_patch_lost", "the next sendAs patch has no effect and its connection is reset")
PATCH_LATE = declare(
    "gmail_patch_late", "the next sendAs patch has its connection reset and lands 10 s later, over newer ones too"
)
PATCH_IGNORED = declare("gmail_patch_ignored", "the next sendAs patch answers 200 with the echo and changes nothing")
STALE_READS = declare("gmail_stale_reads", "the next sendAs get or list answers what was true before the last write")
INVALID_GRANT = declare("gmail_invalid_grant", "the next token request answers 400 invalid_grant")
UNAUTHORIZED_CLIENT = declare("gmail_unauthorized_client", "the next token request answers 401 unauthorized_client")
RELAY_535_ONCE = declare("gmail_relay_535_once", "the next mail through an alias bounces with 535, with any password")
ALIAS_PENDING = declare("gmail_alias_pending", "the next sendAs patch succeeds and leaves the alias pending")
NO_STATUS = declare("gmail_error_without_status", "the next Gmail API error has no 'status' member")
NO_ERRORS = declare("gmail_error_without_errors", "the next Gmail API error has no 'errors' member")

PATCH_LATE_BY_S = 10.0
