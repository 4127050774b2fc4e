"""What IAM's policy simulation says, action by action and resource by resource.

A simulation judges by the policies of one user or role, its boundary, and the organization's service control policies.
It sees no resource policy and no session policy, and of a service control policy's conditions it names nothing that
it would have needed.  So "allowed" is no promise, and only `own_no` is a refusal.
Wire facts: botocore 1.44.5 `iam` model.  Given resources, what was missing stands beside each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ALLOWED, SILENT, DENIED = "allowed", "implicitDeny", "explicitDeny"
SAYS = {SILENT: "no policy of its own allows it", DENIED: "a policy of its own denies it"}


@dataclass(frozen=True, slots=True)
class Decision:
    """One action on one resource."""

    action: str
    resource: str
    decision: str
    missing: tuple[str, ...]  # what conditions ask about and a simulation does not know
    by_organization: bool  # a service control policy said no, whatever its conditions are
    by_boundary: bool

    @property
    def allowed(self) -> bool:
        """Whether the policies that a simulation sees allow it."""
        return self.decision == ALLOWED

    @property
    def own_no(self) -> bool:
        """Whether it is the principal's own policies that do not allow it, without any guess."""
        return self.decision in SAYS and not self.missing and not self.by_organization

    @property
    def reason(self) -> str:
        """Why it is not allowed, in words."""
        if self.missing:
            return f"that depends on {', '.join(self.missing)}, which a simulation does not know"
        if self.by_organization:
            return "a service control policy does not allow it, if its conditions are met"
        if self.by_boundary:
            return "its permissions boundary does not allow it"
        return SAYS.get(self.decision, f"SimulatePrincipalPolicy: no decision ({self.decision!r})")


def decisions(reply: Mapping[str, Any]) -> Iterator[Decision]:
    """Every decision of one page of SimulatePrincipalPolicy's answer."""
    for result in reply.get("EvaluationResults") or ():
        for one in result.get("ResourceSpecificResults") or (result,):
            yield _decision(result, one)


def _decision(result: Mapping[str, Any], one: Mapping[str, Any]) -> Decision:
    organization = result.get("OrganizationsDecisionDetail") or {}
    boundary = one.get("PermissionsBoundaryDecisionDetail") or {}
    return Decision(
        action=str(result.get("EvalActionName", "")),
        resource=str(one.get("EvalResourceName", "")),
        decision=str(one.get("EvalResourceDecision") or one.get("EvalDecision")),
        missing=tuple(map(str, one.get("MissingContextValues") or result.get("MissingContextValues") or ())),
        by_organization=organization.get("AllowedByOrganizations") is False,
        by_boundary=boundary.get("AllowedByPermissionsBoundary") is False,
    )
