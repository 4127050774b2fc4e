"""IAM's access-key actions and STS's GetCallerIdentity, answered as strictly as the real ones.

Errors and texts follow the service model; what the model leaves open follows AWS's documentation.  The
rest of IAM (groups, policies, roles, tags) is moto's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import get_args

from rotator.sandbox.callers import Caller, access_denied
from rotator.sandbox.faults import Faults, declare
from rotator.sandbox.keys import Key, KeyStore, NoSuchKey, QuotaFull, Status
from rotator.sandbox.moto_seam import MotoAws
from rotator.sandbox.moto_values import IamUser
from rotator.sandbox.policy_simulation import simulate
from rotator.sandbox.wire import AwsError, Call, Closed, Reply, element, xml_reply

CREATE_REPLY_LOST = declare("create_reply_lost", "CreateAccessKey makes the key, its reply never arrives")
CREATE_LOST = declare("create_lost", "CreateAccessKey has no effect and no reply")
CREATE_LATE = declare("create_late", "CreateAccessKey: connection closed; the key appears 30 s later")
CREATE_LATE_500 = declare("create_late_500", "CreateAccessKey answers ServiceFailure 500; the key appears 30 s later")
CREATE_TRUNCATED = declare("create_truncated", "CreateAccessKey makes the key, its 200 ends in the middle")
CREATE_REFUSED = declare("create_refused", "CreateAccessKey answers LimitExceeded 409 and has no effect")
CREATE_500 = declare("create_500", "CreateAccessKey answers ServiceFailure 500 and has no effect")
UPDATE_REPLY_LOST = declare("update_reply_lost", "UpdateAccessKey takes effect, its reply never arrives")
UPDATE_LATE = declare("update_late", "UpdateAccessKey: connection closed; it takes effect 30 s later")
DELETE_REPLY_LOST = declare("delete_reply_lost", "DeleteAccessKey takes effect, its reply never arrives")
LIST_STALE = declare("list_stale", "ListAccessKeys shows the keys as before the last change")
THROTTLED = declare("throttled", "any IAM call answers Throttling 400")
ACCESS_DENIED = declare("access_denied", "any IAM call answers AccessDenied 403")
ACCESS_DENIED_SCP = declare("access_denied_scp", "any IAM call answers AccessDenied 403 by a service control policy")
IAM_500 = declare("iam_500", "any IAM call answers ServiceFailure 500 and has no effect")

SETTABLE = ("Active", "Inactive")
PAGE = 100


class Iam:
    """The access-key half of IAM over a key store and moto's users."""

    def __init__(self, moto: MotoAws, keys: KeyStore, faults: Faults) -> None:
        self._moto, self._keys, self._faults = moto, keys, faults
        self._actions: dict[str, Callable[[Call, Caller], Reply]] = {
            "CreateAccessKey": self._create,
            "ListAccessKeys": self._list,
            "UpdateAccessKey": self._update,
            "DeleteAccessKey": self._delete,
            "GetAccessKeyLastUsed": self._last_used,
            "GetUser": self._get_user,
            "SimulatePrincipalPolicy": self._simulate,
        }

    def answer(self, call: Call, caller: Caller) -> Reply | None:
        """The answer, or None if moto shall give it.  Raises AwsError and Closed."""
        if call.service == "sts":
            return self._identity(call, caller) if call.action == "GetCallerIdentity" else None
        self._general_faults(call, caller)
        if call.action == "DeleteUser":
            self._before_delete_user(call, caller)
        if call.action == "GetRole":
            self._before_get_role(call, caller)
        action = self._actions.get(call.action)
        return action(call, caller) if action else None

    def _general_faults(self, call: Call, caller: Caller) -> None:
        if self._faults.take(THROTTLED):
            raise AwsError(400, "Throttling", "Rate exceeded")
        if self._faults.take(IAM_500):
            raise service_failure()
        for fault, why in ((ACCESS_DENIED, "none"), (ACCESS_DENIED_SCP, "scp")):
            if self._faults.take(fault):
                raise access_denied(caller.arn, f"iam:{call.action}", None, why)

    def _create(self, call: Call, caller: Caller) -> Reply:
        user = self._user(call, caller)
        self._refuse_create()
        if self._faults.take(CREATE_LATE):
            self._keys.later(lambda at: self._keys.create(user.name, at))
            raise Closed("reply lost; effect follows")
        if self._faults.take(CREATE_LATE_500):
            self._keys.later(lambda at: self._keys.create(user.name, at))
            raise service_failure()
        try:
            key = self._keys.create(user.name)
        except QuotaFull:
            raise quota_full() from None
        if self._faults.take(CREATE_REPLY_LOST):
            raise Closed("reply lost after the effect")
        reply = xml_reply(call, _created(key))
        if self._faults.take(CREATE_TRUNCATED):
            cut = reply.body[: reply.body.index(b"<SecretAccessKey>") + len("<SecretAccessKey>") + 7]
            return Reply(200, cut, reply.headers, "200 cut short")
        return reply

    def _refuse_create(self) -> None:
        if self._faults.take(CREATE_LOST):
            raise Closed("request lost")
        if self._faults.take(CREATE_REFUSED):
            raise quota_full()
        if self._faults.take(CREATE_500):
            raise service_failure()

    def _list(self, call: Call, caller: Caller) -> Reply:
        user = self._user(call, caller)
        rows = self._keys.rows(user.name, stale=self._faults.take(LIST_STALE))
        start = next((n for n, row in enumerate(rows) if row.id == call.get("Marker")), 0)
        end = start + _max_items(call)
        members = "".join(
            f"<member>{element('UserName', row.user)}{element('AccessKeyId', row.id)}{element('Status', row.status)}"
            f"{element('CreateDate', row.created)}</member>"
            for row in rows[start:end]
        )
        more = end < len(rows)
        marker = element("Marker", rows[end].id) if more else ""
        return xml_reply(
            call, f"<AccessKeyMetadata>{members}</AccessKeyMetadata>{element('IsTruncated', more)}{marker}"
        )

    def _update(self, call: Call, caller: Caller) -> Reply:
        user, key_id = self._user(call, caller), _required(call, "AccessKeyId")
        status = next((known for known in get_args(Status) if known == call.get("Status") and known in SETTABLE), None)
        if status is None:
            raise _validation(f"Value '{call.get('Status')}' at 'status' failed to satisfy constraint: "
                              "Member must satisfy enum value set: [Active, Inactive]")  # fmt: skip
        self._held(user, key_id)
        if self._faults.take(UPDATE_LATE):
            self._keys.later(lambda at: self._keys.set_status(user.name, key_id, status, at))
            raise Closed("reply lost; effect follows")
        self._change(user, key_id, status)
        if self._faults.take(UPDATE_REPLY_LOST):
            raise Closed("reply lost after the effect")
        return xml_reply(call, None)

    def _delete(self, call: Call, caller: Caller) -> Reply:
        self._change(self._user(call, caller), _required(call, "AccessKeyId"), "Deleted")
        if self._faults.take(DELETE_REPLY_LOST):
            raise Closed("reply lost after the effect")
        return xml_reply(call, None)

    def _last_used(self, call: Call, caller: Caller) -> Reply:
        key_id = _required(call, "AccessKeyId")
        key = self._keys.find(key_id)
        if key is None or key.status == "Deleted":
            caller.require("iam:GetAccessKeyLastUsed", None)
            raise no_such_key(key_id)
        self._permitted(caller, "iam:GetAccessKeyLastUsed", self._named(key.user))
        use = self._keys.last_use(key)
        inside = element("LastUsedDate", use.at) if use else ""
        inside += element("ServiceName", use.service if use else "N/A") + element(
            "Region", use.region if use else "N/A"
        )
        return xml_reply(call, f"{element('UserName', key.user)}<AccessKeyLastUsed>{inside}</AccessKeyLastUsed>")

    def _get_user(self, call: Call, caller: Caller) -> Reply:
        user = self._user(call, caller)
        tags = "".join(f"<member>{element('Key', k)}{element('Value', v)}</member>" for k, v in user.tags.items())
        inside = (
            element("Path", user.path)
            + element("UserName", user.name)
            + element("UserId", user.id)
            + element("Arn", user.arn)
            + element("CreateDate", user.created)
            + (f"<Tags>{tags}</Tags>" if tags else "")
        )
        return xml_reply(call, f"<User>{inside}</User>")

    def _before_delete_user(self, call: Call, caller: Caller) -> None:
        """Moto deletes users that still have keys; AWS does not."""
        user = self._user(call, caller)
        if self._keys.now_held(user.name):
            raise AwsError(409, "DeleteConflict", "Cannot delete entity, must delete access keys first.")

    def _simulate(self, call: Call, caller: Caller) -> Reply:
        return simulate(call, caller, self._moto)

    def _before_get_role(self, call: Call, caller: Caller) -> None:
        """Moto answers it; whether the caller may ask about this very role is ours to say."""
        name = _required(call, "RoleName")
        role = self._moto.role(name)
        caller.require("iam:GetRole", role.arn if role else f"arn:aws:iam::{self._moto.account}:role/{name}")
        if role is None:
            raise AwsError(404, "NoSuchEntity", f"The role with name {name} cannot be found.")

    def _identity(self, call: Call, caller: Caller) -> Reply:
        inside = element("Arn", caller.arn) + element("UserId", caller.id) + element("Account", self._moto.account)
        return xml_reply(call, inside)

    def _user(self, call: Call, caller: Caller) -> IamUser:
        """The user that the call is about, the caller's own if it names none; checked for permission."""
        name = call.get("UserName") or caller.user
        if name is None:
            raise _validation("Must specify userName when calling with non-User credentials")
        user = self._moto.user(name)
        if user is None:
            caller.require(f"iam:{call.action}", f"arn:aws:iam::{self._moto.account}:user/{name}")
            raise AwsError(404, "NoSuchEntity", f"The user with name {name} cannot be found.")
        self._permitted(caller, f"iam:{call.action}", user)
        return user

    def _named(self, name: str) -> IamUser:
        user = self._moto.user(name)
        if user is None:
            raise AwsError(404, "NoSuchEntity", f"The user with name {name} cannot be found.")
        return user

    def _permitted(self, caller: Caller, action: str, user: IamUser) -> None:
        tags = {f"resourcetag/{name.lower()}": [value] for name, value in user.tags.items()}
        context = {f"{prefix}:{name}": values for prefix in ("iam", "aws") for name, values in tags.items()}
        caller.require(action, user.arn, context)

    def _held(self, user: IamUser, key_id: str) -> Key:
        key = self._keys.find(key_id)
        if key is None or key.user != user.name or key.status == "Deleted":
            raise no_such_key(key_id)
        return key

    def _change(self, user: IamUser, key_id: str, status: Status) -> None:
        try:
            self._keys.set_status(user.name, key_id, status)
        except NoSuchKey:
            raise no_such_key(key_id) from None


def no_such_key(key_id: str) -> AwsError:
    """NoSuchEntity for a key that the user does not have, or has no more."""
    return AwsError(404, "NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")


def quota_full() -> AwsError:
    """LimitExceeded with AWS's exact text."""
    return AwsError(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")


def service_failure() -> AwsError:
    """ServiceFailure, IAM's 500."""
    return AwsError(500, "ServiceFailure", "The request processing has failed because of an unknown error.")


def _created(key: Key) -> str:
    inside = element("UserName", key.user) + element("AccessKeyId", key.id) + element("Status", "Active")
    inside += element("SecretAccessKey", key.secret)
    created: datetime = key.created
    return f"<AccessKey>{inside}{element('CreateDate', created)}</AccessKey>"


def _max_items(call: Call) -> int:
    text = call.get("MaxItems", str(PAGE))
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise _validation(
            f"Value '{text}' at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000"
        )
    return int(text)


def _required(call: Call, name: str) -> str:
    value = call.get(name)
    if not value:
        raise _validation(
            f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
        )
    return value


def _validation(problem: str) -> AwsError:
    return AwsError(400, "ValidationError", f"1 validation error detected: {problem}")
