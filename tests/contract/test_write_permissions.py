"""What a preflight says of writes that it does not try: a no of our own policies, or that it cannot be known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rotator.core.errors import Exit
from rotator.core.ports import Acknowledged, Consumer, Deadline, Problem, Refused
from rotator.sandbox.world import World
from tests.contract.consumer_contract import FIRST
from tests.contract.stores import OLD, text
from tests.contract.test_store_permissions import configured, live
from tests.sandbox.clients import aws
from tests.sandbox.roles import allowing, denying, make_role, session_of

SECRET: dict[str, Any] = {"type": "secrets_manager", "name": "place", "secret_id": "prod/ses-smtp"}
PARAMETER: dict[str, Any] = {"type": "ssm_parameter", "name": "place", "path": "/prod/ses-smtp"}
PARTS = PARAMETER | {"layout": "path"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
READS = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:GetResourcePolicy",
         "ssm:GetParameters", "iam:SimulatePrincipalPolicy", "kms:Decrypt")  # fmt: skip
PUT, MOVE, PARAM = "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "ssm:PutParameter"
TAGGED = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "mail"}}}
NEARBY = {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}
REFUSED, UNKNOWN, NOTHING = "write-permission", "write-permission-not-known", ""


def both(*policies: dict[str, Any]) -> dict[str, Any]:
    """One policy with the statements of all."""
    return {"Version": "2012-10-17", "Statement": [one for policy in policies for one in policy["Statement"]]}


# our policies -> the place, what the preflight says, and words that stand in it
SAID: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "all is allowed": (allowing("*"), SECRET, NOTHING, ""),
    "a version may not be put": (allowing(*READS, MOVE), SECRET, REFUSED, f"may not {PUT} on arn:aws:secretsmanager:"),
    "a label may not be moved": (allowing(*READS, PUT), SECRET, REFUSED, f"may not {MOVE} on"),
    "neither": (allowing(*READS), SECRET, REFUSED, f"may not {PUT}, {MOVE} on"),
    "one is denied": (denying(MOVE), SECRET, REFUSED, "a policy of its own denies it"),
    "only what is tagged": (both(allowing(*READS), allowing(PUT, MOVE, **TAGGED)), SECRET, NOTHING, ""),
    "denied but from nearby": (denying(PUT, **NEARBY), SECRET, UNKNOWN, "depends on aws:SourceVpce"),
    "a secret's key is denied": (
        denying("kms:GenerateDataKey", on=KEY), SECRET | {"kms_key": KEY}, REFUSED,
        f"may not kms:GenerateDataKey on {KEY}"),
    "of a secret's key nothing is said": (
        allowing(*READS, PUT, MOVE), SECRET | {"kms_key": KEY}, UNKNOWN, "the key's own policy or a grant may"),
    "a parameter may not be written": (
        allowing(*READS), PARAMETER, REFUSED,
        f"may not {PARAM} on arn:aws:ssm:us-east-1:123456789012:parameter/prod/ses-smtp"),
    "one of the parts may not": (
        denying(PARAM, on="arn:aws:ssm:*:*:parameter/prod/ses-smtp/host"), PARTS, REFUSED, "ses-smtp/host: a policy"),
    "a parameter's key is denied for both tiers": (
        denying("kms:Encrypt", "kms:GenerateDataKey"), PARAMETER | {"kms_key": KEY}, REFUSED,
        f"may not kms:Encrypt, kms:GenerateDataKey on {KEY}"),
    "it is denied for the tier that it is not of": (
        denying("kms:GenerateDataKey"), PARAMETER | {"kms_key": KEY}, NOTHING, ""),
    "nobody may ask": (allowing(*(one for one in READS if "iam" not in one), PUT, MOVE), SECRET, UNKNOWN,
                       "SimulatePrincipalPolicy: AccessDenied"),
}  # fmt: skip


def place(world: World, wanted: dict[str, Any]) -> Consumer:
    """The live consumer, over a place that somebody made."""
    if wanted["type"] == "secrets_manager":
        key = {"KmsKeyId": wanted["kms_key"]} if "kms_key" in wanted else {}
        tags = [{"Key": "team", "Value": "mail"}]
        aws(world, "secretsmanager").create_secret(Name="prod/ses-smtp", SecretString=text(OLD), Tags=tags, **key)
    return live(world, configured(wanted))["place"]


@pytest.mark.parametrize(("policy", "wanted", "id", "words"), SAID.values(), ids=SAID.keys())
def test_a_write_is_asked_about_and_not_tried(
    account: World, monkeypatch: pytest.MonkeyPatch, policy: dict[str, Any], wanted: dict[str, Any], id: str, words: str
) -> None:
    """A sure no stops with the action and the place; what is not known is a warning; a push agrees with a sure no."""
    consumer = place(account, wanted)
    key = account.add_caller("rotator", policy)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    found = list(consumer.preflight(Deadline.after(20)))
    assert [(one.id, one.warning) for one in found] == ([(id, id == UNKNOWN)] if id else [])
    assert [words in one.seen for one in found] == [True] * len(found)
    pushed = consumer.push(FIRST, Deadline.after(20))
    if id == NOTHING:
        assert isinstance(pushed, Acknowledged)
    if id == REFUSED:
        assert not isinstance(pushed, Acknowledged)


def as_role(world: World, monkeypatch: pytest.MonkeyPatch, policy: dict[str, Any], path: str = "/") -> str:
    """The program acts in a role that it was not told of."""
    role = make_role(world, "rotator", policy, path)
    for name, value in session_of(world, role).items():
        monkeypatch.setenv(name, value)
    return role


# what may be asked -> the role's path and what is said
ROLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "a role without a path": (READS, "/", REFUSED),
    "a role with a path, that may look itself up": ((*READS, "iam:GetRole"), "/ops/", REFUSED),
    "a role with a path that it cannot tell": (READS, "/ops/", UNKNOWN),
}


@pytest.mark.parametrize(("actions", "path", "id"), ROLES.values(), ids=ROLES.keys())
def test_a_session_is_asked_about_as_its_role(
    account: World, monkeypatch: pytest.MonkeyPatch, actions: tuple[str, ...], path: str, id: str
) -> None:
    """An instance's or a task's session names its role without the path."""
    consumer = place(account, SECRET)
    role = as_role(account, monkeypatch, allowing(*actions), path)
    (problem,) = consumer.preflight(Deadline.after(20))
    assert problem.id == id
    assert (f"{role} may not" in problem.seen) is (id == REFUSED)


def test_what_the_secrets_own_policy_may_allow_is_not_refused(account: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our policies are silent, the secret's is not: the preflight warns, and the push goes through."""
    consumer = place(account, SECRET)
    role = as_role(account, monkeypatch, allowing(*READS))
    (before,) = consumer.preflight(Deadline.after(20))
    assert (before.id, before.exit_code) == (REFUSED, Exit.ACCESS)
    own = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": [PUT, MOVE], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    aws(account, "secretsmanager").put_resource_policy(SecretId="prod/ses-smtp", ResourcePolicy=policy)
    (after,) = consumer.preflight(Deadline.after(20))
    assert (after.id, after.warning) == (UNKNOWN, True)
    assert "the secret's own policy may" in after.seen
    assert isinstance(consumer.push(FIRST, Deadline.after(20)), Acknowledged)


