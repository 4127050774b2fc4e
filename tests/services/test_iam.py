"""The access keys of one user, against the sandbox's IAM: what is read, written once, and how it fails."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import boto3
import pytest

from rotator.core.access_keys import KeyId, Status
from rotator.core.errors import AccessError, KeyNotFound, RemoteFault
from rotator.core.ports import Acknowledged, Created, Refused, Unknown
from rotator.sandbox.world import World
from rotator.services.aws import AssumeRole, AwsSession
from rotator.services.iam import IamAccessKeys

NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
NOBODYS = KeyId("AKIA" + "Z" * 16)


def created(access_keys: IamAccessKeys) -> Created:
    """A new key, which must be there."""
    answer = access_keys.create()
    assert isinstance(answer, Created), answer
    return answer


def calls(world: World, name: str) -> int:
    """How often the world saw a call."""
    return sum(entry.name == name for entry in world.record.entries())


def test_identity_names_account_user_and_user_id(world: World, access_keys: IamAccessKeys) -> None:
    """A user deleted and made anew has the same name and another id."""
    before = access_keys.identity()
    assert (before.account, before.user) == (world.scenario.account, world.scenario.user)
    world.replace_user()
    assert access_keys.identity().user_id != before.user_id


def test_the_list_carries_aws_time(world: World, access_keys: IamAccessKeys) -> None:
    """Now is AWS's Date header, so a clock moved there moves here."""
    first = access_keys.keys()
    world.clock.advance(timedelta(hours=72))
    second = access_keys.keys()
    assert [key.id for key in first.keys] == [key.id for key in world.keys.now_held(world.scenario.user)]
    assert abs(second.now - world.clock.now().timestamp()) <= 2
    assert second.now - first.now >= 72 * 3600


def test_a_new_key_comes_with_a_wrapped_secret(world: World, access_keys: IamAccessKeys) -> None:
    """The secret is the one IAM made, and no way of showing the reply shows it."""
    new = created(access_keys)
    stored = next(key for key in world.keys.now_held(world.scenario.user) if key.id == new.key.id)
    assert new.secret.reveal() == stored.secret
    assert stored.secret not in f"{new} {new!r} {new.secret}"
    assert new.key.active


def test_keys_are_switched_and_deleted_by_name(world: World, access_keys: IamAccessKeys) -> None:
    """Each change shows in the next list, and every one may be repeated."""
    key = created(access_keys).key.id
    for change, wanted in ((access_keys.deactivate, Status.INACTIVE), (access_keys.activate, Status.ACTIVE)):
        assert isinstance(change(key), Acknowledged)
        assert isinstance(change(key), Acknowledged)
        assert {one.id: one.status for one in access_keys.keys().keys}[key] is wanted
    assert access_keys.delete(key) == Acknowledged("deleted")
    assert access_keys.delete(key) == Acknowledged("already gone")
    assert key not in [one.id for one in access_keys.keys().keys]


def test_last_use_is_a_time_or_never(world: World, access_keys: IamAccessKeys) -> None:
    """A key that was used says when and by what; a new one says never."""
    old = access_keys.keys().keys[0].id
    used, new = access_keys.last_use(old), access_keys.last_use(created(access_keys).key.id)
    assert used.at is not None
    assert used.service == "ses-smtp"
    assert new.at is None


def test_a_look_up_that_fails_is_not_an_unused_key(access_keys: IamAccessKeys) -> None:
    """A key IAM does not know is unknown, which is an error and never an answer."""
    with pytest.raises(KeyNotFound, match="cannot be found"):
        access_keys.last_use(NOBODYS)


def test_a_foreign_key_is_not_ours(world: World, access_keys: IamAccessKeys) -> None:
    """A key of another user is refused as an access error, whatever it says about its use."""
    stranger = world.add_caller("stranger", NOTHING)
    with pytest.raises(AccessError, match="stranger"):
        access_keys.last_use(KeyId(stranger.id))


