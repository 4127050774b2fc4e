"""One secret of AWS Secrets Manager: versions that never change, and the stage labels that move between them.

A value is put as a new version under a token that is its id, so a repeat is the same put; readers see it only when
AWSCURRENT is moved there.  A move names the version that AWSCURRENT is taken from, so one that comes late fails
instead of undoing a newer one.  Wire facts: botocore 1.44.5 `secretsmanager` model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rotator.core.errors import RemoteFault
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import Secret
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls
from rotator.services.key_use import keys_own_policy, use_of
from rotator.services.own_permissions import OwnPermissions, Question

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
NO_SECRET = frozenset({"ResourceNotFoundException"})
NOT_WHERE_READ = frozenset({"InvalidParameterException"})  # the label is on another version by now
SAME_TOKEN = frozenset({"ResourceExistsException"})
WRITES = ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage")
# Secrets Manager has the key make a data key for each version, and says which secret it is for.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
KEY_WRITES, KEY_CONTEXT = ("kms:GenerateDataKey",), ("SecretARN", "SecretVersionId")


@dataclass(frozen=True, slots=True)
class Description:
    """A secret without its value.  `stages`: version id -> its labels; versions without labels are not listed."""

    stages: Mapping[str, frozenset[str]]
    deleted: bool  # scheduled for deletion: neither readable nor writable
    rotates: bool  # AWS runs a rotation function on it
    primary_region: str  # empty for one that is no replica
    arn: str = ""
    key: str = ""  # the KMS key that encrypts it, by id or ARN; empty: Secrets Manager's own
    tags: Mapping[str, str] = field(default_factory=dict)

    def holder(self, stage: str) -> str:
        """The version with that label; empty if there is none."""
        return next((version for version, labels in self.stages.items() if stage in labels), "")


@dataclass(frozen=True, slots=True)
class Version:
    """One version's value; `text` is None for a binary or an empty one."""

    id: str
    text: Secret | None


class SecretStore:
    """Reads raise AccessError and RemoteFault; writes are one attempt and answer how it went."""

    def __init__(
        self, *, session: AwsSession, secret_id: str, region: str, permissions: OwnPermissions | None = None
    ) -> None:
        """`secret_id` is the secret's name or ARN; `permissions` may be shared with others of the same session."""
        self.secret_id, self.region = secret_id, region
        self._own = permissions or OwnPermissions(session)
        self._calls = AwsCalls(session, "secretsmanager", region)

    def describe(self, deadline: Deadline) -> Description | None:
        """The secret's labels and state, or None if there is no such secret."""
        reply = self._calls.read("describe_secret", deadline, absent=NO_SECRET, SecretId=self.secret_id)
        if reply is None:
            return None
        stages = reply.get("VersionIdsToStages", {})
        return Description(
            {str(version): frozenset(labels) for version, labels in stages.items()},
            deleted=reply.get("DeletedDate") is not None,
            rotates=bool(reply.get("RotationEnabled")),
            primary_region=str(reply.get("PrimaryRegion") or ""),
            arn=str(reply.get("ARN") or ""),
            key=str(reply.get("KmsKeyId") or ""),
            tags={str(one.get("Key")): str(one.get("Value")) for one in reply.get("Tags") or ()},
        )

    def not_allowed(self, described: Description, deadline: Deadline) -> list[Refused | Unknown]:
        """What we may not do that a write needs, found without one; empty if nothing is seen.  Raises nothing."""
        arn = described.arn
        context = {"secretsmanager:SecretId": [arn], "secretsmanager:VersionStage": [CURRENT]}
        for prefix in ("aws", "secretsmanager"):
            context |= {f"{prefix}:ResourceTag/{name}": [value] for name, value in described.tags.items()}
        write = Question(WRITES, (arn,), self.region, context, others=lambda: self._resource_policy(deadline))
        questions = [write]
        if key := use_of(described.key, arn, "secretsmanager", {"SecretARN": arn}, KEY_CONTEXT):
            questions.append(Question(KEY_WRITES, (key.arn,), self.region, key.context, others=keys_own_policy))
        return [one for question in questions for one in self._own.lacking(question, deadline)]

    def _resource_policy(self, deadline: Deadline) -> str:
        """Who else may allow a write: whoever wrote the secret's own policy.  Raises AccessError, RemoteFault."""
        reply = self._calls.read("get_resource_policy", deadline, absent=NO_SECRET, SecretId=self.secret_id) or {}
        return "the secret's own policy may" if reply.get("ResourcePolicy") else ""

    def value(self, deadline: Deadline, version: str = "") -> Version | None:
        """The value of a version, by default the one with AWSCURRENT; None if there is none."""
        which: dict[str, Any] = {"VersionId": version} if version else {"VersionStage": CURRENT}
        reply = self._calls.read("get_secret_value", deadline, absent=NO_SECRET, SecretId=self.secret_id, **which)
        if reply is None:
            return None
        text, found = reply.get("SecretString"), reply.get("VersionId")
        if not isinstance(found, str):
            raise RemoteFault("GetSecretValue: the reply names no version")
        return Version(found, Secret(text) if text else None)

    def put(self, token: str, text: Secret, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Make the version `token`, labelled AWSPENDING.

        One that is there already keeps its value, and is acknowledged: read it back before it is used.
        """
        answer = self._calls.write(
            "put_secret_value", deadline, done=SAME_TOKEN,
            SecretId=self.secret_id, ClientRequestToken=token, SecretString=text.reveal(), VersionStages=[PENDING],
        )  # fmt: skip
        return Acknowledged(token) if isinstance(answer, dict) else answer

    def move(self, stage: str, *, off: str, to: str, deadline: Deadline) -> Acknowledged | Refused | Unknown:
        """Take the label off version `off` and put it on `to` (empty: on none)."""
        target: dict[str, Any] = {"MoveToVersionId": to} if to else {}
        answer = self._calls.write(
            "update_secret_version_stage", deadline, outdated=NOT_WHERE_READ,
            SecretId=self.secret_id, VersionStage=stage, RemoveFromVersionId=off, **target,
        )  # fmt: skip
        return Acknowledged(stage) if isinstance(answer, dict) else answer