def test_a_deny_is_a_deny_whatever_the_secrets_policy_says(account: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing overrules a Deny, so nothing else is asked."""
    consumer = place(account, SECRET)
    role = as_role(account, monkeypatch, denying(PUT))
    own = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    aws(account, "secretsmanager").put_resource_policy(SecretId="prod/ses-smtp", ResourcePolicy=policy)
    (problem,) = consumer.preflight(Deadline.after(20))
    assert (problem.id, "take the Deny of" in problem.fix) == (REFUSED, True)
    assert isinstance(consumer.push(FIRST, Deadline.after(20)), Refused)


def test_a_secret_whose_policy_we_may_not_read_is_not_refused(account: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else has a say cannot be ruled out."""
    consumer = place(account, SECRET)
    as_role(account, monkeypatch, allowing(*(one for one in READS if "ResourcePolicy" not in one)))
    (problem,) = consumer.preflight(Deadline.after(20))
    assert (problem.id, problem.warning) == (UNKNOWN, True)
    assert "GetResourcePolicy" in problem.seen


def problems(consumer: Consumer) -> list[Problem]:
    """What a preflight finds."""
    return list(consumer.preflight(Deadline.after(20)))


def test_a_throttled_simulation_is_no_refusal(account: World) -> None:
    """IAM's control plane is busy: the write is not known, and nothing is held up for long."""
    consumer = place(account, SECRET)
    account.faults.arm("throttled", 9)
    (problem,) = problems(consumer)
    assert (problem.id, problem.warning) == (UNKNOWN, True)
    assert "Throttling" in problem.seen


def test_one_turn_asks_who_we_are_once(account: World) -> None:
    """Two places of one user: the caller is looked up for both together."""
    for name in ("prod/ses-smtp", "prod/other"):
        aws(account, "secretsmanager").create_secret(Name=name, SecretString=text(OLD))
    found = live(account, configured(SECRET, SECRET | {"name": "other", "secret_id": "prod/other"}))
    before = account.record.count()
    assert [problems(one) for one in found.values()] == [[], []]
    asked = [entry.name for entry in account.record.entries(before)]
    assert (asked.count("sts:GetCallerIdentity"), asked.count("iam:SimulatePrincipalPolicy")) == (1, 2)
