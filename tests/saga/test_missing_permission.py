"""A write that the program's own policies forbid is found while nothing has changed: no key is made for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rotator.core.errors import Exit
from tests.saga.stage import AT_ONCE, Stage
from tests.sandbox.clients import aws
from tests.sandbox.roles import make_role

SECRET = {"type": "secrets_manager", "name": "store", "secret_id": "prod/ses-smtp"}
PARAMETER = {"type": "ssm_parameter", "name": "store", "path": "/prod/ses-smtp"}
OLD = json.dumps({"username": "AKIA" + "6" * 16, "password": "old", "team": "mail"})
RESOURCES = {"store": "arn:aws:ssm:us-east-1:123456789012:parameter/prod/ses-smtp"}

# what the program may not do -> the place that needs it
WRITES: dict[str, dict[str, Any]] = {
    "secretsmanager:PutSecretValue": SECRET,
    "secretsmanager:UpdateSecretVersionStage": SECRET,
    "ssm:PutParameter": PARAMETER,
}


def one_place(stage: Stage, place: dict[str, Any]) -> str:
    """A world whose only consumer is this place; the ARN of what is there."""
    stage.configure(defaults=AT_ONCE)
    path = Path(stage.environment["ROTATOR_CONFIG"])
    document = yaml.safe_load(path.read_text())
    document["users"][0]["consumers"] = [place]
    document.pop("audit", None)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    if place["type"] == "ssm_parameter":
        aws(stage.world, "ssm").put_parameter(Name=place["path"], Value=OLD, Type="SecureString")
        return RESOURCES["store"]
    return str(aws(stage.world, "secretsmanager").create_secret(Name=place["secret_id"], SecretString=OLD)["ARN"])


def without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    """The same policy with one action less."""
    statements = [{**one, "Action": [a for a in _list(one["Action"]) if a != action]} for one in policy["Statement"]]
    return {**policy, "Statement": [one for one in statements if one["Action"]]}


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def act_as(stage: Stage, policy: dict[str, Any]) -> None:
    """From now on the program is a user with this policy."""
    key = stage.world.add_caller("rotator", policy)
    stage.environment |= {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}


@pytest.mark.parametrize(("action", "place"), WRITES.items(), ids=WRITES)
def test_no_key_is_made_for_a_place_that_may_not_be_written(stage: Stage, action: str, place: dict[str, Any]) -> None:
    """Refused with the action and the resource; once it is allowed the same command rotates to the end."""
    arn = one_place(stage, place)
    old = stage.adopt()
    policy = stage.rotator("config", "policy").json
    act_as(stage, without(policy, action))
    before = stage.world.record.count()
    done = stage.rotator("rotate", "--yes", code=Exit.ACCESS)
    seen, fix = f"may not {action} on {arn}", f"allow it {action} on {arn}: rotator config policy --principal"
    page = "see   runbooks/consumer-push.md#"
    for words in (seen, fix, page, f"As far as keys go, mail flows: {old[:4]}…{old[-4:]} is Active."):
        assert words in done.text
    assert stage.keys() == {old: "Active"}
    asked = stage.calls(before)
    assert "iam:CreateAccessKey" not in asked
    assert not {"secretsmanager:PutSecretValue", "ssm:PutParameter"} & set(asked)
    told = stage.rotator("rotate", "--dry-run", "--json", code=Exit.ACCESS).json
    assert (told["refusal"]["id"], action in json.dumps(told)) == ("preflight", True)
    checked = stage.rotator("doctor", "consumer.place", code=1)
    assert action in checked.text
    stage.world.moto.put_user_policy("rotator", policy)
    stage.rotator("rotate", "--yes")
    (new,) = stage.keys()
    assert new != old
    assert stage.calls(before).count("iam:CreateAccessKey") == 1


def test_a_role_is_asked_about_as_the_role_that_it_is(stage: Stage) -> None:
    """A session's ARN names its role without the path; the role to assume is known whole."""
    arn = one_place(stage, SECRET)
    stage.adopt()
    role = "arn:aws:iam::123456789012:role/ops/rotator"
    stage.configure(aws={"assume_role": role})
    policy = stage.rotator("config", "policy").json
    assert make_role(stage.world, "rotator", without(policy, "secretsmanager:PutSecretValue"), "/ops/") == role
    before = stage.world.record.count()
    done = stage.rotator("rotate", "--yes", code=Exit.ACCESS)
    assert f"{role} may not secretsmanager:PutSecretValue on {arn}" in done.text
    assert "iam:CreateAccessKey" not in stage.calls(before)
    text = json.dumps(policy)
    aws(stage.world, "iam").put_role_policy(RoleName="rotator", PolicyName="p", PolicyDocument=text)
    stage.rotator("rotate", "--yes")
    assert len(stage.keys()) == 1
    assert "iam:GetRole" not in stage.calls(before)


def test_a_place_that_cannot_be_asked_about_is_rotated_with_a_warning(stage: Stage) -> None:
    """Not to know is no refusal: it is said, and the push shows how it is."""
    one_place(stage, SECRET)
    old = stage.adopt()
    act_as(stage, without(stage.rotator("config", "policy").json, "iam:SimulatePrincipalPolicy"))
    checks = stage.rotator("doctor", "consumer.place", "--json").json["checks"]
    (checked,) = (one for one in checks if one["id"].startswith("consumer.place"))
    assert (checked["status"], "is not known" in checked["summary"]) == ("not known", True)
    done = stage.rotator("rotate", "--yes")
    assert "! preflight" in done.text
    assert "is not known: SimulatePrincipalPolicy: AccessDenied" in done.text
    (new,) = stage.keys()
    assert new != old
