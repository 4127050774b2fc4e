"""Who may do what: token, then scope, then mailbox, then domain-wide delegation; all before any look at the payload."""

from __future__ import annotations

from rotator.sandbox.gmail.discovery import Call
from rotator.sandbox.gmail.errors import delegation_denied, failed_precondition, insufficient_scopes, needs_delegation
from rotator.sandbox.gmail.store import Store, User
from rotator.sandbox.gmail.tokens import Access

ALWAYS_DELEGATED = frozenset({"sendAs.create", "sendAs.delete", "sendAs.verify"})
DELEGATED_BUT_FOR_PRIMARY = frozenset({"sendAs.update", "sendAs.patch"})
METADATA = "https://www.googleapis.com/auth/gmail.metadata"


def authorise(access: Access, call: Call, store: Store) -> User:
    """The account the call is about; raises ApiError 400 or 403."""
    if not access.scopes & call.method.scopes:
        raise insufficient_scopes(call.method.scopes)
    user = store.user(access.user) if access.user is not None else None
    if user is None:
        raise failed_precondition("Precondition check failed.")
    if call.path["userId"].lower() not in ("me", user.address.lower()):
        raise delegation_denied(call.path["userId"])
    if _needs_delegation(call, user) and not access.delegated:
        raise needs_delegation()
    if not user.mail_enabled:
        raise failed_precondition("Mail service not enabled")
    return user


def only_metadata(access: Access, call: Call) -> bool:
    """Whether the token's only right to this call is gmail.metadata, which shows headers and nothing else."""
    return access.scopes & call.method.scopes == {METADATA}


def _needs_delegation(call: Call, user: User) -> bool:
    if call.method.name in ALWAYS_DELEGATED:
        return True
    primary = call.path.get("sendAsEmail", "").lower() == user.address.lower()
    return call.method.name in DELEGATED_BUT_FOR_PRIMARY and not primary
