"""What the templates allow is enough for the work, and for nothing beside it, as the local AWS judges policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from rotator.core.access_keys import Instant
from rotator.core.errors import AccessError
from rotator.infra.access import access
from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.services.reputation import ReputationRates
from tests.cli.conftest import Run, run, world  # noqa: F401 - fixtures
from tests.infra.plans import plan
from tests.sandbox.clients import aws, logged_in


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[World]:
    """A world whose SMTP user may do nothing yet."""
    scenario = Scenario(path="/ses/", may_send=False, gmail=False)
    with World.start(tmp_path / "silent", calm=True, scenario=scenario) as started:
        yield started


SENDERS = {
    "news@queenofsandiego.com": "250 Ok",
    "news@other.example": "554 Access denied",
}


@pytest.mark.parametrize(("sender", "reply"), SENDERS.items())
def test_a_user_made_by_the_template_sends_from_its_domain_alone(silent: World, sender: str, reply: str) -> None:
    """The inline policy, as CloudFormation would attach it: another domain of the account is refused."""
    silent.ses.add_identity("other.example")
    sending = access(plan())["Resources"]["SendingJadaSesSmtp"]["Properties"]
    aws(silent, "iam").put_user_policy(
        UserName="jada-ses-smtp",
        PolicyName=sending["PolicyName"],
        PolicyDocument=json.dumps(sending["PolicyDocument"]),
    )
    with logged_in(silent) as smtp:
        assert smtp.send(sender, "success@simulator.amazonses.com").startswith(reply)


@pytest.fixture
def as_the_role(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: F811
    """The program acts as somebody with exactly the role's policy."""
    printed = run("infra", "policy", "role", "--domain", "queenofsandiego.com")
    assert printed.code == 0, printed.err
    key = world.add_caller("rotator", json.loads(printed.out))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    return world


def test_the_role_can_rotate_and_read_the_list(as_the_role: World, run: Run) -> None:  # noqa: F811
    """First contact, a rotation up to its grace, an export."""
    secret = as_the_role.keys.now_held(as_the_role.scenario.user)[0].secret
    for arguments, given in (
        (("adopt", "--secret-stdin"), secret),
        (("rotate", "--yes"), ""),
        (("suppression", "export", "--rate", "1000"), ""),
    ):
        done = run(*arguments, stdin=given)
        assert done.code == 0, done.err
    assert len(as_the_role.keys.now_held(as_the_role.scenario.user)) == 2


def test_the_role_reads_the_rates(as_the_role: World, run: Run, tmp_path: Path) -> None:  # noqa: F811
    """What the report asks CloudWatch for, in the configured region and in no other."""
    as_the_role.ses.reputation.count(as_the_role.clock.now().date(), 10)
    document = run("report", "-o", str(tmp_path / "report.html"), "--json").document
    assert [len(one["points"]) for one in document["rates"]] == [1, 1]
    elsewhere = ReputationRates(session=AwsSession(), region="eu-west-1")
    with pytest.raises(AccessError, match="cloudwatch:GetMetricData"):
        elsewhere.read(Instant(0), Instant(1))


def test_the_role_cannot_make_a_key_for_anybody_else(as_the_role: World) -> None:
    """An explicit Deny, so nothing that is allowed later changes it."""
    as_the_role.moto.create_user("boss", "/", as_the_role.clock.now())
    held = as_the_role.keys.now_held("rotator")[0]
    with pytest.raises(ClientError, match="explicit deny"):
        aws(as_the_role, "iam", held).create_access_key(UserName="boss")


def test_the_role_reads_no_list_of_another_region(as_the_role: World, run: Run) -> None:  # noqa: F811
    """The region is the limit that SES offers."""
    assert run("suppression", "export", "--region", "eu-west-1", "--rate", "1000").code == 4
