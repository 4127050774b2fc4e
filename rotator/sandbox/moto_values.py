"""What moto keeps, copied into values of our own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class IamUser:
    """A user as IAM knows it."""

    name: str
    id: str
    arn: str
    path: str
    created: datetime
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class RoleSession:
    """An assumed role: its secret, its ARN and its policies."""

    secret: str
    arn: str
    policies: list[dict[str, Any]]
    role: str  # the role's own ARN, with its path


@dataclass(frozen=True, slots=True)
class IamRole:
    """A role as IAM knows it."""

    arn: str
    policies: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A secret of Secrets Manager as moto keeps it, copied: version id -> value, version id -> labels."""

    arn: str
    name: str
    deleted: bool
    texts: dict[str, str | None]
    stages: dict[str, list[str]]
    key: str = ""  # the customer's KMS key, as it was named; empty: Secrets Manager's own
    policy: str = ""  # the secret's own
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm of CloudWatch as moto keeps it, copied; no actions while they are off."""

    name: str
    description: str
    state: str
    reason: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One receiver of a topic."""

    protocol: str
    endpoint: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Published:
    """One message of an SNS topic, with its attributes."""

    subject: str
    text: str
    attributes: dict[str, str]


def parsed_policy(policy: Any) -> dict[str, Any]:
    """Moto keeps policies as JSON text, percent-encoded JSON text, or a dict or object around one of them.

    Those of a role that came by a stack are the document itself.
    """
    if isinstance(policy, dict) and "Statement" in policy:
        return policy
    if isinstance(policy, dict):
        policy = policy.get("policy_document") or policy["PolicyDocument"]
    text = str(getattr(policy, "document", policy))
    parsed: dict[str, Any] = json.loads(text if text.lstrip().startswith("{") else unquote(text))
    return parsed
