"""Secrets Manager, Parameter Store and KMS: moto's answers, held to what AWS promises, with faults by name.

Moto lets a staging label stand on two versions, lets a put change a version that exists, writes to a secret that is
scheduled for deletion, keeps its own idea of the current version, and changes a parameter's type; AWS does none of
it.  Permissions are checked against the resource's ARN.

A secret's own policy counts, and so does a customer's key under a secret or a parameter.

Limitation: of a key only the caller's policies are asked, as by the key policy that KMS gives by default.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from rotator.sandbox.callers import Caller
from rotator.sandbox.faults import Faults, declare
from rotator.sandbox.moto_seam import MotoAws
from rotator.sandbox.moto_values import StoredSecret
from rotator.sandbox.policies import Context
from rotator.sandbox.wire import AwsError, Call, Closed, Reply, json_reply

SERVICES = ("secretsmanager", "ssm", "kms")
LATE = timedelta(seconds=30)  # when the effect of a late call happens
CURRENT = "AWSCURRENT"
PUT, MOVE, PARAMETER = "PutSecretValue", "UpdateSecretVersionStage", "PutParameter"
# What a call asks of a customer's key.  Parameters are of the standard tier.
KEY_ACTIONS = {PUT: "kms:GenerateDataKey", "GetSecretValue": "kms:Decrypt", PARAMETER: "kms:Encrypt",
               "GetParameters": "kms:Decrypt"}  # fmt: skip

# fault -> (action, what is done with the call)
LOST, REPLY_LOST, COMES_LATE = "lost", "reply lost", "late"
WIRE_FAULTS = {
    declare("asm_put_lost", "PutSecretValue has no effect and no reply"): (PUT, LOST),
    declare("asm_put_reply_lost", "PutSecretValue makes the version, its reply never arrives"): (PUT, REPLY_LOST),
    declare("asm_stage_lost", "UpdateSecretVersionStage has no effect and no reply"): (MOVE, LOST),
    declare("asm_stage_reply_lost", "UpdateSecretVersionStage takes effect, its reply never arrives"): (
        MOVE, REPLY_LOST),
    declare("asm_stage_late", "UpdateSecretVersionStage: connection closed; it takes effect 30 s later"): (
        MOVE, COMES_LATE),
    declare("ssm_lost", "PutParameter has no effect and no reply"): (PARAMETER, LOST),
    declare("ssm_reply_lost", "PutParameter takes effect, its reply never arrives"): (PARAMETER, REPLY_LOST),
    declare("ssm_late", "PutParameter: connection closed; it takes effect 30 s later"): (PARAMETER, COMES_LATE),
}  # fmt: skip
# fault -> (service, error)
ERROR_FAULTS: dict[str, tuple[str, AwsError]] = {
    declare("asm_throttled", "any Secrets Manager call answers ThrottlingException 400"): (
        "secretsmanager", AwsError(400, "ThrottlingException", "Rate exceeded")),
    declare("asm_500", "any Secrets Manager call answers InternalServiceError 500 and has no effect"): (
        "secretsmanager", AwsError(500, "InternalServiceError", "An error occurred on the server side.")),
    declare("asm_denied", "any Secrets Manager call answers AccessDeniedException 400"): (
        "secretsmanager", AwsError(400, "AccessDeniedException", "User is not authorized to perform this action")),
    declare("ssm_throttled", "any Parameter Store call answers ThrottlingException 400"): (
        "ssm", AwsError(400, "ThrottlingException", "Rate exceeded")),
    declare("ssm_500", "any Parameter Store call answers InternalServerError 500 and has no effect"): (
        "ssm", AwsError(500, "InternalServerError", "An error occurred on the server side.")),
    declare("ssm_denied", "any Parameter Store call answers AccessDeniedException 400"): (
        "ssm", AwsError(400, "AccessDeniedException", "User is not authorized to perform this action")),
    declare("kms_500", "any KMS call answers KMSInternalException 500"): (
        "kms", AwsError(500, "KMSInternalException", "An internal error occurred.")),
    declare("kms_disabled", "any KMS call answers DisabledException 400, as for a key that is switched off"): (
        "kms", AwsError(400, "DisabledException", "The key is disabled.")),
}  # fmt: skip

Forward = Callable[[], Reply]


class Stores:
    """Answers for the three services, by way of moto."""

    def __init__(self, moto: MotoAws, faults: Faults, now: Callable[[], datetime]) -> None:
        self._moto, self._faults, self._now = moto, faults, now
        self._lock = threading.Lock()
        self._late: list[tuple[datetime, Callable[[], object]]] = []

    def answer(self, call: Call, caller: Caller, forward: Forward) -> Reply:
        """The answer; `forward` asks moto.  Raises AwsError and Closed."""
        body = _body(call)
        self._let_late_ones_happen()
        self._authorize(call, caller, body)
        for fault, (service, error) in ERROR_FAULTS.items():
            if service == call.service and self._faults.take(fault):
                raise error
        happens = next((how for fault, (action, how) in WIRE_FAULTS.items()
                        if action == call.action and self._faults.take(fault)), "")  # fmt: skip
        if happens == LOST:
            raise Closed("request lost")
        if happens == COMES_LATE:
            with self._lock:
                self._late.append((self._now() + LATE, lambda: self._perform(call, body, forward)))
            raise Closed("reply lost; effect follows")
        reply = self._perform(call, body, forward)
        if happens == REPLY_LOST:
            raise Closed("reply lost after the effect")
        return reply

    def _let_late_ones_happen(self) -> None:
        with self._lock:
            due = [effect for at, effect in self._late if at <= self._now()]
            self._late = [one for one in self._late if one[0] > self._now()]
        for effect in due:
            try:
                effect()
            except AwsError:
                continue  # nobody is left to hear of it

    def _perform(self, call: Call, body: dict[str, Any], forward: Forward) -> Reply:
        if call.service == "secretsmanager" and "SecretId" in body:
            return self._secret(call, body, forward)
        if call.action == PARAMETER:
            self._keep_type(call, body)
        return forward()

    # --- Secrets Manager ---------------------------------------------------------------------------------------

    def _secret(self, call: Call, body: dict[str, Any], forward: Forward) -> Reply:
        secret = self._moto.secret(call.region, body["SecretId"])
        if secret is None:
            return forward()
        if call.action in (PUT, MOVE) and secret.deleted:
            message = "You can't perform this operation on the secret because it was marked for deletion."
            raise AwsError(400, "InvalidRequestException", message)
        if call.action == PUT and body.get("ClientRequestToken") in secret.texts:
            return self._same_again(secret, body)
        if call.action == MOVE:
            self._one_place_a_label(secret, body)
        reply = forward()
        if call.action == PUT:
            self._moto.keep_labels(call.region, secret)
        if call.action in (PUT, MOVE):
            self._moto.follow_current(call.region, secret.arn)
        return _without_bare_versions(reply) if call.action == "DescribeSecret" else reply

    def _same_again(self, secret: StoredSecret, body: dict[str, Any]) -> Reply:
        """A token that is in use: the same value is ignored, another one refused; labels do not move."""
        token = body["ClientRequestToken"]
        if secret.texts[token] != body.get("SecretString"):
            message = f"You can't use ClientRequestToken {token} because that value is already in use for a version."
            raise AwsError(400, "ResourceExistsException", message)
        return json_reply(
            {"ARN": secret.arn, "Name": secret.name, "VersionId": token, "VersionStages": secret.stages[token]}
        )

    def _one_place_a_label(self, secret: StoredSecret, body: dict[str, Any]) -> None:
        """A label is taken from where it is, by name, or not at all."""
        label, off, to = body["VersionStage"], body.get("RemoveFromVersionId"), body.get("MoveToVersionId")
        holder = next((version for version, labels in secret.stages.items() if label in labels), None)
        if holder is not None and holder not in (off, to):
            message = (
                f"The parameter RemoveFromVersionId can't be empty or another one. Staging label {label} is currently "
                f"attached to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
            )
            raise AwsError(400, "InvalidParameterException", message)

    # --- Parameter Store, permissions ----------------------------------------------------------------------------

    def _keep_type(self, call: Call, body: dict[str, Any]) -> None:
        existing = self._moto.parameter(call.region, body["Name"])
        if existing is not None and body.get("Type", existing[0]) != existing[0]:
            message = f"Parameter Store does not support changing a parameter type: it is a {existing[0]}."
            raise AwsError(400, "HierarchyTypeMismatchException", message)

    def _authorize(self, call: Call, caller: Caller, body: dict[str, Any]) -> None:
        secret = self._moto.secret(call.region, body["SecretId"]) if "SecretId" in body else None
        own = json.loads(secret.policy) if secret is not None and secret.policy else None
        try:
            for resource in self._resources(call, body):
                caller.require(f"{call.service}:{call.action}", resource, _context_of(call, body, secret), own)
            for key, place in self._keys(call, body, secret):
                caller.require(KEY_ACTIONS[call.action], key, _by_way_of(call, place))
        except AwsError as error:
            raise AwsError(400, f"{error.code}Exception", error.message) from None

    def _keys(
        self, call: Call, body: dict[str, Any], secret: StoredSecret | None
    ) -> Iterator[tuple[str | None, str]]:
        """The customer's keys that the call uses, each with the ARN of what it encrypts; None for an alias."""
        if call.action not in KEY_ACTIONS:
            return
        named: list[tuple[str, str]] = []
        if secret is not None:
            named = [(secret.key, secret.arn)]
        elif call.action == PARAMETER:
            named = [(body.get("KeyId", ""), arn) for arn in self._resources(call, body) if arn]
        elif body.get("WithDecryption"):
            found = {name: self._moto.parameter(call.region, name) for name in body.get("Names", [])}
            arns = dict(zip(body.get("Names", []), self._resources(call, body), strict=True))
            named = [(one[1], arns[name] or "") for name, one in found.items() if one]
        for key, place in named:
            arn = key if key.startswith("arn:") else f"arn:aws:kms:{call.region}:{self._moto.account}:key/{key}"
            if key:
                yield (None if "alias/" in key else arn), place

    def _resources(self, call: Call, body: dict[str, Any]) -> list[str | None]:
        place = f"arn:aws:{call.service}:{call.region}:{self._moto.account}"
        if call.service == "secretsmanager" and "SecretId" in body:
            secret = self._moto.secret(call.region, body["SecretId"])
            return [secret.arn if secret else f"{place}:secret:{body['SecretId']}"]
        if call.service == "ssm" and ("Name" in body or "Names" in body):
            return [f"{place}:parameter/{name.lstrip('/')}" for name in body.get("Names", [body.get("Name", "")])]
        key = body.get("KeyId", "") if call.service == "kms" else ""
        return [key if key.startswith("arn:") else f"{place}:key/{key}" if key else None]


