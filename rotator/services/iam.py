"""The access keys of exactly one IAM user.

UserName stands in every request: omitted, IAM acts on the *caller's* own keys.  `now` is the Date header of the
list's reply, so that decisions live by AWS's clock.  Wire facts: botocore 1.44.5 `iam` model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from rotator.core.access_keys import AccessKey, Identity, Instant, KeyId, LastUse, Status
from rotator.core.errors import AccessError, KeyNotFound, RemoteFault
from rotator.core.ports import Acknowledged, Created, KeyList, Refused, Unknown
from rotator.core.secret import Secret
from rotator.services.aws import AwsSession
from rotator.services.aws_errors import code_of, failures, settle
from rotator.services.simulation import SILENT, Decision, decisions

SEND = "ses:SendRawEmail"  # what the SMTP interface asks for
NEVER_USED = "N/A"  # ServiceName of a key without a last use
MAX_PAGES = 20  # two keys fit on one page; an endless Marker must not hang the program

NO_USER = "IAM has no user of that name in the account that the credentials belong to"
CHECK_USER = "check users[].name and users[].account in the configuration, and whose AWS credentials are in use"


class IamAccessKeys:
    """Implements `rotator.core.ports.AccessKeys`.  Identity and last use are asked anew each time, never cached."""

    def __init__(self, *, session: AwsSession, user: str, region: str, sends_as: str | None = None) -> None:
        """`region` is SES's, for `may_send`; `sends_as` the domain or address to ask about (None: any identity)."""
        self._session, self._user, self._region, self._sends_as = session, user, region, sends_as
        self._arn = ""  # an ARN is as lasting as the user id that `identity` compares

    def identity(self) -> Identity:
        """The account we are in and the user's id.  Raises AccessError, RemoteFault."""
        caller = self._read("sts", "get_caller_identity")
        user, at = self._the_user()
        self._arn = _text(user, "Arn")
        return Identity(_text(caller, "Account"), self._user, _text(user, "UserId"), at)

    def keys(self) -> KeyList:
        """All keys, every page, and IAM's time.  Raises AccessError, RemoteFault."""
        rows: list[AccessKey] = []
        marker: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            page = self._read("iam", "list_access_keys", UserName=self._user, **marker)
            rows += [self._row(row) for row in _part(page, "AccessKeyMetadata", list)]
            if not page.get("IsTruncated"):
                return KeyList(tuple(rows), _date_of(page, "ListAccessKeys"))
            marker = {"Marker": _text(page, "Marker")}
        raise RemoteFault(f"ListAccessKeys for {self._user}: more than {MAX_PAGES} pages")

    def last_use(self, key: KeyId) -> LastUse:
        """When `key` was last used.  Raises KeyNotFound, AccessError, RemoteFault: no answer is never "unused"."""
        reply = self._read("iam", "get_access_key_last_used", AccessKeyId=key)
        self._must_be_ours(reply.get("UserName"), "GetAccessKeyLastUsed")
        use = _part(reply, "AccessKeyLastUsed", dict)
        service, region = str(use.get("ServiceName", "")), str(use.get("Region", NEVER_USED))
        at = use.get("LastUsedDate")
        if at is None and service != NEVER_USED:
            raise RemoteFault("GetAccessKeyLastUsed: the reply names no date and does not say that there is none")
        return LastUse(None if at is None else _instant(at), service or NEVER_USED, region)

    def create(self) -> Created | Refused | Unknown:
        """Ask once for a new key.  Its secret is wrapped at once; it is shown this one time only."""
        reply = self._write("CreateAccessKey", "create_access_key")
        if not isinstance(reply, dict):
            return reply
        try:
            row = reply["AccessKey"]
            secret = Secret(row.pop("SecretAccessKey"))
            created = Created(_access_key(row), secret)
        except (KeyError, TypeError, ValueError):
            return Unknown("CreateAccessKey: the reply is incomplete; a key may exist")
        if row.get("UserName") != self._user:
            return Unknown(
                f"CreateAccessKey: ATTENTION, asked for a key of {self._user} and got {created.key.id} of another user "
                f"({row.get('UserName')!r}): look at that user's keys before anything else"
            )
        return created

    def activate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Switch `key` on.  Repeating it is harmless."""
        return self._update(key, Status.ACTIVE)

    def deactivate(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Switch `key` off.  Repeating it is harmless."""
        return self._update(key, Status.INACTIVE)

    def delete(self, key: KeyId) -> Acknowledged | Refused | Unknown:
        """Delete `key` for ever; one that is already gone is success."""
        answer = self._write("DeleteAccessKey", "delete_access_key", AccessKeyId=key)
        if isinstance(answer, Refused) and answer.id == "no-such-entity":
            return Acknowledged("already gone")
        return Acknowledged("deleted") if isinstance(answer, dict) else answer

    def may_send(self) -> Acknowledged | Refused | Unknown:
        """Whether the user's policies let it send, by simulation.  No answer at all is Unknown, never a refusal."""
        try:
            arn = self._arn or _text(self._the_user()[0], "Arn")
            reply = self._read("iam", "simulate_principal_policy", **self._simulation(arn))
        except (AccessError, RemoteFault) as error:
            return Unknown(f"SimulatePrincipalPolicy: {error}")
        found = next(decisions(reply), None)
        return self._decided(found) if found else Unknown("SimulatePrincipalPolicy: the reply has no EvaluationResults")

    def _simulation(self, arn: str) -> dict[str, Any]:
        asked: dict[str, Any] = {"PolicySourceArn": arn, "ActionNames": [SEND]}
        if self._sends_as is None:
            return asked
        _, partition, _, _, account, *_ = arn.split(":")
        domain = self._sends_as.rpartition("@")[2]
        asked["ResourceArns"] = [f"arn:{partition}:ses:{self._region}:{account}:identity/{domain}"]
        if "@" in self._sends_as:
            asked["ContextEntries"] = [
                {"ContextKeyName": "ses:FromAddress", "ContextKeyValues": [self._sends_as], "ContextKeyType": "string"}
            ]
        return asked

    def _decided(self, found: Decision) -> Acknowledged | Refused | Unknown:
        if found.allowed:
            return Acknowledged(f"{self._user} may {SEND}")
        if not found.own_no:
            return Unknown(f"whether {self._user} may {SEND}: {found.reason}")
        if self._sends_as is None and found.decision == SILENT:
            return Unknown(f"whether {self._user} may {SEND} depends on the sender, which the file does not name")
        return Refused(
            f"{self._user} may not {SEND}: {found.reason}",
            f"allow {SEND} in a policy of the user {self._user}: see runbooks/access.md",
            "iam-permission",
        )

    def _update(self, key: KeyId, status: Status) -> Acknowledged | Refused | Unknown:
        answer = self._write("UpdateAccessKey", "update_access_key", AccessKeyId=key, Status=status.value)
        return Acknowledged(status.value) if isinstance(answer, dict) else answer

    def _the_user(self) -> tuple[dict[str, Any], Instant]:
        """GetUser's answer and its Date."""
        reply = self._read("iam", "get_user", UserName=self._user)
        user: dict[str, Any] = _part(reply, "User", dict)
        self._must_be_ours(user.get("UserName"), "GetUser")
        return user, _date_of(reply, "GetUser")

    def _row(self, row: Mapping[str, Any]) -> AccessKey:
        self._must_be_ours(row.get("UserName"), "ListAccessKeys")
        try:
            return _access_key(row)
        except (KeyError, ValueError):
            raise RemoteFault("ListAccessKeys: a key without id, date or a status that we know") from None

    def _must_be_ours(self, user: object, call: str) -> None:
        if user != self._user:
            raise AccessError(
                f"{call}: asked about the user {self._user} and got an answer about {user!r}",
                why="the answer is about another user, whose keys must not be touched",
                fix="check the user's name in the configuration, and what AWS_ENDPOINT_URL points at",
            )

    def _read(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        ask = getattr(self._session.client(service, self._region), operation)
        try:
            return self._session.read(_api(operation), lambda: _not_absent(ask, arguments))
        except _Absent as absent:
            if operation == "get_access_key_last_used":
                raise KeyNotFound(f"{_api(operation)}: {absent}") from None
            raise AccessError(f"{_api(operation)}: {absent}", why=NO_USER, fix=CHECK_USER) from None

    def _write(self, call: str, operation: str, **arguments: Any) -> dict[str, Any] | Refused | Unknown:
        """One request for our user; the parsed reply (a dict) or how it failed."""
        self._session.begin()
        try:
            client = self._session.client("iam", self._region)
            reply: dict[str, Any] = getattr(client, operation)(UserName=self._user, **arguments)
        except AccessError as error:
            return Refused(f"{call}: {error}", error.fix, "access")
        except failures() as error:
            return settle(error, call)
        return reply


class _Absent(Exception):
    """NoSuchEntity in a read."""


def _not_absent(ask: Callable[..., dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
    from botocore.exceptions import ClientError

    try:
        return ask(**arguments)
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            raise _Absent(str(error.response["Error"].get("Message", ""))) from None
        raise


def _access_key(row: Mapping[str, Any]) -> AccessKey:
    return AccessKey(KeyId(row["AccessKeyId"]), Status(row["Status"]), _instant(row["CreateDate"]))


def _api(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))


def _part(reply: Mapping[str, Any], name: str, kind: type) -> Any:
    part = reply.get(name)
    if not isinstance(part, kind):
        raise RemoteFault(f"the reply has no {name}")
    return part


def _text(reply: Mapping[str, Any], name: str) -> str:
    text: str = _part(reply, name, str)
    return text


def _instant(at: datetime) -> Instant:
    return Instant(int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()))


def _date_of(reply: Mapping[str, Any], call: str) -> Instant:
    """AWS's time: the Date header of this reply."""
    header = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return _instant(parsedate_to_datetime(header))
    except (TypeError, ValueError):
        raise RemoteFault(f"{call}: the reply has no readable Date header, so AWS's time is not known") from None
