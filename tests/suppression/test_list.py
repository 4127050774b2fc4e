"""The list as the product reads it."""

from __future__ import annotations

from datetime import UTC, timedelta

from rotator.core.access_keys import Instant
from rotator.core.suppression import Suppressed
from rotator.services.aws import AwsSession
from tests.suppression.conftest import REGION, Office


def test_a_row_is_what_ses_says(office: Office) -> None:
    """Address in lower case, reason, and the time in seconds, whatever the time zone of the machine."""
    at = office.world.clock.now() - timedelta(days=3)
    office.world.ses.suppress("Ann@Example.org", "COMPLAINT", at)
    assert office.source().page("").rows == [Suppressed("ann@example.org", "COMPLAINT", Instant(int(at.timestamp())))]


def test_times_in_replies_are_utc(office: Office) -> None:
    """Numbers of REST-JSON and texts of the query protocol alike."""
    office.suppress(1)
    session = AwsSession()
    (row,) = session.client("sesv2", REGION).list_suppressed_destinations()["SuppressedDestinationSummaries"]
    user = session.client("iam", REGION).get_user(UserName=office.world.scenario.user)["User"]
    assert row["LastUpdateTime"].tzinfo is UTC
    assert [one.utcoffset() for one in (row["LastUpdateTime"], user["CreateDate"])] == [timedelta(0)] * 2


def test_an_address_is_found_whatever_its_case(office: Office) -> None:
    """None says that it is not on the account's list."""
    office.world.ses.suppress("ann@example.org", "BOUNCE", office.world.clock.now(), message_id="0107-abc")
    found = office.source().find("ANN@example.org")
    assert found is not None
    assert (found.row.address, found.message_id, found.feedback_id) == (
        "ann@example.org", "0107-abc", "0107-abc-feedback",
    )  # fmt: skip
    assert office.source().find("bob@example.org") is None
