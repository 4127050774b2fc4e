"""Every policy of the templates, whatever the plan: exact actions, a scope, and a boundary on every user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from rotator.core.errors import ConfigurationError
from rotator.infra.access import KEY_CHANGES, access, boundary, role_policy, user_policy
from rotator.infra.plan import MailDomain, Plan, Policy, SmtpUser
from rotator.infra.sending import sending
from tests.infra.plans import ACCOUNT, PLANS, plan

SEND = "ses:SendRawEmail"


def statements(part: Any) -> Iterator[dict[str, Any]]:
    """Every statement anywhere in a template or a policy."""
    if isinstance(part, dict):
        if isinstance(part.get("Statement"), list):
            yield from part["Statement"]
        for one in part.values():
            yield from statements(one)
    elif isinstance(part, list):
        for one in part:
            yield from statements(one)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@settings(max_examples=50)
@given(PLANS)
def test_every_statement_is_scoped(any_plan: Plan) -> None:
    """No action has a wildcard; a resource `*` stands only where the policy hangs on the resource itself."""
    for template in (access(any_plan), sending(any_plan)):
        found = list(statements(template))
        assert found
        for one in found:
            assert [action for action in _list(one["Action"]) if "*" in action] == []
            scope = one.get("Resource", one.get("NotResource"))
            on_the_resource = "Principal" in one
            assert "*" not in _list(scope) or on_the_resource
            assert on_the_resource or "Resource" in one or one["Effect"] == "Deny"


@settings(max_examples=50)
@given(PLANS)
def test_no_principal_is_anybody(any_plan: Plan) -> None:
    """A service publishes for this account alone, and a role trusts somebody who is named."""
    for template in (access(any_plan), sending(any_plan)):
        for one in statements(template):
            principal = one.get("Principal")
            assert principal != "*"
            assert principal is None or "*" not in principal.values()
            if principal and "Service" in principal:
                conditions = {key.lower() for test in one["Condition"].values() for key in test}
                assert conditions & {"aws:sourcearn"}


@settings(max_examples=50)
@given(PLANS)
def test_every_user_is_bounded(any_plan: Plan) -> None:
    """The boundary allows sending and nothing else, and each user has it, below the path."""
    resources = access(any_plan)["Resources"]
    users = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::IAM::User"]
    assert [one["UserName"] for one in users] == [one.name for one in any_plan.users]
    assert all(one["PermissionsBoundary"] == {"Ref": "Boundary"} and one["Path"] == "/ses/" for one in users)
    assert {action for one in boundary(any_plan)["Statement"] for action in _list(one["Action"])} == {SEND}


@settings(max_examples=50)
@given(PLANS)
def test_a_user_sends_from_its_domains_alone(any_plan: Plan) -> None:
    """Identities of this account and region, and a From of these domains."""
    (only,) = user_policy(any_plan)["Statement"]
    assert only["Action"] == SEND
    assert [one.rpartition("/")[2] for one in only["Resource"]] == [
        *(one.name for one in any_plan.domains), "rotator",
    ]  # fmt: skip
    assert all(f":{any_plan.region}:{ACCOUNT}:" in one for one in only["Resource"])
    assert only["Condition"] == {"StringLike": {"ses:FromAddress": [f"*@{one.name}" for one in any_plan.domains]}}


def test_the_role_is_denied_everybody_else_s_keys() -> None:
    """Also if somebody later allows it more: a Deny wins."""
    *_, last = role_policy(plan())["Statement"]
    assert last == {
        "Sid": "NobodyElsesKeys",
        "Effect": "Deny",
        "Action": list(KEY_CHANGES),
        "NotResource": [f"arn:aws:iam::{ACCOUNT}:user/ses/jada-ses-smtp"],
    }


def test_the_seal_s_key_is_used_by_the_role_alone() -> None:
    """The account may administer it, not decrypt with it; the role only seals."""
    policy = access(plan())["Resources"]["SealKey"]["Properties"]["KeyPolicy"]
    administered, used = policy["Statement"]
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"} & set(administered["Action"])
    assert used["Principal"] == {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}
    assert used["Condition"] == {"StringEquals": {"kms:EncryptionContext:purpose": "rotator-journal-seal"}}


def test_a_policy_that_iam_would_not_take_is_refused() -> None:
    """For its length: the last that fits is rendered, one more is not, and the stack would have failed half made."""
    many = [SmtpUser(f"user-{n:03}", "/ses/") for n in range(400)]
    one, two = (_length(role_policy(plan(users=many[:n]))) for n in (1, 2))
    fits = 1 + (10_240 - one) // (two - one)
    assert _length(role_policy(plan(users=many[:fits]))) <= 10_240
    with pytest.raises(ConfigurationError, match=r"the program's role would have 102\d\d characters"):
        role_policy(plan(users=many[: fits + 1]))
    domains = [MailDomain(f"mail{n:02}.example.com") for n in range(40)]
    with pytest.raises(ConfigurationError, match="an SMTP user would have"):
        user_policy(plan(domains=domains))


def _length(policy: Policy) -> int:
    return len(json.dumps(policy, separators=(",", ":")))
