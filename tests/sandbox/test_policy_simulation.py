"""IAM's simulation in the sandbox says as little as the real one, and refuses what it refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rotator.sandbox.world import World
from tests.sandbox.clients import USER, aws
from tests.sandbox.roles import allowing, denying, make_role, session_of

IDENTITY = "arn:aws:ses:us-east-1:123456789012:identity/queenofsandiego.com"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf"
PUT = "secretsmanager:PutSecretValue"


def simulated(world: World, arn: str, action: str, *resources: str, **context: str) -> list[dict[str, Any]]:
    """What is said of one action, resource by resource; without resources, of the action alone."""
    entries = [
        {"ContextKeyName": name.replace("__", ":"), "ContextKeyValues": [value], "ContextKeyType": "string"}
        for name, value in context.items()
    ]
    answer = aws(world, "iam").simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=[action], ResourceArns=list(resources), ContextEntries=entries
    )
    (result,) = answer["EvaluationResults"]
    assert result["EvalActionName"] == action
    found: list[dict[str, Any]] = result["ResourceSpecificResults"] if resources else [result]
    return found


def test_users_groups_and_policies_count(world: World) -> None:
    """The simulator looks at resources and at the groups' policies; a Deny beats every Allow."""
    iam = aws(world, "iam")
    arn = iam.get_user(UserName=USER)["User"]["Arn"]

    def decisions() -> list[str]:
        resources = [IDENTITY, IDENTITY.replace("queenofsandiego", "elsewhere")]
        return [one["EvalResourceDecision"] for one in simulated(world, arn, "ses:SendRawEmail", *resources)]

    assert decisions() == ["allowed", "implicitDeny"]
    iam.create_group(GroupName="senders")
    iam.add_user_to_group(GroupName="senders", UserName=USER)
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"%s","Action":"ses:Send*","Resource":"*"}}'
    iam.put_group_policy(GroupName="senders", PolicyName="p", PolicyDocument=policy % "Allow")
    assert decisions() == ["allowed", "allowed"]
    iam.put_group_policy(GroupName="senders", PolicyName="p", PolicyDocument=policy % "Deny")
    assert decisions() == ["explicitDeny", "explicitDeny"]


IF_VPC = {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}
IF_TAGGED = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "mail"}}}
OWN = "arn:aws:secretsmanager:*:123456789012:secret:${aws:username}-*"

# what is said of a put, with nothing but the action and the resource given: (policy, decision, what was missing)
SAID: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "allowed": (allowing(PUT), "allowed", []),
    "of another secret": (allowing(PUT, on=SECRET + "x"), "implicitDeny", []),
    "denied": (denying(PUT), "explicitDeny", []),
    "if tagged": (allowing(PUT, **IF_TAGGED), "implicitDeny", ["aws:ResourceTag/team"]),
    "denied from elsewhere": (denying(PUT, **IF_VPC), "explicitDeny", ["aws:SourceVpce"]),
    "a secret called like the user": (allowing(PUT, on=OWN), "implicitDeny", ["aws:username"]),
    "a condition of something else": (allowing("iam:GetUser", **IF_TAGGED), "implicitDeny", []),
}


@pytest.mark.parametrize(("policy", "decision", "missing"), SAID.values(), ids=SAID.keys())
def test_a_role_is_judged_by_what_is_known(
    world: World, policy: dict[str, Any], decision: str, missing: list[str]
) -> None:
    """What a condition asks about and nobody gave is named beside the resource."""
    (one,) = simulated(world, make_role(world, "rotator", policy, "/ops/"), PUT, SECRET)
    assert (one["EvalResourceDecision"], one["MissingContextValues"]) == (decision, missing)


def test_what_was_missing_can_be_given(world: World) -> None:
    """With the tag the same policy allows it; without a resource the missing key stands at the top."""
    role = make_role(world, "rotator", allowing(PUT, **IF_TAGGED))
    (one,) = simulated(world, role, PUT, SECRET, **{"aws__ResourceTag/team": "mail"})
    assert (one["EvalResourceDecision"], one["MissingContextValues"]) == ("allowed", [])
    (one,) = simulated(world, role, PUT)
    assert (one["EvalDecision"], one["MissingContextValues"]) == ("implicitDeny", ["aws:ResourceTag/team"])


# what is asked about -> the error
NO_SUCH: dict[str, tuple[str, str]] = {
    "a session": ("arn:aws:sts::123456789012:assumed-role/rotator/i-1", "InvalidInput"),
    "a role without its path": ("arn:aws:iam::123456789012:role/rotator", "NoSuchEntity"),
    "a user that is not there": ("arn:aws:iam::123456789012:user/nobody", "NoSuchEntity"),
}


@pytest.mark.parametrize(("arn", "code"), NO_SUCH.values(), ids=NO_SUCH.keys())
def test_only_users_and_roles_by_their_whole_arn(world: World, arn: str, code: str) -> None:
    """A role with a path is not found without it, and a session is no role."""
    make_role(world, "rotator", allowing(PUT), "/ops/")
    with pytest.raises(ClientError, match=code):
        simulated(world, arn, PUT, SECRET)


def test_asking_takes_leave_for_exactly_that_entity(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking about oneself does not let one ask about others; the same for looking a role up."""
    asks = ("iam:SimulatePrincipalPolicy", "iam:GetRole")
    arn = "arn:aws:iam::123456789012:role/ops/rotator"
    make_role(world, "other", allowing(PUT))
    role = make_role(world, "rotator", allowing(*asks, on=arn), "/ops/")
    for name, value in session_of(world, role).items():
        monkeypatch.setenv(name, value)
    import boto3

    iam = boto3.client("iam", endpoint_url=world.aws_url, region_name="us-east-1")
    assert iam.get_role(RoleName="rotator")["Role"]["Arn"] == role == arn
    assert iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[PUT])["EvaluationResults"]
    other = role.replace("ops/rotator", "other")
    with pytest.raises(ClientError, match=re.escape(f"iam:SimulatePrincipalPolicy on resource: {other}")):
        iam.simulate_principal_policy(PolicySourceArn=other, ActionNames=[PUT])
    with pytest.raises(ClientError, match=re.escape(f"iam:GetRole on resource: {other}")):
        iam.get_role(RoleName="other")