def test_a_missing_user_is_an_access_error(world: World) -> None:
    """Nothing is known of a user that does not exist, and the caller's own keys are never taken for his."""
    with pytest.raises(AccessError, match="cannot be found"):
        IamAccessKeys(session=AwsSession(), user="nobody", region="us-east-1").keys()


WRITE_FAULTS: dict[str, tuple[str, type, str, int]] = {
    # fault -> what create answers, its id (of a refusal) or a word of its text, keys made
    "the reply is lost after the effect": ("create_reply_lost", Unknown, "without an answer", 1),
    "request and reply are lost": ("create_lost", Unknown, "without an answer", 0),
    "the reply ends in the middle": ("create_truncated", Unknown, "could not be read", 1),
    "ServiceFailure without effect": ("create_500", Unknown, "ServiceFailure", 0),
    "the quota is full": ("create_refused", Refused, "key-quota-full", 0),
    "throttled": ("throttled", Refused, "throttled", 0),
    "denied": ("access_denied", Refused, "access", 0),
}


@pytest.mark.parametrize(("fault", "kind", "word", "made"), WRITE_FAULTS.values(), ids=WRITE_FAULTS.keys())
def test_a_create_is_sent_once(
    world: World, access_keys: IamAccessKeys, fault: str, kind: type, word: str, made: int
) -> None:
    """Whatever happens to CreateAccessKey, it was sent once, and only words of IAM make it a refusal."""
    before = world.keys.creations
    world.faults.arm(fault)
    answer = access_keys.create()
    assert isinstance(answer, kind)
    assert word == answer.id if isinstance(answer, Refused) else word in str(answer)
    assert calls(world, "iam:CreateAccessKey") == 1
    assert world.keys.creations - before == made


UPDATE_FAULTS = {
    "the reply is lost": ("update_reply_lost", Unknown),
    "ServiceFailure": ("iam_500", Unknown),
    "throttled": ("throttled", Refused),
}


@pytest.mark.parametrize(("fault", "kind"), UPDATE_FAULTS.values(), ids=UPDATE_FAULTS.keys())
def test_a_change_is_sent_once(world: World, access_keys: IamAccessKeys, fault: str, kind: type) -> None:
    """UpdateAccessKey and DeleteAccessKey are never repeated by themselves either."""
    key = access_keys.keys().keys[0].id
    world.faults.arm(fault)
    assert isinstance(access_keys.deactivate(key), kind)
    assert calls(world, "iam:UpdateAccessKey") == 1


def test_a_lost_delete_is_unknown(world: World, access_keys: IamAccessKeys) -> None:
    """The key is gone, and we must not claim to know."""
    key = access_keys.keys().keys[0].id
    world.faults.arm("delete_reply_lost")
    assert isinstance(access_keys.delete(key), Unknown)
    assert calls(world, "iam:DeleteAccessKey") == 1


def test_a_service_control_policy_is_named(world: World, access_keys: IamAccessKeys) -> None:
    """Who must act is another person when the organization forbids it."""
    world.faults.arm("access_denied_scp")
    answer = access_keys.create()
    assert isinstance(answer, Refused)
    assert "organization" in answer.fix


READ_FAULTS = {
    "denied is for a person": ("access_denied", AccessError, "AccessDenied"),
    "a 500 is for later": ("iam_500", RemoteFault, "ServiceFailure"),
}


@pytest.mark.parametrize(("fault", "error", "words"), READ_FAULTS.values(), ids=READ_FAULTS.keys())
def test_reads_raise(world: World, access_keys: IamAccessKeys, fault: str, error: type[Exception], words: str) -> None:
    """A read that fails raises; it never comes back as an empty list."""
    world.faults.arm(fault)
    with pytest.raises(error, match=words):
        access_keys.keys()


def test_throttled_reads_are_asked_again(world: World) -> None:
    """Twice throttled is a short wait, longer is the other side's fault."""
    pauses: list[float] = []
    access_keys = IamAccessKeys(session=AwsSession(sleep=pauses.append), user=world.scenario.user, region="us-east-1")
    world.faults.arm("throttled", 2)
    assert len(access_keys.keys().keys) == 1
    assert len(pauses) == 2
    world.faults.arm("throttled", 3)
    with pytest.raises(RemoteFault, match="Throttling"):
        access_keys.keys()


