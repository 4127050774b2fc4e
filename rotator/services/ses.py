"""SES's API for reading: one client a region, one request a second, as the service allows.

"All actions except Send* are throttled at one request per second"
(https://docs.aws.amazon.com/ses/latest/dg/quotas.html).  Shapes: botocore 1.44.5, `sesv2` 2019-09-27.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rotator.core.errors import RemoteFault
from rotator.core.looks import SesAccount, SesConfigurationSet, SesIdentity, SuppressedAddress
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Deadline
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls

INTERVAL_S = 1.0
ABSENT = frozenset({"NotFoundException"})


class SesApi:
    """Implements `rotator.core.looks.Ses`.  All methods raise AccessError and RemoteFault, nothing else."""

    def __init__(
        self,
        *,
        session: AwsSession,
        interval_s: float = INTERVAL_S,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`interval_s` seconds lie between two requests to one region."""
        self._session, self._interval_s = session, interval_s
        self._sleep, self._monotonic = sleep, monotonic
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}  # region -> when the next request may go out

    def account(self, region: str) -> SesAccount:
        """GetAccount."""
        found = self._ask(region, "get_account") or {}
        quota = found.get("SendQuota", {})
        return SesAccount(
            enforcement=_text(found, "EnforcementStatus"),
            production=bool(found.get("ProductionAccessEnabled")),
            sending=bool(found.get("SendingEnabled")),
            quota=float(quota.get("Max24HourSend", -1)),
            sent=float(quota.get("SentLast24Hours", 0)),
            rate=float(quota.get("MaxSendRate", 0)),
            suppressed_reasons=_texts(found.get("SuppressionAttributes", {}), "SuppressedReasons"),
        )

    def identity(self, region: str, name: str) -> SesIdentity | None:
        """GetEmailIdentity; None where SES says NotFound."""
        found = self._ask(region, "get_email_identity", EmailIdentity=name)
        if found is None:
            return None
        dkim, mail_from = found.get("DkimAttributes", {}), found.get("MailFromAttributes", {})
        return SesIdentity(
            name=name,
            verified=bool(found.get("VerifiedForSendingStatus")),
            status=_text(found, "VerificationStatus"),
            error=_text(found.get("VerificationInfo", {}), "ErrorType"),
            signing=bool(dkim.get("SigningEnabled")),
            dkim_status=_text(dkim, "Status"),
            tokens=_texts(dkim, "Tokens"),
            hosted_zone=_text(dkim, "SigningHostedZone"),
            dkim_origin=_text(dkim, "SigningAttributesOrigin"),
            mail_from=_text(mail_from, "MailFromDomain").lower(),
            mail_from_status=_text(mail_from, "MailFromDomainStatus"),
            on_mx_failure=_text(mail_from, "BehaviorOnMxFailure"),
            configuration_set=_text(found, "ConfigurationSetName"),
        )

    def configuration_set(self, region: str, name: str) -> SesConfigurationSet | None:
        """GetConfigurationSet; None where SES says NotFound."""
        found = self._ask(region, "get_configuration_set", ConfigurationSetName=name)
        if found is None:
            return None
        sending = found.get("SendingOptions", {}).get("SendingEnabled", True)
        own = found.get("SuppressionOptions", {})
        reasons = _texts(own, "SuppressedReasons") if "SuppressedReasons" in own else None
        return SesConfigurationSet(name, bool(sending), reasons)

    def suppressed(self, region: str, address: str) -> SuppressedAddress | None:
        """GetSuppressedDestination; None where SES says NotFound."""
        found = self._ask(region, "get_suppressed_destination", EmailAddress=address)
        if found is None:
            return None
        row = found.get("SuppressedDestination", {})
        since = row.get("LastUpdateTime")
        if not isinstance(since, datetime):
            raise RemoteFault("GetSuppressedDestination: the entry has no date")
        return SuppressedAddress(_text(row, "Reason"), int(since.timestamp()))

    def _ask(self, region: str, operation: str, **arguments: Any) -> dict[str, Any] | None:
        self._take_turn(region)
        calls = AwsCalls(self._session, "sesv2", region)
        return calls.read(operation, Deadline.after(REQUEST_DEADLINE_S), absent=ABSENT, **arguments)

    def _take_turn(self, region: str) -> None:
        """Wait until this region's next request may go out."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next.get(region, now))
            self._next[region] = turn + self._interval_s
        if turn > now:
            self._sleep(turn - now)


def _text(part: Mapping[str, Any], name: str) -> str:
    return str(part.get(name) or "")


def _texts(part: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(str(one) for one in part.get(name) or ())