def _context_of(call: Call, body: dict[str, Any], secret: StoredSecret | None) -> Context:
    """What conditions may ask about."""
    pairs = body.get("EncryptionContext", {}) if call.service == "kms" else {}
    found: dict[str, list[str]] = {f"kms:encryptioncontext:{name.lower()}": [value] for name, value in pairs.items()}
    if "VersionStage" in body:
        found["secretsmanager:versionstage"] = [body["VersionStage"]]
    for name, value in secret.tags if secret is not None else ():
        found |= {f"{prefix}:resourcetag/{name.lower()}": [value] for prefix in ("aws", "secretsmanager")}
    return found | {"aws:requestedregion": [call.region]}


def _by_way_of(call: Call, place: str) -> Context:
    """The context of the request that the service makes to KMS."""
    member = "secretarn" if call.service == "secretsmanager" else "parameter_arn"
    host = f"{call.service}.{call.region}.amazonaws.com"
    return {"kms:viaservice": [host], f"kms:encryptioncontext:{member}": [place], "aws:requestedregion": [call.region]}


def _body(call: Call) -> dict[str, Any]:
    try:
        body = json.loads(call.body or b"{}")
    except ValueError:
        raise AwsError(400, "SerializationException", "The request is not JSON.") from None
    return body if isinstance(body, dict) else {}


def _without_bare_versions(reply: Reply) -> Reply:
    """DescribeSecret does not list versions without labels."""
    if reply.status != 200:
        return reply
    described = json.loads(reply.body)
    stages = described.get("VersionIdsToStages", {})
    described["VersionIdsToStages"] = {version: labels for version, labels in stages.items() if labels}
    return json_reply(described)
