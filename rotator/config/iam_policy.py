"""The least that the program needs at AWS: the key actions on exactly the configured users, their places, notices.

`iam:CreateAccessKey` on a user is the power to become that user, so no statement about a user has a wildcard.
"""

from __future__ import annotations

from typing import Any

from rotator.config.audit_policy import alarm_statements, audit_statements
from rotator.config.doctor_policy import doctor_statements
from rotator.config.model import Configuration, UserConfiguration
from rotator.config.notice_policy import notice_statements
from rotator.config.report_policy import report_statements
from rotator.config.store_policy import asking_statements, store_statements
from rotator.config.suppression_policy import suppression_statements
from rotator.core.hosts import partition_of

# All of them take a user as resource; sts:GetCallerIdentity needs no permission.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
KEY_ACTIONS = (
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:GetAccessKeyLastUsed",
    "iam:GetUser",
    "iam:ListAccessKeys",
    "iam:UpdateAccessKey",
)
PREFLIGHT_ACTION = "iam:SimulatePrincipalPolicy"


def iam_policy(configuration: Configuration, principal: str = "") -> dict[str, Any]:
    """The policy document (JSON-ready) for the identity that the program runs as: `principal`, if its ARN is known."""
    arns = [user_arn(configuration, user) for user in configuration.users]
    keys = {"Sid": "RotateKeysOfExactlyTheseUsers", "Effect": "Allow", "Action": list(KEY_ACTIONS), "Resource": arns}
    simulate = {"Sid": "AskWhetherTheyMaySend", "Effect": "Allow", "Action": PREFLIGHT_ACTION, "Resource": arns}
    more = (
        store_statements, audit_statements, alarm_statements, suppression_statements, notice_statements,
        doctor_statements, report_statements,
    )  # fmt: skip
    around = [*asking_statements(configuration, principal)]
    around += [one for statements in more for one in statements(configuration)]
    return {"Version": "2012-10-17", "Statement": [keys, simulate, *around]}


def user_arn(configuration: Configuration, user: UserConfiguration) -> str:
    """The user's ARN, with the configured path."""
    path = configuration.aws.user_path or "/"
    return f"arn:{partition_of(user.region)}:iam::{user.account}:user{path}{user.name}"
