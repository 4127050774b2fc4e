"""The stack `access`: SMTP users that can send and nothing else, what bounds them, and the program's own role.

`iam:CreateAccessKey` on a user is the power to become that user. So the users lie below a path of their own
(`aws.user_path`), a boundary lets them send mail at most, and the program is denied key actions on anybody else.
"""

from __future__ import annotations

from typing import Any

from rotator.infra.plan import (
    Plan,
    Policy,
    Resource,
    Resources,
    document,
    fitting,
    logical,
    ref,
    statement,
    template,
)

SEND = "ses:SendRawEmail"  # what SMTP is to IAM
USER_POLICY_AT_MOST, ROLE_POLICY_AT_MOST = 2_048, 10_240  # characters of all inline policies of one
KEY_CHANGES = ("iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:UpdateAccessKey")
# All but the use of the key: who may use it stands in the key's own policy alone.
KEY_ADMINISTRATION = tuple(
    f"kms:{action}"
    for action in ("CancelKeyDeletion", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey",
                   "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants", "ListKeyPolicies",
                   "ListResourceTags", "PutKeyPolicy", "RevokeGrant", "ScheduleKeyDeletion", "TagResource",
                   "UntagResource", "UpdateKeyDescription")
)  # fmt: skip
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
MANAGED = {"Key": "ses-rotator", "Value": "managed"}
ASK_SID = "AskWhatItMayWrite"  # the statement of the program's policy that names the program itself
SEAL_PURPOSE = "rotator-journal-seal"  # the encryption context that the program seals its journal's key with


def user_policy(plan: Plan) -> Policy:
    """What an SMTP user may do: send mail from the domains, through their configuration set.

    Raises ConfigurationError if so many domains have no room in it.
    """
    senders = [f"*@{one.name}" for one in plan.domains]
    policy = document(
        statement(
            "SendFromTheDomains", SEND, [*plan.identity_arns(), plan.set_arn],
            Condition={"StringLike": {"ses:FromAddress": senders}},
        )
    )  # fmt: skip
    return fitting(policy, USER_POLICY_AT_MOST, "an SMTP user")


def boundary(plan: Plan) -> Policy:
    """The most that an SMTP user can ever be allowed, whoever writes a policy for it."""
    anywhere = f"arn:{plan.partition}:ses:*:{plan.account}"
    return document(statement("SendAtMost", SEND, [f"{anywhere}:identity/*", f"{anywhere}:configuration-set/*"]))


def role_policy(plan: Plan) -> Policy:
    """What the program needs for exactly this configuration, and a Deny for every other user's keys.

    Raises ConfigurationError if so many users have no room in it.
    """
    others = statement("NobodyElsesKeys", KEY_CHANGES, None, "Deny") | {"NotResource": plan.user_arns()}
    del others["Resource"]
    policy = {**plan.role_policy, "Statement": [*plan.role_policy["Statement"], others]}
    return fitting(policy, ROLE_POLICY_AT_MOST, "the program's role")


def access(plan: Plan) -> dict[str, Any]:
    """The template."""
    parameters: Resource = {
        "TrustedPrincipalArn": {
            "Type": "String",
            "Description": "Who may act as the program: the ARN of an IAM role or user.",
            "AllowedPattern": "arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+",
        },
        "MakeUsers": _switch("Make the SMTP users; no, if they are there already.", "yes"),
        "MakeSealKey": _switch("Make a KMS key that the journal's seal key is wrapped with.", "no"),
    }
    conditions = {f"{name}Wanted": _is_yes(name) for name in ("MakeUsers", "MakeSealKey")}
    resources: Resources = {
        "Boundary": _boundary(plan),
        **_users(plan),
        "Role": _role(plan),
        **_asking(plan),
        "SealKey": _seal_key(plan),
    }
    outputs = {
        "RoleArn": {"Description": "aws.assume_role in the configuration", "Value": {"Fn::GetAtt": ["Role", "Arn"]}},
        "SealKeyArn": {
            "Condition": "MakeSealKeyWanted",
            "Description": "seal.kms_key in the configuration",
            "Value": {"Fn::GetAtt": ["SealKey", "Arn"]},
        },
    }
    text = "rotator: SMTP users, their boundary, and the role of the program.  Makes no access key."
    return template(text, parameters, conditions, resources, outputs)


