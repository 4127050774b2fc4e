"""Who signed a request, and whether they may do what they ask.  As strict as AWS, but for the clock.

Limitation: AWS refuses a signature whose time is off by more than five minutes; the sandbox's clock may be
days ahead of the client's, so it does not look at that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rotator.sandbox.keys import KeyStore
from rotator.sandbox.moto_seam import MotoAws
from rotator.sandbox.policies import Context, Policy, about, evaluate
from rotator.sandbox.wire import AwsError, Call

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/,]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """A known signer and the policies that count for it."""

    arn: str
    id: str  # AIDA..., or the role session's id
    user: str | None
    policies: list[dict[str, Any]]
    role: str = ""  # the ARN of the role, if it is a role's session

    def require(
        self, action: str, resource: str | None, context: Context | None = None, own: Policy | None = None
    ) -> None:
        """Raise AccessDenied in IAM's words unless the policies allow `action` on `resource`.

        `own` is the resource's own policy, which may allow what the caller's are silent about.
        """
        known = self._context | dict(context or {})
        decisions = {evaluate(self.policies, action, resource, known)}
        if own is not None:
            decisions.add(evaluate([about(own, {self.arn, self.role})], action, resource, known))
        if "explicitDeny" in decisions or "allowed" not in decisions:
            raise access_denied(self.arn, action, resource, "explicit" if "explicitDeny" in decisions else "none")

    @property
    def _context(self) -> dict[str, list[str]]:
        """What every request of this caller has."""
        known = {"aws:principalarn": [self.role or self.arn], "aws:principalaccount": [self.arn.split(":")[4]],
                 "aws:securetransport": ["true"]}  # fmt: skip
        return known | ({"aws:username": [self.user]} if self.user else {})


class Callers:
    """Finds the caller of a request by access key and checks the signature."""

    def __init__(self, moto: MotoAws, keys: KeyStore) -> None:
        self._moto, self._keys = moto, keys

    def of(self, call: Call) -> Caller:
        """The caller.  Raises AwsError: missing token, unknown or Inactive key, wrong signature."""
        match = AUTHORIZATION.fullmatch(call.headers.get("authorization", ""))
        if match is None:
            raise AwsError(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        caller, secret = self._known(call, match["id"])
        if _signature(call, match, secret) != match["signature"]:
            raise AwsError(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
            )
        key = self._keys.find(match["id"])
        if key is not None:
            self._keys.use(key, match["service"], call.region)
        return caller

    def _known(self, call: Call, key_id: str) -> tuple[Caller, str]:
        key = self._keys.find(key_id)
        user = self._moto.user(key.user) if key is not None and key.status == "Active" else None
        if key is not None and user is not None:
            return Caller(user.arn, user.id, user.name, self._moto.user_policies(user.name)), key.secret
        session = self._moto.role_session(key_id, call.headers) if key_id.startswith("ASIA") else None
        if session is None:
            raise AwsError(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        id_ = f"AROASANDBOX:{session.arn.rsplit('/', 1)[1]}"
        return Caller(session.arn, id_, None, session.policies, session.role), session.secret


def access_denied(arn: str, action: str, resource: str | None, why: str) -> AwsError:
    """AccessDenied in IAM's words; `why` is "none", "explicit" or "scp"."""
    reason = {
        "none": f"because no identity-based policy allows the {action} action",
        "explicit": "with an explicit deny in an identity-based policy",
        "scp": "with an explicit deny in a service control policy",
    }[why]
    on = f" on resource: {resource}" if resource else ""
    return AwsError(403, "AccessDenied", f"User: {arn} is not authorized to perform: {action}{on} {reason}")


def _signature(call: Call, match: re.Match[str], secret: str) -> str:
    """What the signature must be, by botocore."""
    signed = {name: call.headers.get(name, "") for name in match["headers"].split(";")}
    request = AWSRequest(call.method, f"http://{signed.get('host', '')}{call.url}", signed, call.body)
    request.context["timestamp"] = call.headers.get("x-amz-date", "")
    signer = SigV4Auth(Credentials(match["id"], secret), match["service"], match["region"])
    signature: str = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return signature
