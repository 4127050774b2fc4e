"""IAM policies say here what they say at AWS, or are refused."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.sandbox.policies import evaluate

DOMAIN = "arn:aws:ses:us-east-1:1:identity/a.org"


def _policy(
    effect: str = "Allow", action: Any = "ses:SendRawEmail", resource: Any = "*", **more: Any
) -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, "Action": action, "Resource": resource, **more}]}


FROM_NEWS: dict[str, Any] = {"Condition": {"StringLike": {"ses:FromAddress": "news@*"}}}
ONLY_TO: dict[str, Any] = {"Condition": {"ForAllValues:StringLike": {"ses:Recipients": ["*@a.org"]}}}

CASES: dict[str, tuple[list[dict[str, Any]], dict[str, list[str]], str]] = {
    "no policy": ([], {}, "implicitDeny"),
    "a matching Allow": ([_policy()], {}, "allowed"),
    "a Deny beats it": ([_policy(), _policy("Deny")], {}, "explicitDeny"),
    "a Deny of something else does not": ([_policy(), _policy("Deny", "ses:SendEmail")], {}, "allowed"),
    "actions know no case": ([_policy(action="SES:sendrawemail")], {}, "allowed"),
    "a wildcard in the action": ([_policy(action=["iam:*", "ses:Send*"])], {}, "allowed"),
    "another resource": ([_policy(resource=DOMAIN.replace("a.org", "b.org"))], {}, "implicitDeny"),
    "resources do know case": ([_policy(resource=DOMAIN.upper())], {}, "implicitDeny"),
    "a wildcard in the resource": ([_policy(resource="arn:aws:ses:*:1:identity/?.org")], {}, "allowed"),
    "a dot is a dot": ([_policy(resource=DOMAIN.replace(".", "x"))], {}, "implicitDeny"),
    "everything but others": (
        [{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}],
        {},
        "allowed",
    ),
    "a condition met": ([_policy(**FROM_NEWS)], {"ses:fromaddress": ["news@a.org"]}, "allowed"),
    "a condition not met": ([_policy(**FROM_NEWS)], {"ses:fromaddress": ["admin@a.org"]}, "implicitDeny"),
    "a condition on nothing": ([_policy(**FROM_NEWS)], {}, "implicitDeny"),
    "all values met": ([_policy(**ONLY_TO)], {"ses:recipients": ["x@a.org", "y@a.org"]}, "allowed"),
    "one value not met": ([_policy(**ONLY_TO)], {"ses:recipients": ["x@a.org", "y@b.org"]}, "implicitDeny"),
}


@pytest.mark.parametrize(("policies", "context", "decision"), CASES.values(), ids=CASES.keys())
def test_what_the_policies_decide(policies: list[dict[str, Any]], context: dict[str, list[str]], decision: str) -> None:
    """One Deny decides, else one Allow, else nothing is allowed."""
    assert evaluate(policies, "ses:SendRawEmail", DOMAIN, context) == decision


@pytest.mark.parametrize("more", [{"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, {"Condtion": {}}])
def test_what_is_not_understood_is_refused(more: dict[str, Any]) -> None:
    """A condition that the sandbox does not know is an error, never ignored."""
    with pytest.raises(ValueError, match="the sandbox does not know"):
        evaluate([_policy(**more)], "ses:SendRawEmail", DOMAIN)
