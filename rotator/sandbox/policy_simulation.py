"""IAM's SimulatePrincipalPolicy for users and roles, as little helpful as the real one.

It judges by the entity's own policies and by what the request says of the context: what a condition asks about and
nobody gave is named, beside the resource where resources were given.  Resource and session policies are not its
business.  One result an action, and in it one for each resource.

Limitation: no permissions boundary and no service control policy; moto keeps neither.
"""

from __future__ import annotations

import re
from typing import Any

from rotator.sandbox.callers import Caller
from rotator.sandbox.moto_seam import MotoAws
from rotator.sandbox.policies import Context, Decision, evaluate, missing_keys
from rotator.sandbox.wire import AwsError, Call, Reply, element, xml_reply

ENTITY = re.compile(r"arn:aws:iam::(\d{12}):(user|role)/(?:[\x21-\x7e]+/)?([\w+=,.@-]+)")
ACTION = "iam:SimulatePrincipalPolicy"
Policies = list[dict[str, Any]]


def simulate(call: Call, caller: Caller, moto: MotoAws) -> Reply:
    """The answer.  Raises AwsError: no such entity, not allowed to ask about it, no actions."""
    policies = _policies_of(call.get("PolicySourceArn"), caller, moto)
    actions, resources = call.members("ActionNames"), call.members("ResourceArns")
    if not actions:
        raise _invalid("actionNames")
    if "*" in resources and len(resources) > 1:
        raise AwsError(400, "InvalidInput", "You cannot include both * and a resource ARN in ResourceArns.")
    given = [] if resources == ["*"] else resources
    members = "".join(_result(policies, action, given, _context(call)) for action in actions)
    return xml_reply(call, f"<EvaluationResults>{members}</EvaluationResults>{element('IsTruncated', False)}")


def _policies_of(arn: str, caller: Caller, moto: MotoAws) -> Policies:
    if not arn:
        raise _invalid("policySourceArn")
    match = ENTITY.fullmatch(arn)
    if match is None:
        text = f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        raise AwsError(400, "InvalidInput", text)
    user = moto.user(match[3]) if match[2] == "user" else None
    tags = {f"resourcetag/{name.lower()}": [value] for name, value in user.tags.items()} if user else {}
    caller.require(ACTION, arn, {f"{prefix}:{name}": v for prefix in ("iam", "aws") for name, v in tags.items()})
    if user is not None and user.arn == arn:
        return moto.user_policies(user.name)
    role = moto.role(match[3]) if match[2] == "role" else None
    if role is None or role.arn != arn:
        raise AwsError(404, "NoSuchEntity", f"The entity {arn} cannot be found.")
    return role.policies


def _result(policies: Policies, action: str, resources: list[str], context: Context) -> str:
    """One action: over all resources the worst decision, and beneath it each by itself."""
    decided = {one: evaluate(policies, action, one, context) for one in resources or ["*"]}
    worst = min(decided.values(), key=_badness)
    name = resources[0] if len(resources) == 1 else "*"
    head = element("EvalActionName", action) + element("EvalResourceName", name) + element("EvalDecision", worst)
    if not resources:
        return f"<member>{head}<MatchedStatements/>{_missing(policies, action, '*', context)}</member>"
    each = "".join(
        f"<member>{element('EvalResourceName', one)}{element('EvalResourceDecision', decision)}"
        f"<MatchedStatements/>{_missing(policies, action, one, context)}</member>"
        for one, decision in decided.items()
    )
    specific = f"<ResourceSpecificResults>{each}</ResourceSpecificResults>"
    return f"<member>{head}<MatchedStatements/><MissingContextValues/>{specific}</member>"


def _badness(decision: Decision) -> int:
    return ("explicitDeny", "implicitDeny", "allowed").index(decision)


def _missing(policies: Policies, action: str, resource: str, context: Context) -> str:
    names = "".join(element("member", name) for name in missing_keys(policies, action, resource, context))
    return f"<MissingContextValues>{names}</MissingContextValues>"


def _context(call: Call) -> Context:
    """`ContextEntries.member.N.ContextKeyName` and its values."""
    named = {
        k: v[0] for k, v in call.params.items() if k.startswith("ContextEntries.") and k.endswith("ContextKeyName")
    }
    return {
        name.lower(): call.members(f"{key.removesuffix('.ContextKeyName')}.ContextKeyValues")
        for key, name in named.items()
    }


def _invalid(name: str) -> AwsError:
    text = f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
    return AwsError(400, "ValidationError", text)
