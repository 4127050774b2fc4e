"""From a request to its answer: the token endpoint, the consent page, and the Gmail API."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rotator.sandbox.faults import Faults
from rotator.sandbox.gmail import discovery, fields, reading
from rotator.sandbox.gmail import faults as fault
from rotator.sandbox.gmail.authorisation import authorise, only_metadata
from rotator.sandbox.gmail.consent import consent
from rotator.sandbox.gmail.errors import (
    ApiError,
    NoReply,
    Refusal,
    TokenError,
    backend_error,
    invalid_argument,
    rate_403,
    rate_429,
)
from rotator.sandbox.gmail.send_as import SendAs
from rotator.sandbox.gmail.sending import Sending, asked_from
from rotator.sandbox.gmail.signing import TARGET, Signing
from rotator.sandbox.gmail.store import Store, User
from rotator.sandbox.gmail.tokens import GRANTS, Tokens
from rotator.sandbox.record import Record

JSON = "application/json; charset=UTF-8"
RETRY_AFTER = timedelta(minutes=1)
WRITES = frozenset({"sendAs.create", "sendAs.update", "sendAs.patch", "sendAs.delete", "messages.send"})
EMPTY = frozenset({"sendAs.delete", "sendAs.verify"})  # calls whose answer has no body


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request."""

    http_method: str
    target: str
    authorization: str | None
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters after the question mark."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response."""

    code: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorised API call with its checked body and query."""

    user: User
    path: dict[str, str]
    query: dict[str, list[str]]
    body: dict[str, Any]
    metadata_only: bool


class Api:
    """Everything behind the socket.  `answer` raises Dropped and NoReply: then nobody gets a reply."""

    def __init__(
        self,
        store: Store,
        faults: Faults,
        record: Record,
        tokens: Tokens,
        send_as: SendAs,
        sending: Sending,
        empty_code: int,
        signing: Signing,
    ) -> None:
        self._store, self._faults, self._record, self._tokens = store, faults, record, tokens
        self._empty_code, self._signing = empty_code, signing
        self._calls: dict[str, Callable[[Asked], dict[str, Any] | None]] = {
            "users.getProfile": lambda asked: reading.profile(asked.user),
            "sendAs.list": lambda asked: send_as.list(asked.user),
            "sendAs.get": lambda asked: send_as.get(asked.user, asked.path["sendAsEmail"]),
            "sendAs.create": lambda asked: send_as.create(asked.user, asked.body),
            "sendAs.patch": lambda asked: send_as.patch(asked.user, asked.path["sendAsEmail"], asked.body),
            "sendAs.update": lambda asked: send_as.update(asked.user, asked.path["sendAsEmail"], asked.body),
            "sendAs.delete": lambda asked: send_as.delete(asked.user, asked.path["sendAsEmail"]),
            "sendAs.verify": lambda asked: send_as.verify(asked.user, asked.path["sendAsEmail"]),
            "messages.send": lambda asked: sending.send(asked.user, asked.body),
            "messages.list": lambda asked: reading.list_messages(
                store, asked.user, asked.query, metadata_only=asked.metadata_only
            ),
            "messages.get": lambda asked: reading.get_message(
                asked.user, asked.path["id"], asked.query, metadata_only=asked.metadata_only
            ),
            "history.list": lambda asked: reading.list_history(asked.user, asked.query),
        }

    def answer(self, request: Request) -> Response:
        """Answer one request, and write it down."""
        if (request.http_method, request.path) == ("POST", "/token"):
            return self._token(request)
        if (request.http_method, request.path) == ("GET", "/o/oauth2/auth"):
            return self._consent(request)
        if request.http_method == "POST" and (found := TARGET.fullmatch(unquote(request.path))):
            sign = self._signing.sign
            return self._recorded(
                "iamcredentials",
                "signBlob",
                found[1],
                lambda: (200, sign(found[1], request.authorization, request.body)),
            )
        self._store.settle()
        return self._gmail(request)

    def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        form |= _client_in_header(request.authorization)
        return self._recorded(
            "token", GRANTS.get(form.get("grant_type", ""), "unknown"), "", lambda: (200, self._tokens.grant(form))
        )

    def _consent(self, request: Request) -> Response:
        n = self._record.begin("token", "consent")
        try:
            target = consent(request.query, self._tokens, self._store)
        except Refusal as refusal:
            return self._refused(n, refusal)
        self._record.end(n, "302")
        return Response(302, b"", {"Location": target})

    def _gmail(self, request: Request) -> Response:
        try:
            call = discovery.find(request.http_method, request.path)
        except ApiError as error:
            return self._refused(self._record.begin("gmail", "unknown"), error)
        about = asked_from(request.body) if call.method.name == "messages.send" else ""
        about = about or call.path.get("sendAsEmail") or call.path.get("id") or ""
        return self._recorded("gmail", call.method.name, about, lambda: self._perform(call, request))

    def _recorded(
        self, kind: str, name: str, about: str, perform: Callable[[], tuple[int, dict[str, Any] | None]]
    ) -> Response:
        n = self._record.begin(kind, name, about)
        try:
            code, answer = perform()
        except Refusal as refusal:
            return self._refused(n, refusal)
        except NoReply as end:
            self._record.end(n, end.how)
            raise
        self._record.end(n, str(code))
        return Response(code) if answer is None else _json(code, answer, {})

    def _refused(self, n: int, refusal: Refusal) -> Response:
        body = refusal.body()
        if not isinstance(refusal, TokenError):
            dropped = {"status": fault.NO_STATUS, "errors": fault.NO_ERRORS}
            body["error"] = {
                name: value
                for name, value in body["error"].items()
                if not (name in dropped and self._faults.take(dropped[name]))
            }
        self._record.end(n, refusal.outcome())
        return _json(refusal.code, body, refusal.headers)

    def _perform(self, call: discovery.Call, request: Request) -> tuple[int, dict[str, Any] | None]:
        name = call.method.name
        access = self._tokens.access(request.authorization)
        self._throttle()
        user = authorise(access, call, self._store)
        if name not in self._calls:
            raise ApiError(501, "notImplemented", f"The sandbox does not serve {name}", status="UNIMPLEMENTED")
        discovery.check_query(call.method, request.query)
        body = discovery.check_body(call.method.request, _parsed(request.body)) if call.method.request else {}
        if name in WRITES and self._faults.take(fault.BEFORE_500):
            raise backend_error()
        answer = self._calls[name](Asked(user, call.path, request.query, body, only_metadata(access, call)))
        if name in WRITES and self._faults.take(fault.AFTER_500):
            raise backend_error()
        if name in EMPTY or answer is None:
            return self._empty_code, None
        return 200, fields.select(answer, request.query.get("fields", [""])[0])

    def _throttle(self) -> None:
        if self._faults.take(fault.RATE_403):
            raise rate_403(self._store.clock.now() + RETRY_AFTER)
        if self._faults.take(fault.RATE_429):
            raise rate_429()


def _client_in_header(authorization: str | None) -> dict[str, str]:
    """Client id and secret as HTTP Basic (RFC 6749 section 2.3.1), which is how google_auth_oauthlib sends them."""
    kind, _, encoded = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        return {}
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote(client_id), "client_secret": unquote(secret)}


def _parsed(body: bytes) -> object:
    try:
        parsed: object = json.loads(body or b"{}")
    except ValueError:
        raise invalid_argument("Invalid JSON payload received. Parse error") from None
    return parsed


def _json(code: int, answer: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(code, json.dumps(answer, indent=2).encode(), {"Content-Type": JSON} | headers)