CREDENTIALS: dict[str, tuple[dict[str, str], type[Exception], str]] = {
    "none at all": ({"AWS_ACCESS_KEY_ID": ""}, AccessError, "no AWS credentials"),
    "an id nobody has": ({"AWS_ACCESS_KEY_ID": str(NOBODYS)}, AccessError, "InvalidClientTokenId"),
    "a wrong secret": ({"AWS_SECRET_ACCESS_KEY": "x" * 40}, AccessError, "SignatureDoesNotMatch"),
    "nothing listens": ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, RemoteFault, "could not be reached"),
}


@pytest.mark.parametrize(("changed", "error", "words"), CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_our_own_credentials(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str],
    error: type[Exception],
    words: str,
) -> None:
    """What is wrong with the program's own credentials is said in words with a way out, and writes were not made."""
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    access_keys = IamAccessKeys(session=AwsSession(), user=world.scenario.user, region="us-east-1")
    with pytest.raises(error, match=words) as caught:
        access_keys.keys()
    assert getattr(caught.value, "fix", "")
    assert isinstance(access_keys.create(), Refused if error is AccessError else Unknown)


def test_an_unknown_profile_is_an_access_error(world: World) -> None:
    """The name of a profile that does not exist is said, before anything is asked."""
    access_keys = IamAccessKeys(session=AwsSession(profile="nonesuch"), user="u", region="us-east-1")
    with pytest.raises(AccessError, match="nonesuch"):
        access_keys.keys()
    assert isinstance(access_keys.create(), Refused)
    assert world.record.entries() == []


def test_a_role_without_credentials_to_ask_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role is assumed with credentials; without any the way out is said."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    session = AwsSession(assume_role=AssumeRole("arn:aws:iam::123456789012:role/rotator"))
    with pytest.raises(AccessError, match="none were found"):
        IamAccessKeys(session=session, user="u", region="us-east-1").keys()


SENDING: dict[str, tuple[dict[str, Any], str | None, type]] = {
    "the domain's identity is allowed": ({}, "queenofsandiego.com", Acknowledged),
    "an address of the domain is allowed": ({}, "admin@queenofsandiego.com", Acknowledged),
    "another domain is not": ({}, "example.org", Refused),
    "no policy at all": ({"may_send": False}, "queenofsandiego.com", Refused),
}


@pytest.mark.parametrize(("scenario", "sends_as", "kind"), SENDING.values(), ids=SENDING.keys())
def test_may_send(make_world: Any, scenario: dict[str, Any], sends_as: str | None, kind: type) -> None:
    """AUTH proves the key; the permission to send is asked apart."""
    world = make_world(**scenario)
    access_keys = IamAccessKeys(
        session=AwsSession(), user=world.scenario.user, region=world.scenario.region, sends_as=sends_as
    )
    assert isinstance(access_keys.may_send(), kind)


def test_no_simulation_is_no_answer(world: World, access_keys: IamAccessKeys) -> None:
    """A simulation we may not ask for says nothing about the user."""
    world.faults.arm("access_denied")
    assert isinstance(access_keys.may_send(), Unknown)


def test_no_debug_switch_shows_the_secret(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Root at DEBUG and botocore's own debug stream print the reply of CreateAccessKey; here they cannot."""
    boto3.set_stream_logger("botocore.parsers", logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG):
            new = created(IamAccessKeys(session=AwsSession(), user=world.scenario.user, region="us-east-1"))
    finally:
        logging.getLogger("botocore.parsers").handlers.clear()
    assert new.secret.reveal() not in caplog.text
    assert not [record for record in caplog.records if record.levelno < logging.INFO and "botocore" in record.name]


def test_acting_in_a_role_is_lazy(world: World) -> None:
    """Nothing is asked of anybody before the first request."""
    session = AwsSession(assume_role=AssumeRole("arn:aws:iam::123456789012:role/rotator", "external"))
    IamAccessKeys(session=session, user=world.scenario.user, region="us-east-1")
    assert world.record.entries() == []
