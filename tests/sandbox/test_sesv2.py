"""SES v2 in the sandbox: what a doctor and an export of the suppression list read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from rotator.sandbox.world import World
from tests.sandbox.clients import aws

DOMAIN = "queenofsandiego.com"


@pytest.mark.parametrize(("enforcement", "sends"), [("HEALTHY", True), ("PROBATION", True), ("SHUTDOWN", False)])
def test_the_account_says_how_it_stands(world: World, enforcement: Any, *, sends: bool) -> None:
    """Enforcement, production access and quota are what SMTP goes by, too."""
    world.ses.enforcement, world.ses.production, world.ses.sent = enforcement, False, 7
    account = aws(world, "sesv2").get_account()
    assert (account["EnforcementStatus"], account["SendingEnabled"]) == (enforcement, sends)
    assert account["ProductionAccessEnabled"] is False
    assert account["SendQuota"] == {"Max24HourSend": 50_000, "MaxSendRate": 14, "SentLast24Hours": 7}


def test_identities_are_listed_on_the_new_route_and_the_old(world: World) -> None:
    """Newer botocore asks by POST, older tools by GET; both get the same."""
    by_post = aws(world, "sesv2").list_email_identities()["EmailIdentities"]
    request = AWSRequest("GET", f"{world.aws_url}/v2/email/identities")
    environment = world.environment()
    admin = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(admin, "ses", "us-east-1").add_auth(request)
    with urlopen(Request(request.url, headers=dict(request.headers)), timeout=10) as reply:  # noqa: S310 - loopback
        by_get = reply.read()
    assert [row["IdentityName"] for row in by_post] == [DOMAIN]
    assert f'"IdentityName": "{DOMAIN}"' in by_get.decode()


def test_an_identity_s_flags_agree(world: World) -> None:
    """A pending identity is pending everywhere; a verified one has its tokens and its MAIL FROM."""
    world.ses.add_identity("pending.org", verified=False)
    world.ses.identities[DOMAIN].mail_from = f"bounce.{DOMAIN}"
    ses = aws(world, "sesv2")
    good, pending = ses.get_email_identity(EmailIdentity=DOMAIN), ses.get_email_identity(EmailIdentity="pending.org")
    assert (good["VerifiedForSendingStatus"], good["DkimAttributes"]["Status"]) == (True, "SUCCESS")
    assert len(set(good["DkimAttributes"]["Tokens"])) == 3
    assert good["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"
    assert (pending["VerifiedForSendingStatus"], pending["VerificationStatus"]) == (False, "PENDING")
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.get_email_identity(EmailIdentity="nobody.org")


def test_another_region_is_another_world(world: World) -> None:
    """What is verified in one region is unknown in the next."""
    ses = aws(world, "sesv2")
    assert ses.meta.region_name == "us-east-1"
    import boto3

    environment = world.environment()
    session = boto3.Session(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], None, "eu-west-1")
    assert session.client("sesv2", endpoint_url=world.aws_url).list_email_identities()["EmailIdentities"] == []


def test_the_suppression_list_comes_in_pages(world: World) -> None:
    """Short pages, an opaque token, filters by reason and time; a token from nowhere is refused."""
    for number in range(5):
        world.ses.suppress(f"a+{number}@example.org", "BOUNCE" if number else "COMPLAINT", world.clock.now())
    ses = aws(world, "sesv2")
    rows: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = ses.list_suppressed_destinations(PageSize=2, **token)
        assert len(page["SuppressedDestinationSummaries"]) <= 2
        rows += [row["EmailAddress"] for row in page["SuppressedDestinationSummaries"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(rows) == [f"a+{number}@example.org" for number in range(5)]
    complaints = ses.list_suppressed_destinations(Reasons=["COMPLAINT"])["SuppressedDestinationSummaries"]
    assert [row["EmailAddress"] for row in complaints] == ["a+0@example.org"]
    later = world.clock.now() + timedelta(hours=1)
    assert ses.list_suppressed_destinations(StartDate=later)["SuppressedDestinationSummaries"] == []
    with pytest.raises(ClientError, match="InvalidNextToken"):
        ses.list_suppressed_destinations(NextToken="nonsense")


def test_an_address_is_put_found_and_deleted(world: World) -> None:
    """Put, get and delete agree, whatever the case; twice deleted is NotFound."""
    ses = aws(world, "sesv2")
    ses.put_suppressed_destination(EmailAddress="A+b@Example.org", Reason="BOUNCE")
    found = ses.get_suppressed_destination(EmailAddress="a+b@example.org")["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"]) == ("a+b@example.org", "BOUNCE")
    ses.delete_suppressed_destination(EmailAddress="a+B@example.org")
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.delete_suppressed_destination(EmailAddress="a+b@example.org")


def test_putting_needs_production_access(world: World) -> None:
    """In SES's sandbox the list is read-only."""
    world.ses.production = False
    with pytest.raises(ClientError, match="BadRequestException"):
        aws(world, "sesv2").put_suppressed_destination(EmailAddress="a@b.org", Reason="BOUNCE")


def test_ses_is_throttled_by_name(world: World) -> None:
    """TooManyRequests is a 429 and passes."""
    world.faults.arm("ses_throttled")
    ses = aws(world, "sesv2")
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        ses.get_account()
    assert ses.get_account()["SendingEnabled"]


def test_a_call_that_is_not_modelled_says_so(world: World) -> None:
    """No half answer: what the sandbox cannot do, it refuses."""
    with pytest.raises(ClientError, match="does not answer this"):
        aws(world, "sesv2").create_email_identity(EmailIdentity="new.org")