def _switch(description: str, default: str) -> Resource:
    return {"Type": "String", "Description": description, "AllowedValues": ["yes", "no"], "Default": default}


def _is_yes(parameter: str) -> Resource:
    return {"Fn::Equals": [ref(parameter), "yes"]}


def _boundary(plan: Plan) -> Resource:
    path = plan.users[0].path
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        **KEPT,
        "Properties": {
            "Description": "Users below this boundary can send mail through SES and nothing else",
            "Path": path,
            "PolicyDocument": boundary(plan),
        },
    }


def _users(plan: Plan) -> Resources:
    """Users stay when the stack goes, and so do their policies and what bounds them.

    Their keys are the program's, a user with keys cannot be deleted, and one without its policy sends no mail.
    """
    made: Resources = {}
    for one in plan.users:
        name = logical("User", one.name)
        made[name] = {
            "Type": "AWS::IAM::User",
            "Condition": "MakeUsersWanted",
            **KEPT,
            "Properties": {
                "UserName": one.name,
                "Path": one.path,
                "PermissionsBoundary": ref("Boundary"),
                "Tags": [dict(MANAGED)],
            },
        }
        made[logical("Sending", one.name)] = {
            "Type": "AWS::IAM::UserPolicy",
            "Condition": "MakeUsersWanted",
            **KEPT,
            "Properties": {"PolicyName": "send-mail", "UserName": ref(name), "PolicyDocument": user_policy(plan)},
        }
    return made


def _role(plan: Plan) -> Resource:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ref("TrustedPrincipalArn")}, "Action": "sts:AssumeRole"}
        ],
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "rotator: rotates the access keys of exactly the configured SMTP users",
            "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": "rotate", "PolicyDocument": _without_asking(role_policy(plan))}],
        },
    }


def _without_asking(policy: Policy) -> Policy:
    return {**policy, "Statement": [one for one in policy["Statement"] if one.get("Sid") != ASK_SID]}


def _asking(plan: Plan) -> Resources:
    """Leave to ask IAM what the role may write: only once the role is there does its ARN exist."""
    if not any(one.get("Sid") == ASK_SID for one in plan.role_policy["Statement"]):
        return {}
    about = statement(ASK_SID, ["iam:GetRole", "iam:SimulatePrincipalPolicy"], {"Fn::GetAtt": ["Role", "Arn"]})
    properties = {"PolicyName": "ask", "RoleName": ref("Role"), "PolicyDocument": document(about)}
    return {"RoleAsks": {"Type": "AWS::IAM::RolePolicy", "Properties": properties}}


def _seal_key(plan: Plan) -> Resource:
    """The account administers the key by IAM; the role uses it, and only for sealing a journal's key."""
    account = {"AWS": f"arn:{plan.partition}:iam::{plan.account}:root"}
    context = {"StringEquals": {"kms:EncryptionContext:purpose": SEAL_PURPOSE}}
    policy = document(
        statement("AdministeredByTheAccount", KEY_ADMINISTRATION, "*", Principal=account),
        statement(
            "SealsTheJournal", ["kms:Decrypt", "kms:GenerateDataKey"], "*",
            Principal={"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}, Condition=context,
        ),
    )  # fmt: skip
    return {
        "Type": "AWS::KMS::Key",
        "Condition": "MakeSealKeyWanted",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "Description": "Wraps the key that seals rotator's journal",
            "EnableKeyRotation": True,
            "KeyPolicy": policy,
        },
    }
