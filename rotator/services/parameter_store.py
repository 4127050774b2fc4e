"""Parameters of AWS Systems Manager: read several at once, write one at a time.

Parameter Store has no compare-and-swap and no token: a write that comes late wins.  What bounds that is the deadline
of every request.  Wire facts: botocore 1.44.5 `ssm` model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import Secret
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls

SECURE = "SecureString"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as it stands."""

    value: Secret
    type: str  # SecureString, String, StringList


class ParameterStore:
    """Reads raise AccessError and RemoteFault; a write is one attempt and answers how it went."""

    def __init__(self, *, session: AwsSession, region: str, kms_key: str | None = None) -> None:
        """`kms_key` encrypts what is written; None is the account's key for Parameter Store."""
        self.region, self._kms_key = region, kms_key
        self._calls = AwsCalls(session, "ssm", region)

    def read(self, names: Sequence[str], deadline: Deadline) -> dict[str, Parameter]:
        """Those of the parameters that exist, decrypted.  One request takes ten names; a credential has six fields."""
        reply = self._calls.read("get_parameters", deadline, Names=list(names), WithDecryption=True) or {}
        return {
            str(one["Name"]): Parameter(Secret(one["Value"]), str(one["Type"]))
            for one in reply.get("Parameters", [])
            if one.get("Value")
        }

    def write(self, name: str, value: Secret, type: str, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Make the parameter, or a new version of it; an existing one keeps its type."""
        key: dict[str, Any] = {"KeyId": self._kms_key} if self._kms_key and type == SECURE else {}
        answer = self._calls.write(
            "put_parameter", deadline, Name=name, Value=value.reveal(), Type=type, Overwrite=True, **key
        )
        return Acknowledged(name) if isinstance(answer, dict) else answer
