"""SES in one region: account, identities, suppression list; and its version 2 API for reading them.

Limitations: tenants, configuration sets' own reasons, import jobs and validation are not modelled.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from rotator.sandbox.callers import Caller
from rotator.sandbox.faults import Faults, declare
from rotator.sandbox.reputation import Reputation
from rotator.sandbox.suppression import (
    LONGEST_PAGE,
    InvalidToken,
    Reason,
    Suppressed,
    SuppressionList,
    Wanted,
)
from rotator.sandbox.wire import AwsError, Call, Reply, json_reply

SES_THROTTLED = declare("ses_throttled", "any SES v2 call answers TooManyRequestsException 429")
SES_TOKEN_DEAD = declare("ses_token_dead", "every token of the suppression list has died: InvalidNextTokenException")
Enforcement = Literal["HEALTHY", "PROBATION", "SHUTDOWN"]

# (method, path) -> action.  Newer botocore (>= 1.43.105) lists by POST on a path of its own; older by GET.
ROUTES: dict[tuple[str, str], str] = {
    ("GET", r"/v2/email/account"): "GetAccount",
    ("POST", r"/v2/email/outbound-emails"): "SendEmail",
    ("GET", r"/v2/email/identities"): "ListEmailIdentities",
    ("POST", r"/v2/email/list-identities"): "ListEmailIdentities",
    ("GET", r"/v2/email/identities/[^/]+"): "GetEmailIdentity",
    ("GET", r"/v2/email/configuration-sets/[^/]+"): "GetConfigurationSet",
    ("GET", r"/v2/email/suppression/addresses"): "ListSuppressedDestinations",
    ("PUT", r"/v2/email/suppression/addresses"): "PutSuppressedDestination",
    ("GET", r"/v2/email/suppression/addresses/[^/]+"): "GetSuppressedDestination",
    ("DELETE", r"/v2/email/suppression/addresses/[^/]+"): "DeleteSuppressedDestination",
}
OURS = re.compile(
    r"/v2/email/(account|identities|list-identities|configuration-sets/[^/]+$|outbound-emails|suppression)\b"
)
LAST_SEGMENT = 4  # of /v2/email/identities/NAME and /v2/email/configuration-sets/NAME
LAST_SUPPRESSION_SEGMENT = 5
RATE_TOLERANCE = timedelta(milliseconds=50)  # two clocks never agree to the millisecond


@dataclass(slots=True)
class Identity:
    """A domain or an address that SES knows in this region."""

    name: str
    verified: bool = True
    mail_from: str | None = None
    mail_from_status: Literal["PENDING", "SUCCESS", "FAILED", "TEMPORARY_FAILURE"] = "SUCCESS"
    reject_without_mx: bool = False
    tokens: list[str] = field(default_factory=list)
    status: str | None = None  # VerificationStatus where it is neither SUCCESS nor PENDING
    error: str | None = None  # VerificationInfo.ErrorType
    signing: bool = True
    dkim_status: str | None = None  # None: as the identity's
    configuration_set: str | None = None  # the identity's default one


@dataclass(slots=True)
class ConfigurationSet:
    """A configuration set: it can switch sending off, and suppress for other reasons than the account."""

    name: str
    sending: bool = True
    suppressed_reasons: list[str] | None = None  # None: the account's


class SesRegion:
    """What SES holds for one account in one region.  Tests change its fields; requests read them."""

    def __init__(self, account: str, region: str, rng: random.Random) -> None:
        self.account, self.region = account, region
        self.enforcement: Enforcement = "HEALTHY"
        self.production = True
        self.sending_enabled = True
        self.quota_per_day, self.rate, self.sent = 50_000.0, 14.0, 0
        self.identities: dict[str, Identity] = {}
        self.suppression, self.reputation = SuppressionList(rng), Reputation()
        self.lock = self.suppression.lock
        self.calls_per_second = 0.0  # 0: as many as come; AWS allows 1
        self._next_at: datetime | None = None
        self.suppressed_reasons = ["BOUNCE", "COMPLAINT"]
        self.configuration_sets: dict[str, ConfigurationSet] = {}
        self._rng = rng

    def admits(self, now: datetime) -> bool:
        """Whether a call at `now` is within the rate; one that is not costs nothing."""
        if not self.calls_per_second:
            return True
        if self._next_at is not None and now < self._next_at - RATE_TOLERANCE:
            return False
        self._next_at = max(now, self._next_at or now) + timedelta(seconds=1 / self.calls_per_second)
        return True

    def add_identity(self, name: str, *, verified: bool = True, mail_from: str | None = None) -> Identity:
        """Add a domain or an address, verified or pending."""
        tokens = ["".join(self._rng.choices("abcdefghijklmnopqrstuvwxyz234567", k=32)) for _ in range(3)]
        self.identities[name.lower()] = Identity(name.lower(), verified, mail_from, tokens=tokens)
        return self.identities[name.lower()]

    def suppress(self, address: str, reason: Reason, at: datetime, message_id: str | None = None) -> None:
        """Put an address on the suppression list."""
        self.suppression.put(address, reason, at, message_id)

    def identity_for(self, address: str) -> Identity | None:
        """The identity that `address` sends under: the address itself, its domain, or a parent domain."""
        address = address.lower()
        labels = address.rpartition("@")[2].split(".")
        candidates = [address, *(".".join(labels[n:]) for n in range(len(labels) - 1))]
        known = [self.identities[name] for name in candidates if name in self.identities]
        return next((identity for identity in known if identity.verified), known[0] if known else None)

    def arn(self, identity: str) -> str:
        """The ARN of an identity, existing or not."""
        return f"arn:aws:ses:{self.region}:{self.account}:identity/{identity}"


def sesv2_action(method: str, url: str) -> str:
    """The SES v2 action behind a method and path, or nothing if it is not one of ours."""
    path = url.partition("?")[0].rstrip("/")
    return next((name for (verb, route), name in ROUTES.items() if verb == method and re.fullmatch(route, path)), "")


class SesV2:
    """Answers the read half of SES v2, the suppression list, and SendEmail by way of `send`."""

    def __init__(
        self,
        region_of: Callable[[str], SesRegion],
        now: Callable[[], datetime],
        faults: Faults,
        send: Callable[[Call, Caller], Reply],
    ) -> None:
        self._region_of, self._now, self._faults, self._send = region_of, now, faults, send
        self._actions: dict[str, Callable[[Call, SesRegion], Reply]] = {
            "GetAccount": self._account,
            "ListEmailIdentities": self._list_identities,
            "GetEmailIdentity": self._get_identity,
            "GetConfigurationSet": self._get_configuration_set,
            "ListSuppressedDestinations": self._list_suppressed,
            "GetSuppressedDestination": self._get_suppressed,
            "PutSuppressedDestination": self._put_suppressed,
            "DeleteSuppressedDestination": self._delete_suppressed,
        }

    def answer(self, call: Call, caller: Caller) -> Reply | None:
        """The answer, or None if moto shall give it.  Raises AwsError."""
        if call.action == "SendEmail":
            return self._sent(call, caller)
        action = self._actions.get(call.action)
        if action is None:
            if OURS.match(call.url):
                raise AwsError(400, "UnknownOperationException", "the sandbox does not answer this SES v2 call")
            return None
        region = self._region_of(call.region)
        about_identity = call.action == "GetEmailIdentity"
        asked = {"aws:requestedregion": [call.region]}
        caller.require(f"ses:{call.action}", region.arn(call.segment(LAST_SEGMENT)) if about_identity else "*", asked)
        with region.lock:
            if self._faults.take(SES_THROTTLED) or not region.admits(self._now()):
                raise AwsError(429, "TooManyRequestsException", "Rate exceeded")
            return action(call, region)

    def _sent(self, call: Call, caller: Caller) -> Reply:
        if self._faults.take(SES_THROTTLED):
            raise AwsError(429, "TooManyRequestsException", "Rate exceeded")
        return self._send(call, caller)

    def _account(self, call: Call, ses: SesRegion) -> Reply:
        quota = {"Max24HourSend": ses.quota_per_day, "MaxSendRate": ses.rate, "SentLast24Hours": float(ses.sent)}
        return json_reply(
            {
                "DedicatedIpAutoWarmupEnabled": False,
                "EnforcementStatus": ses.enforcement,
                "ProductionAccessEnabled": ses.production,
                "SendingEnabled": ses.sending_enabled and ses.enforcement != "SHUTDOWN",
                "SendQuota": quota,
                "SuppressionAttributes": {"SuppressedReasons": ses.suppressed_reasons},
            }
        )

    def _list_identities(self, call: Call, ses: SesRegion) -> Reply:
        rows = [
            {"IdentityType": _kind(one), "IdentityName": one.name, "SendingEnabled": one.verified,
             "VerificationStatus": "SUCCESS" if one.verified else "PENDING"}
            for one in ses.identities.values()
        ]  # fmt: skip
        return json_reply({"EmailIdentities": rows})

    def _get_identity(self, call: Call, ses: SesRegion) -> Reply:
        name = call.segment(LAST_SEGMENT).lower()
        identity = ses.identities.get(name)
        if identity is None:
            raise AwsError(404, "NotFoundException", f"Email identity {name} does not exist.")
        status = identity.status or ("SUCCESS" if identity.verified else "PENDING")
        mail_from = {"BehaviorOnMxFailure": "REJECT_MESSAGE" if identity.reject_without_mx else "USE_DEFAULT_VALUE"}
        if identity.mail_from:
            mail_from |= {"MailFromDomain": identity.mail_from, "MailFromDomainStatus": identity.mail_from_status}
        dkim = {
            "SigningEnabled": identity.signing,
            "Status": identity.dkim_status or status,
            "Tokens": identity.tokens,
            "SigningAttributesOrigin": "AWS_SES",
            "SigningHostedZone": f"dkim.{ses.region}.amazonses.com",
        }
        return json_reply(
            {
                **({"VerificationInfo": {"ErrorType": identity.error}} if identity.error else {}),
                **({"ConfigurationSetName": identity.configuration_set} if identity.configuration_set else {}),
                "IdentityType": _kind(identity),
                "FeedbackForwardingStatus": True,
                "VerifiedForSendingStatus": identity.verified,
                "VerificationStatus": status,
                "DkimAttributes": dkim,
                "MailFromAttributes": mail_from,
                "Policies": {},
                "Tags": [],
            }
        )

    def _get_configuration_set(self, call: Call, ses: SesRegion) -> Reply:
        name = call.segment(LAST_SEGMENT)
        found = ses.configuration_sets.get(name)
        if found is None:
            raise AwsError(404, "NotFoundException", f"Configuration set <{name}> does not exist.")
        own = {} if found.suppressed_reasons is None else {"SuppressedReasons": found.suppressed_reasons}
        return json_reply(
            {
                "ConfigurationSetName": found.name,
                "SendingOptions": {"SendingEnabled": found.sending},
                "SuppressionOptions": own,
            }
        )

    def _list_suppressed(self, call: Call, ses: SesRegion) -> Reply:
        token, size = call.get("NextToken"), call.get("PageSize", str(LONGEST_PAGE))
        if not size.isdecimal() or int(size) < 1:
            raise AwsError(400, "BadRequestException", "PageSize must be a positive number.")
        wanted = Wanted(tuple(call.params.get("Reason", ())), _time(call, "StartDate"), _time(call, "EndDate"))
        if token and self._faults.take(SES_TOKEN_DEAD):
            ses.suppression.kill_tokens()
        try:
            rows, following = ses.suppression.page(wanted, token, int(size))
        except InvalidToken:
            text = "The specified request includes an invalid or expired token."
            raise AwsError(400, "InvalidNextTokenException", text) from None
        page: dict[str, Any] = {"SuppressedDestinationSummaries": [_summary(row) for row in rows]}
        return json_reply(page | ({"NextToken": following} if following else {}))

    def _get_suppressed(self, call: Call, ses: SesRegion) -> Reply:
        row = self._row(call, ses)
        attributes = {"MessageId": row.message_id, "FeedbackId": f"{row.message_id}-feedback"} if row.message_id else {}
        return json_reply({"SuppressedDestination": {**_summary(row), "Attributes": attributes}})

    def _put_suppressed(self, call: Call, ses: SesRegion) -> Reply:
        wanted = json.loads(call.body or b"{}")
        if not ses.production:
            raise AwsError(400, "BadRequestException", "Your account is in the sandbox; production access is needed.")
        if wanted.get("Reason") not in ("BOUNCE", "COMPLAINT") or "@" not in wanted.get("EmailAddress", ""):
            raise AwsError(400, "BadRequestException", "Invalid reason or email address.")
        ses.suppress(wanted["EmailAddress"], wanted["Reason"], self._now())
        return json_reply({})

    def _delete_suppressed(self, call: Call, ses: SesRegion) -> Reply:
        ses.suppression.remove(self._row(call, ses).address)
        return json_reply({})

    def _row(self, call: Call, ses: SesRegion) -> Suppressed:
        address = call.segment(LAST_SUPPRESSION_SEGMENT).lower()
        row = ses.suppression.find(address)
        if row is None:
            raise AwsError(
                404, "NotFoundException", f"Email address {address} does not exist on your suppression list."
            )
        return row


def _kind(identity: Identity) -> str:
    return "EMAIL_ADDRESS" if "@" in identity.name else "DOMAIN"


def _summary(row: Suppressed) -> dict[str, Any]:
    return {"EmailAddress": row.address, "Reason": row.reason, "LastUpdateTime": row.updated.timestamp()}


def _time(call: Call, name: str) -> datetime | None:
    given = call.get(name)
    return datetime.fromisoformat(given) if given else None
