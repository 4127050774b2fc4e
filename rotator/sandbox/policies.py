"""IAM policies evaluated with resource ARNs and conditions, as far as SES senders and key rotators need it.

An operator or element that this file does not know is refused (ValueError), never ignored: an ignored
condition would let something through that AWS stops.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]  # SimulatePrincipalPolicy's own words
Policy = Mapping[str, Any]
Context = Mapping[str, list[str]]  # condition keys in lower case
ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal"}
VARIABLE = re.compile(r"\$\{([\w:/.-]+)\}")


def evaluate(policies: Iterable[Policy], action: str, resource: str | None, context: Context | None = None) -> Decision:
    """What the policies say about `action` on `resource`: one Deny decides, else one Allow, else implicitDeny.

    `resource` None stands for a call whose resource the sandbox does not model: every Resource matches it.
    """
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in as_list(policy.get("Statement", []))
        if _applies(statement, action, resource, context or {})
    }
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if "Allow" in effects else "implicitDeny"


def missing_keys(policies: Iterable[Policy], action: str, resource: str, context: Context) -> list[str]:
    """What conditions and variables of statements about this action ask for and `context` does not have, as written."""
    asked: dict[str, str] = {}
    for policy in policies:
        for statement in as_list(policy.get("Statement", [])):
            if not _selected(statement, "Action", action, ignore_case=True):
                continue
            variables = [name for text in _resources(statement) for name in VARIABLE.findall(text)]
            if variables or _selected(statement, "Resource", resource):
                keys = [key for keys in statement.get("Condition", {}).values() for key in keys]
                asked |= {name.lower(): name for name in (*variables, *keys)}
    return [name for key, name in asked.items() if key not in context]


def about(policy: Policy, arns: Iterable[str]) -> Policy:
    """Of a resource's own policy, the statements that name one of these ARNs, or everybody.

    An account as principal grants nothing by itself: it leaves the decision to IAM.
    """
    wanted = {"*", *arns}
    statements = [one for one in as_list(policy.get("Statement", [])) if wanted & set(_principals(one))]
    return {**policy, "Statement": statements}


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", [])
    return as_list(principal.get("AWS", []) if isinstance(principal, dict) else principal)


def as_list(value: Any) -> list[Any]:
    """IAM's JSON allows one value wherever a list may stand."""
    return value if isinstance(value, list) else [value]


def _applies(statement: Mapping[str, Any], action: str, resource: str | None, context: Context) -> bool:
    if unknown := set(statement) - ELEMENTS:
        raise ValueError(f"the sandbox does not know the policy elements {sorted(unknown)}")
    return (
        _selected(statement, "Action", action, ignore_case=True)
        and (resource is None or _selected(_filled(statement, context), "Resource", resource))
        and all(_condition(operator, keys, context) for operator, keys in statement.get("Condition", {}).items())
    )


def _resources(statement: Mapping[str, Any]) -> list[str]:
    return [*as_list(statement.get("Resource", [])), *as_list(statement.get("NotResource", []))]


def _filled(statement: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
    """The statement with its policy variables filled in; a resource with one that has no value matches nothing."""
    if "Resource" not in statement or not any(VARIABLE.search(text) for text in _resources(statement)):
        return statement
    known = [
        VARIABLE.sub(lambda name: context[name[1].lower()][0], text)
        for text in as_list(statement["Resource"])
        if all(name.lower() in context for name in VARIABLE.findall(text))
    ]
    return {**statement, "Resource": known}


def _selected(statement: Mapping[str, Any], element: str, value: str, *, ignore_case: bool = False) -> bool:
    if element in statement:
        return any(_like(pattern, value, ignore_case=ignore_case) for pattern in as_list(statement[element]))
    excluded = as_list(statement.get(f"Not{element}", "*"))
    return not any(_like(pattern, value, ignore_case=ignore_case) for pattern in excluded)


def _condition(operator: str, keys: Mapping[str, Any], context: Context) -> bool:
    if operator in NEGATED:  # a key that the request does not have differs from every value
        return not any(_condition(NEGATED[operator], {key: wanted}, context) for key, wanted in keys.items())
    matches = OPERATORS.get(operator.removeprefix("ForAllValues:"))
    if matches is None:
        raise ValueError(f"the sandbox does not know the condition operator {operator}")
    quantifier = all if operator.startswith("ForAllValues:") else any  # over the values that the request has
    return all(
        quantifier(
            any(matches(pattern, value) for pattern in as_list(wanted)) for value in context.get(key.lower(), [])
        )
        for key, wanted in keys.items()
    )


def _like(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """IAM's wildcards: `*` any run of characters, `?` any one."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL) is not None


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, got: wanted == got,
    "StringEqualsIgnoreCase": lambda wanted, got: wanted.lower() == got.lower(),
    "StringLike": _like,
}
NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike"}
