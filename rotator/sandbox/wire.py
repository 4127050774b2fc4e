"""AWS's two wire forms as the sandbox's services use them: the query protocol with XML, and REST-JSON."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import unquote
from xml.sax.saxutils import escape

Protocol = Literal["query", "json"]
NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}


class Closed(Exception):
    """The service closes the connection and sends no reply; the text says for the record why."""


class AwsError(Exception):
    """An error in AWS's words.  `status` is the HTTP status, `code` the service's name for the error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Call:
    """One request, understood: the service and action asked for, and by whose signature."""

    service: str  # "iam", "sts", "sesv2", "secretsmanager", ...
    action: str  # "CreateAccessKey", "GetAccount", ...
    region: str  # of the signature's scope
    method: str
    url: str  # path and query exactly as sent
    headers: dict[str, str]  # names in lower case
    body: bytes
    params: dict[str, list[str]] = field(default_factory=dict)  # form and query string

    @property
    def protocol(self) -> Protocol:
        """How errors of this service look."""
        return "query" if self.service in ("iam", "sts", "sns", "cloudformation") else "json"

    def get(self, name: str, default: str = "") -> str:
        """The first value of parameter `name`."""
        return self.params.get(name, [default])[0]

    def members(self, name: str) -> list[str]:
        """The values of the list parameter `name` (`Name.member.1`, `.2`, ...), in order."""
        numbered = [(key, values[0]) for key, values in self.params.items() if key.startswith(f"{name}.member.")]
        return [value for _, value in sorted(numbered, key=lambda item: int(item[0].rsplit(".", 1)[1]))]

    def segment(self, number: int) -> str:
        """Path segment `number` of a REST call, decoded."""
        return unquote(self.url.partition("?")[0].split("/")[number])


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back; `note` is how the record names it, with the error's code if there is one."""

    status: int
    body: bytes
    headers: dict[str, str]
    note: str


def xml_reply(call: Call, result: str | None) -> Reply:
    """A good answer of the query protocol; `result` is the inside of `<ActionResult>`, None for none."""
    inner = "" if result is None else f"<{call.action}Result>{result}</{call.action}Result>"
    metadata = f"<ResponseMetadata>{_request_id()}</ResponseMetadata>"
    head = f'<{call.action}Response xmlns="{NAMESPACES[call.service]}">'
    return _xml(200, f"{head}{inner}{metadata}</{call.action}Response>", "200")


def json_reply(value: Any, status: int = 200) -> Reply:
    """A good answer of REST-JSON."""
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"}, str(status))


def error_reply(call: Call, error: AwsError) -> Reply:
    """The error in the form of the service that was asked."""
    note = f"{error.status} {error.code}"
    if call.protocol == "json":
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
        return Reply(error.status, json.dumps({"__type": error.code, "message": error.message}).encode(), headers, note)
    kind = "Receiver" if error.status >= 500 else "Sender"
    inner = element("Type", kind) + element("Code", error.code) + element("Message", error.message)
    head = f'<ErrorResponse xmlns="{NAMESPACES.get(call.service, "http://webservices.amazon.com/")}">'
    return _xml(error.status, f"{head}<Error>{inner}</Error>{_request_id()}</ErrorResponse>", note)


def element(name: str, value: str | bool | datetime) -> str:
    """`<name>value</name>`, escaped; times as IAM writes them, in whole seconds."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
    return f"<{name}>{escape(text)}</{name}>"


def _xml(status: int, body: str, note: str) -> Reply:
    return Reply(status, body.encode(), {"Content-Type": "text/xml"}, note)


def _request_id() -> str:
    return element("RequestId", str(uuid.uuid4()))
