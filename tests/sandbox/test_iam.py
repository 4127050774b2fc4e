"""IAM in the sandbox refuses what the real one refuses, in its words."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.world import World
from tests.sandbox.clients import USER, aws, first_key
from tests.sandbox.conftest import MakeWorld

ROTATOR_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["iam:ListAccessKeys", "iam:UpdateAccessKey", "iam:GetAccessKeyLastUsed"],
            "Resource": "arn:aws:iam::123456789012:user/jada-*",
        }
    ],
}
UNKNOWN_KEY = "AKIAAAAAAAAAAAAAAAAA"

Calls = Callable[[Any, str], Any]  # given a client and the id of the user's key

REFUSALS: dict[str, tuple[Calls, int, str, str]] = {
    "a user that is not there": (
        lambda iam, _: iam.list_access_keys(UserName="nobody"),
        404, "NoSuchEntity", "The user with name nobody cannot be found.",
    ),
    "a key for a user that is not there": (
        lambda iam, _: iam.create_access_key(UserName="nobody"),
        404, "NoSuchEntity", "The user with name nobody cannot be found.",
    ),
    "a status that does not exist": (
        lambda iam, key: iam.update_access_key(UserName=USER, AccessKeyId=key, Status="Foo"),
        400, "ValidationError", "Member must satisfy enum value set",
    ),
    "deleted by changing its status": (
        lambda iam, key: iam.update_access_key(UserName=USER, AccessKeyId=key, Status="Deleted"),
        400, "ValidationError", "Member must satisfy enum value set",
    ),
    "a key of somebody else": (
        lambda iam, key: iam.update_access_key(UserName="sandbox-admin", AccessKeyId=key, Status="Inactive"),
        404, "NoSuchEntity", "cannot be found",
    ),
    "deleting a key that is not there": (
        lambda iam, _: iam.delete_access_key(UserName=USER, AccessKeyId=UNKNOWN_KEY),
        404, "NoSuchEntity", f"The Access Key with id {UNKNOWN_KEY} cannot be found.",
    ),
    "last use of a key that is not there": (
        lambda iam, _: iam.get_access_key_last_used(AccessKeyId=UNKNOWN_KEY),
        404, "NoSuchEntity", "cannot be found",
    ),
    "deleting a user with keys": (
        lambda iam, _: iam.delete_user(UserName=USER),
        409, "DeleteConflict", "must delete access keys first",
    ),
    "simulating for something that is no user": (
        lambda iam, _: iam.simulate_principal_policy(PolicySourceArn="arn:aws:iam::aws:thing", ActionNames=["a:B"]),
        400, "InvalidInput", "arn:aws:iam::aws:thing",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "status", "code", "text"), REFUSALS.values(), ids=REFUSALS.keys())
def test_iam_refuses(world: World, call: Calls, status: int, code: str, text: str) -> None:
    """What IAM refuses is refused with its status, its code and its sentence."""
    with pytest.raises(ClientError, match=re.escape(text)) as refused:
        call(aws(world, "iam"), first_key(world).id)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_a_user_has_two_keys_at_most(make_world: MakeWorld, status: Any) -> None:
    """The third key is refused, whether or not the others are in use."""
    world = make_world(Scenario(gmail=False, keys=(InitialKey(status=status), InitialKey(age_days=9))), calm=True)
    with pytest.raises(ClientError, match="Cannot exceed quota for AccessKeysPerUser: 2") as refused:
        aws(world, "iam").create_access_key(UserName=USER)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert len(world.keys.now_held(USER)) == 2


def test_a_key_lives_from_create_to_delete(world: World) -> None:
    """A new key is Active, can be switched off and deleted, and is then unknown to every call."""
    iam = aws(world, "iam")
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    assert (made["UserName"], made["Status"], len(made["SecretAccessKey"])) == (USER, "Active", 40)
    assert abs(made["CreateDate"] - world.clock.now()) < timedelta(seconds=5)
    iam.update_access_key(UserName=USER, AccessKeyId=made["AccessKeyId"], Status="Inactive")
    listed = {row["AccessKeyId"]: row["Status"] for row in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]}
    assert listed == {first_key(world).id: "Active", made["AccessKeyId"]: "Inactive"}
    iam.delete_access_key(UserName=USER, AccessKeyId=made["AccessKeyId"])
    with pytest.raises(ClientError, match="cannot be found"):
        iam.delete_access_key(UserName=USER, AccessKeyId=made["AccessKeyId"])
    with pytest.raises(ClientError, match="cannot be found"):
        iam.get_access_key_last_used(AccessKeyId=made["AccessKeyId"])


def test_secrets_often_hold_the_difficult_characters(world: World) -> None:
    """Plus and slash are in nearly every secret, so that a wrong encoder cannot pass by luck."""
    secrets = []
    for _ in range(20):
        key = world.keys.create("somebody")
        world.keys.set_status("somebody", key.id, "Deleted")
        secrets.append(key.secret)
    assert all(set(secret) <= set(string.ascii_letters + string.digits + "+/") for secret in secrets)
    assert sum("+" in secret and "/" in secret for secret in secrets) > 10


def test_a_list_comes_in_pages(make_world: MakeWorld) -> None:
    """With MaxItems the list is cut, and Marker goes on where it was cut."""
    world = make_world(Scenario(gmail=False, keys=(InitialKey(), InitialKey(age_days=9))), calm=True)
    iam = aws(world, "iam")
    page = iam.list_access_keys(UserName=USER, MaxItems=1)
    rest = iam.list_access_keys(UserName=USER, MaxItems=1, Marker=page["Marker"])
    assert (page["IsTruncated"], rest["IsTruncated"]) == (True, False)
    ids = [row["AccessKeyId"] for row in page["AccessKeyMetadata"] + rest["AccessKeyMetadata"]]
    assert ids == [key.id for key in world.keys.now_held(USER)]


def test_without_a_user_name_a_call_is_about_the_caller(world: World) -> None:
    """A forgotten UserName makes a key for whoever calls: the trap is here too."""
    assert aws(world, "iam").create_access_key()["AccessKey"]["UserName"] == "sandbox-admin"


def test_a_user_made_anew_has_another_id(world: World) -> None:
    """Same name, other person: only the UserId tells, and it tells."""
    iam = aws(world, "iam")
    before = iam.get_user(UserName=USER)["User"]["UserId"]
    world.replace_user()
    after = iam.get_user(UserName=USER)["User"]["UserId"]
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", after)
    assert after != before
    assert iam.list_access_keys(UserName=USER)["AccessKeyMetadata"] == []


def test_a_limited_caller_gets_what_its_policy_allows(world: World) -> None:
    """A rotator with too small a policy hears AccessDenied with the action and the resource in it."""
    limited = aws(world, "iam", world.add_caller("limited", ROTATOR_POLICY))
    assert len(limited.list_access_keys(UserName=USER)["AccessKeyMetadata"]) == 1
    with pytest.raises(
        ClientError, match=f"not authorized to perform: iam:CreateAccessKey on resource: .*user/{USER}"
    ) as no:
        limited.create_access_key(UserName=USER)
    assert no.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    with pytest.raises(ClientError, match="AccessDenied"):
        limited.list_access_keys(UserName="sandbox-admin")


def test_only_known_active_keys_with_right_signatures_may_call(world: World) -> None:
    """A wrong id, a wrong secret, and a key that was switched off are three different refusals, all 403."""
    key = first_key(world)
    arn = aws(world, "sts", key).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::123456789012:user/{USER}"
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        aws(world, "sts", key, "a" * 40).get_caller_identity()
    world.keys.set_status(USER, key.id, "Inactive")
    with pytest.raises(
        ClientError, match=r"InvalidClientTokenId.*The security token included in the request is invalid"
    ):
        aws(world, "sts", key).get_caller_identity()


def test_the_date_header_is_the_worlds_clock(world: World) -> None:
    """Who takes AWS's time from its replies lives in the sandbox's time."""
    world.clock.advance(timedelta(days=30))
    before = world.clock.http_date()
    headers = aws(world, "iam").get_user(UserName=USER)["ResponseMetadata"]["HTTPHeaders"]
    told, *bounds = (parsedate_to_datetime(one) for one in (headers["date"], before, world.clock.http_date()))
    assert bounds[0] <= told <= bounds[1]


def test_a_role_can_be_assumed(world: World) -> None:
    """Temporary credentials of a role work, with the role's policy and no other."""
    iam, sts = aws(world, "iam"), aws(world, "sts")
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}]}'
    )
    role = iam.create_role(RoleName="rotator", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    may = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListAccessKeys","Resource":"*"}]}'
    iam.put_role_policy(RoleName="rotator", PolicyName="p", PolicyDocument=may)
    given = sts.assume_role(RoleArn=role, RoleSessionName="run-1")["Credentials"]
    import boto3

    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "us-east-1")
    assumed = session.client("iam", endpoint_url=world.aws_url)
    assert len(assumed.list_access_keys(UserName=USER)["AccessKeyMetadata"]) == 1
    with pytest.raises(ClientError, match="assumed-role/rotator/run-1 is not authorized"):
        assumed.create_access_key(UserName=USER)


def test_other_services_are_motos(world: World) -> None:
    """What the sandbox does not write itself still answers, in a world of its own."""
    manager = aws(world, "secretsmanager")
    manager.create_secret(Name="prod/ses-smtp", SecretString="x")
    assert manager.get_secret_value(SecretId="prod/ses-smtp")["SecretString"] == "x"
