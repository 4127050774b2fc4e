"""Roles of a world: made by somebody else, assumed by the program."""

from __future__ import annotations

import json
from typing import Any

from rotator.sandbox.world import World
from tests.sandbox.clients import aws

ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def make_role(world: World, name: str, policy: dict[str, Any], path: str = "/") -> str:
    """A role with this policy; its ARN."""
    iam = aws(world, "iam")
    made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(ANYBODY))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return str(made["Role"]["Arn"])


def session_of(world: World, role: str) -> dict[str, str]:
    """The environment of a process that acts in the role, without knowing the role."""
    taken = aws(world, "sts").assume_role(RoleArn=role, RoleSessionName="i-0abc")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }


def allowing(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    """A policy that allows these actions."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [*actions], "Resource": on, **more}]}


def denying(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    """One that denies them and allows all else."""
    denied = {"Effect": "Deny", "Action": [*actions], "Resource": on, **more}
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, denied]}
