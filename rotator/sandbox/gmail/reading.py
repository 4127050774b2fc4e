"""users.getProfile, messages.list, messages.get and history.list.

Simplifications: messages.get answers raw, metadata and minimal, not full; history knows added messages only.
"""

from __future__ import annotations

import base64
from typing import Any, TypeVar

from rotator.sandbox.gmail import mime, search
from rotator.sandbox.gmail.errors import INVENTED, ApiError, invalid_argument, not_found
from rotator.sandbox.gmail.store import Message, Store, User

Query = dict[str, list[str]]
Item = TypeVar("Item")
PAGE, LARGEST_PAGE = 100, 500


def profile(user: User) -> dict[str, Any]:
    """Who this is, and where history stands."""
    return {
        "emailAddress": user.address,
        "messagesTotal": len(user.messages),
        "threadsTotal": len({message.thread_id for message in user.messages}),
        "historyId": str(user.history_id),
    }


def list_messages(store: Store, user: User, query: Query, *, metadata_only: bool) -> dict[str, Any]:
    """Ids, newest first; raises ApiError 400, 403."""
    if metadata_only and "q" in query:
        raise ApiError(403, "forbidden", "Metadata scope does not support 'q' parameter")
    matches = search.matcher(query.get("q", [""])[0], store.clock.now())
    labels = set(query.get("labelIds", []))
    with store.lock:
        found = [message for message in reversed(user.messages) if labels <= set(message.labels) and matches(message)]
    page, following = _page(found, query)
    answer: dict[str, Any] = {"resultSizeEstimate": len(found)} | following
    return answer | ({"messages": [_ids(message) for message in page]} if page else {})


def get_message(user: User, message_id: str, query: Query, *, metadata_only: bool) -> dict[str, Any]:
    """One message; raises ApiError 400, 403, 404."""
    message = next((message for message in user.messages if message.id == message_id), None)
    if message is None:
        raise not_found()
    form = query.get("format", ["full"])[0]
    if metadata_only and form in ("full", "raw"):
        raise ApiError(403, "forbidden", f"Metadata scope doesn't allow format {form.upper()}")
    if form == "raw":
        return _shown(message) | {"raw": base64.urlsafe_b64encode(message.raw).decode()}
    if form == "metadata":
        return _shown(message) | {"payload": {"headers": _headers(message, query)}}
    if form == "minimal":
        return _shown(message)
    raise invalid_argument(f"format={form} is not there, ask for raw, metadata or minimal {INVENTED}")


def list_history(user: User, query: Query) -> dict[str, Any]:
    """Messages added since `startHistoryId`, oldest first; raises ApiError 400, and 404 for one that is too old."""
    start = query.get("startHistoryId", [""])[0]
    if not start.isdecimal():
        raise invalid_argument("Missing or invalid startHistoryId")
    if not user.first_history_id <= int(start) <= user.history_id:
        raise not_found()
    label = query.get("labelId", [None])[0]
    added = [message for message in user.messages if message.history_id > int(start)]
    page, following = _page([message for message in added if label is None or label in message.labels], query)
    answer: dict[str, Any] = {"historyId": str(user.history_id)} | following
    return answer | ({"history": [_added(message) for message in page]} if page else {})


def _page(found: list[Item], query: Query) -> tuple[list[Item], dict[str, str]]:
    size, token = query.get("maxResults", [str(PAGE)])[0], query.get("pageToken", ["0"])[0]
    if not (size.isdecimal() and int(size) > 0):
        raise invalid_argument("Invalid maxResults")
    if not token.isdecimal():
        raise invalid_argument("Invalid pageToken")
    end = int(token) + min(int(size), LARGEST_PAGE)
    return found[int(token) : end], ({"nextPageToken": str(end)} if end < len(found) else {})


def _ids(message: Message) -> dict[str, Any]:
    return {"id": message.id, "threadId": message.thread_id}


def _added(message: Message) -> dict[str, Any]:
    whole = _ids(message) | {"labelIds": list(message.labels)}
    return {"id": str(message.history_id), "messages": [_ids(message)], "messagesAdded": [{"message": whole}]}


def _shown(message: Message) -> dict[str, Any]:
    return _ids(message) | {
        "labelIds": list(message.labels),
        "snippet": "",
        "sizeEstimate": len(message.raw),
        "historyId": str(message.history_id),
        "internalDate": str(int(message.at.timestamp() * 1000)),
    }


def _headers(message: Message, query: Query) -> list[dict[str, str]]:
    wanted = {name.lower() for name in query.get("metadataHeaders", [])}
    mail = mime.parse(message.raw)
    names = [line.split(b":", 1)[0].decode("ascii", "replace") for line in mail.lines]
    seen: dict[str, int] = {}
    shown = []
    for name in names:
        n = seen[name.lower()] = seen.get(name.lower(), -1) + 1
        if not wanted or name.lower() in wanted:
            shown.append({"name": name, "value": mail.values(name)[n]})
    return shown
