"""Parameters of AWS Systems Manager: read several at once, write one at a time.

Parameter Store has no compare-and-swap and no token: a write that comes late wins.  What bounds that is the deadline
of every request.  Wire facts: botocore 1.44.5 `ssm` model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rotator.core.errors import AccessError, RemoteFault
from rotator.core.hosts import partition_of
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import Secret
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls
from rotator.services.key_use import keys_own_policy, use_of
from rotator.services.own_permissions import OwnPermissions, Question

SECURE = "SecureString"
WRITES = ("ssm:PutParameter",)
# Standard parameters are encrypted with the key itself, advanced ones with a data key of it.
# https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
KEY_WRITES, KEY_CONTEXT = ("kms:Encrypt", "kms:GenerateDataKey"), ("PARAMETER_ARN",)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as it stands."""

    value: Secret
    type: str  # SecureString, String, StringList
    arn: str = ""


class ParameterStore:
    """Reads raise AccessError and RemoteFault; a write is one attempt and answers how it went."""

    def __init__(
        self, *, session: AwsSession, region: str, kms_key: str | None = None, permissions: OwnPermissions | None = None
    ) -> None:
        """`kms_key` encrypts what is written; None is the account's key for Parameter Store.

        `permissions` may be shared with others of the same session.
        """
        self.region, self._kms_key = region, kms_key
        self._own = permissions or OwnPermissions(session)
        self._calls = AwsCalls(session, "ssm", region)

    def read(self, names: Sequence[str], deadline: Deadline) -> dict[str, Parameter]:
        """Those of the parameters that exist, decrypted.  One request takes ten names; a credential has six fields."""
        reply = self._calls.read("get_parameters", deadline, Names=list(names), WithDecryption=True) or {}
        return {
            str(one["Name"]): Parameter(Secret(one["Value"]), str(one["Type"]), str(one.get("ARN") or ""))
            for one in reply.get("Parameters", [])
            if one.get("Value")
        }

    def not_allowed(
        self, names: Sequence[str], stored: Mapping[str, Parameter], deadline: Deadline
    ) -> list[Refused | Unknown]:
        """What we may not do that writing `names` needs, found without it; empty if nothing is seen.  Raises nothing.

        `stored` is what was read of them.  A parameter has no policy of its own that lets anybody write it.
        """
        try:
            arns = tuple(self._arn(name, stored, deadline) for name in names)
        except (AccessError, RemoteFault) as error:
            return [Unknown(f"whether the program may ssm:PutParameter is not known: {error}")]
        questions = [Question(WRITES, arns, self.region, {"ssm:Overwrite": ["true"]})]
        if key := use_of(self._kms_key or "", arns[0], "ssm", {"PARAMETER_ARN": arns[0]}, KEY_CONTEXT):
            use = Question(KEY_WRITES, (key.arn,), self.region, key.context, either=True, others=keys_own_policy)
            questions.append(use)
        return [one for question in questions for one in self._own.lacking(question, deadline)]

    def _arn(self, name: str, stored: Mapping[str, Parameter], deadline: Deadline) -> str:
        """As the service told it, else as it will be once it is there.  Raises AccessError, RemoteFault."""
        if name in stored and stored[name].arn:
            return stored[name].arn
        account = self._own.account(self.region, deadline)
        return f"arn:{partition_of(self.region)}:ssm:{self.region}:{account}:parameter{name}"

    def write(self, name: str, value: Secret, type: str, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Make the parameter, or a new version of it; an existing one keeps its type."""
        key: dict[str, Any] = {"KeyId": self._kms_key} if self._kms_key and type == SECURE else {}
        answer = self._calls.write(
            "put_parameter", deadline, Name=name, Value=value.reveal(), Type=type, Overwrite=True, **key
        )
        return Acknowledged(name) if isinstance(answer, dict) else answer
