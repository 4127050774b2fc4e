"""SES's suppression list and account in one region, read through SES v2.

botocore has no paginator for the list (1.44.5), so tokens are ours to carry.  One call a second is what SES allows; the
caller spaces them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from rotator.core.access_keys import Instant
from rotator.core.errors import RemoteFault
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.ports import Deadline
from rotator.core.suppression import Details, Page, StaleToken, Standing, Suppressed
from rotator.services.aws import AwsSession
from rotator.services.aws_calls import AwsCalls

PAGE_SIZE = 1000
STALE = frozenset({"InvalidNextTokenException"})
NOT_THERE = frozenset({"NotFoundException"})


class SesSuppressionList:
    """One region's list.  Raises AccessError, RemoteFault and StaleToken, nothing else."""

    def __init__(self, *, session: AwsSession, region: str, page_size: int = PAGE_SIZE) -> None:
        """Nothing is asked yet."""
        self.region, self._page_size = region, page_size
        self._calls = AwsCalls(session, "sesv2", region)

    def page(self, token: str, *, reasons: Sequence[str] = (), since: Instant | None = None) -> Page:
        """One page; SES may give fewer rows than asked for, also none."""
        wanted: dict[str, Any] = {"PageSize": self._page_size}
        if token:
            wanted["NextToken"] = token
        if reasons:
            wanted["Reasons"] = list(reasons)
        if since is not None:
            wanted["StartDate"] = datetime.fromtimestamp(since, UTC)
        reply = self._calls.read("list_suppressed_destinations", _deadline(), absent=STALE, **wanted)
        if reply is None:
            raise StaleToken("ListSuppressedDestinations: the token of the next page is not valid any more")
        try:
            rows = [_row(one) for one in reply.get("SuppressedDestinationSummaries", [])]
        except (KeyError, AttributeError):
            raise RemoteFault("ListSuppressedDestinations: a row without address, reason or time") from None
        return Page(rows, str(reply.get("NextToken") or ""), _date(reply))

    def find(self, address: str) -> Details | None:
        """What SES knows of one address."""
        reply = self._calls.read("get_suppressed_destination", _deadline(), absent=NOT_THERE, EmailAddress=address)
        if reply is None:
            return None
        try:
            found = reply["SuppressedDestination"]
            more = found.get("Attributes", {})
            return Details(_row(found), str(more.get("MessageId", "")), str(more.get("FeedbackId", "")))
        except (KeyError, AttributeError):
            raise RemoteFault("GetSuppressedDestination: a row without address, reason or time") from None

    def standing(self) -> Standing:
        """GetAccount's EnforcementStatus."""
        reply = self._calls.read("get_account", _deadline()) or {}
        return Standing(str(reply.get("EnforcementStatus", "")), _date(reply))


def _deadline() -> Deadline:
    return Deadline.after(REQUEST_DEADLINE_S)


def _row(found: dict[str, Any]) -> Suppressed:
    address: str = found["EmailAddress"]
    return Suppressed(address.lower(), found["Reason"], Instant(int(found["LastUpdateTime"].timestamp())))


def _date(reply: dict[str, Any]) -> Instant:
    """The Date of the reply: AWS's clock."""
    text = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return Instant(int(parsedate_to_datetime(text).timestamp()))
    except (TypeError, ValueError):
        raise RemoteFault("SES v2: the reply has no date") from None
