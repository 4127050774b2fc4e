"""The AWS endpoint on loopback: one WSGI application for every service, recorded call by call.

Order of things for each request: write it down, authenticate, ask our own services, else moto; write down
how it ended; reply.  A breakpoint of the record closes the connection without a reply.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from rotator.sandbox.callers import AUTHORIZATION, Callers
from rotator.sandbox.iam import Iam
from rotator.sandbox.moto_seam import MotoAws, StartResponse
from rotator.sandbox.paging import Paging
from rotator.sandbox.record import Dropped, Record
from rotator.sandbox.reputation import Figures
from rotator.sandbox.sesv2 import SesV2, sesv2_action
from rotator.sandbox.stores import SERVICES, Stores
from rotator.sandbox.topics import Topics
from rotator.sandbox.wire import AwsError, Call, Closed, Reply, error_reply

IAM_PREFIX = {"sesv2": "ses", "monitoring": "cloudwatch"}  # where a policy's word differs from the signature's
OPEN_TO_ALL = {"sts:GetCallerIdentity"}  # AWS answers it even under an explicit deny
# Parameters worth recording; none is secret.
NAMES = ("UserName", "AccessKeyId", "PolicySourceArn", "RoleArn", "TopicArn")
JSON_NAMES = ("SecretId", "VersionStage", "VersionId", "Name", "KeyId")
MUTE_NOTE = "closed: "


class AwsApplication:
    """WSGI entry for all AWS calls of one world."""

    def __init__(
        self,
        record: Record,
        callers: Callers,
        iam: Iam,
        ses: SesV2,
        stores: Stores,
        topics: Topics,
        paging: Paging,
        figures: Figures,
        moto: MotoAws,
    ) -> None:
        self._record, self._callers, self._iam, self._ses = record, callers, iam, ses
        self._stores, self._topics, self._paging, self._figures, self._moto = stores, topics, paging, figures, moto

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; raises ConnectionError to close the connection without a reply."""
        call = understand(environ)
        try:
            number = self._record.begin("aws", f"{call.service}:{call.action}", _detail(call))
            reply = self._answered(call, environ, number)
            self._record.end(number, reply.note)
        except Dropped as dropped:
            raise ConnectionAbortedError from dropped
        start_response(
            f"{reply.status} {HTTPStatus(reply.status).phrase}",
            [*reply.headers.items(), ("Content-Length", str(len(reply.body)))],
        )
        return [reply.body]

    def _answered(self, call: Call, environ: dict[str, Any], number: int) -> Reply:
        try:
            return self._answer(call, environ)
        except AwsError as error:
            return error_reply(call, error)
        except Closed as closed:
            self._record.end(number, f"{MUTE_NOTE}{closed}")
            raise ConnectionAbortedError from closed

    def _answer(self, call: Call, environ: dict[str, Any]) -> Reply:
        caller = self._callers.of(call)
        if call.service in SERVICES:
            return self._stores.answer(call, caller, lambda: self._from_moto(environ))
        if call.service == "sns":
            reply = self._topics.answer(call, caller, lambda: self._from_moto(environ))
            self._paging.after(call, reply)
            return reply
        if call.service in ("iam", "sts"):
            answer = self._iam.answer(call, caller)
        else:
            answer = self._ses.answer(call, caller) if call.service == "sesv2" else None
        if answer is not None:
            return answer
        action = f"{IAM_PREFIX.get(call.service, call.service)}:{call.action}"
        if action not in OPEN_TO_ALL:
            caller.require(action, None, self._figures.context(call) if call.service == "monitoring" else None)
        if call.service == "monitoring" and (answer := self._figures.answer(call)) is not None:
            return answer
        reply = self._from_moto(environ)
        self._paging.after(call, reply)
        return reply

    def _from_moto(self, environ: dict[str, Any]) -> Reply:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(self._moto.answer(environ, lambda status, headers, *_: started.append((status, headers))))
        status, headers = started[0]
        kept = {name: value for name, value in headers if name.lower() not in ("date", "content-length", "server")}
        return Reply(int(status.split()[0]), body, kept, status.split()[0])


def understand(environ: dict[str, Any]) -> Call:
    """Read the request whole and work out which service and action it asks for.  Leaves it readable for moto."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers["content-type"], headers["content-length"] = (
        environ.get("CONTENT_TYPE", ""),
        environ.get("CONTENT_LENGTH", ""),
    )
    url = environ.get("RAW_URI") or environ["PATH_INFO"]
    form = body.decode("utf-8", "replace") if "x-www-form-urlencoded" in headers["content-type"] else ""
    params = parse_qs(url.partition("?")[2], keep_blank_values=True) | parse_qs(form, keep_blank_values=True)
    scope = AUTHORIZATION.match(headers.get("authorization", ""))
    service = scope["service"] if scope else "unknown"
    method = environ["REQUEST_METHOD"]
    if service == "ses" and url.startswith("/v2/"):
        service = "sesv2"
    action = _action(service, method, url, headers, params)
    return Call(
        service,
        action,
        scope["region"] if scope else "",
        method,
        url,
        headers,
        body,
        params,
    )


def _action(service: str, method: str, url: str, headers: dict[str, str], params: dict[str, list[str]]) -> str:
    finders: list[Callable[[], str]] = [
        lambda: params.get("Action", [""])[0],
        lambda: headers.get("x-amz-target", "").rpartition(".")[2],
        lambda: sesv2_action(method, url) if service == "sesv2" else "",
    ]
    found = next((name for finder in finders if (name := finder())), f"{method} {url.partition('?')[0]}")
    return re.sub(r"[^\w /.-]", "?", found)[:80]


def _detail(call: Call) -> str:
    named = [value for name in NAMES if (value := call.get(name))]
    try:
        body = json.loads(call.body) if call.service in SERVICES else {}
    except ValueError:
        body = {}
    return " ".join([*named, *(str(body[name]) for name in JSON_NAMES if name in body)])
