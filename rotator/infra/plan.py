"""What the templates are made for, as values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rotator.core.alarm import Alarm
from rotator.core.errors import ConfigurationError

SET_NAME = "rotator"  # of the configuration set
Resource = dict[str, Any]
Resources = dict[str, Resource]
Policy = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MailDomain:
    """A domain that mail is sent from; `mail_from` is the domain of the envelope, "" for SES's own."""

    name: str
    mail_from: str = ""


@dataclass(frozen=True, slots=True)
class SmtpUser:
    """An IAM user whose access key is the SMTP credential."""

    name: str
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Plan:
    """One region of one account."""

    partition: str  # aws, aws-us-gov or aws-cn
    account: str
    region: str
    domains: Sequence[MailDomain]
    users: Sequence[SmtpUser]
    role_policy: Policy  # what the program itself may do
    mail_to: str = ""
    alarms: Sequence[Alarm] = ()

    def __post_init__(self) -> None:
        """Raise ConfigurationError if two names would have the same logical id: one would overwrite the other."""
        for names in ([one.name for one in self.domains], [one.name for one in self.users]):
            known: dict[str, str] = {}
            for name in names:
                other = known.setdefault(logical("", name), name)
                if other != name:
                    raise ConfigurationError(
                        f"{other} and {name} would be one resource in a template",
                        why="CloudFormation's logical ids have letters and digits only",
                        fix="make one of them in a stack of its own, from a file that names it alone",
                    )

    @property
    def set_arn(self) -> str:
        """The configuration set."""
        return f"arn:{self.partition}:ses:{self.region}:{self.account}:configuration-set/{SET_NAME}"

    def identity_arns(self) -> list[str]:
        """The identities that mail is sent from."""
        return [f"arn:{self.partition}:ses:{self.region}:{self.account}:identity/{one.name}" for one in self.domains]

    def user_arns(self) -> list[str]:
        """The SMTP users."""
        return [f"arn:{self.partition}:iam::{self.account}:user{one.path}{one.name}" for one in self.users]


def logical(prefix: str, name: str) -> str:
    """A logical id: letters and digits, `Identity` + `queenofsandiego.com` = IdentityQueenofsandiegoCom."""
    return prefix + "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def ref(name: str) -> dict[str, str]:
    """The value of a parameter, or the id of a resource."""
    return {"Ref": name}


def attribute(resource: str, name: str) -> dict[str, list[str]]:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [resource, name]}


def statement(sid: str, action: str | Sequence[str], resource: Any, effect: str = "Allow", **more: Any) -> Policy:
    """One statement; `more`: Principal, Condition."""
    actions = action if isinstance(action, str) else list(action)
    return {"Sid": sid, "Effect": effect, **more, "Action": actions, "Resource": resource}


def document(*statements: Mapping[str, Any]) -> Policy:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": [dict(one) for one in statements]}


def fitting(policy: Policy, most: int, whose: str) -> Policy:
    """The policy, if IAM takes one of that length as an inline policy.  Raises ConfigurationError.

    White space does not count: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    length = len(json.dumps(policy, separators=(",", ":")))
    if length > most:
        raise ConfigurationError(
            f"the policy of {whose} would have {length} characters",
            why=f"IAM takes {most} inline",
            fix="make a file for some of the users or domains, and a stack of its own from it",
            runbook="runbooks/infrastructure.md",
        )
    return policy


def template(description: str, parameters: Resource, conditions: Resource, resources: Resources, outputs: Resource) -> (
    dict[str, Any]
):  # fmt: skip
    """A template with its parts in CloudFormation's usual order; what is empty is left out."""
    parts = {"Parameters": parameters, "Conditions": conditions, "Resources": resources, "Outputs": outputs}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        **{name: part for name, part in parts.items() if part},
    }
