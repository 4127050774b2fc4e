"""What `config policy` allows in Secrets Manager, Parameter Store and KMS: the configured places and nothing beside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rotator.config.iam_policy import iam_policy
from rotator.config.store_policy import check_principal
from rotator.core.errors import ConfigurationError
from tests.config.samples import NINE_LINES, load

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234"
SECRET = {"type": "secrets_manager", "name": "a", "secret_id": "prod/ses-smtp"}
PARAMETER = {"type": "ssm_parameter", "name": "b", "path": "/prod/ses-smtp"}


def _statements(*consumers: dict[str, Any], region: str = "us-east-1", **more: Any) -> dict[str, dict[str, Any]]:
    user = {"name": "u", "account": "123456789012", "region": region, "consumers": list(consumers)}
    policy = iam_policy(load(json.dumps({"version": 1, "users": [user]} | more)))
    return {statement["Sid"]: statement for statement in policy["Statement"]}


RESOURCES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a secret by name, with the six characters that AWS adds": (
        SECRET,
        ["arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/ses-smtp-??????"],
    ),
    "a secret by its ARN": (SECRET | {"secret_id": ARN}, [ARN]),
    "one parameter": (PARAMETER, ["arn:aws:ssm:us-east-1:123456789012:parameter/prod/ses-smtp"]),
    "each parameter of a path": (
        PARAMETER | {"layout": "path", "region": "eu-west-1", "fields": {"host": None, "port": None}},
        [f"arn:aws:ssm:eu-west-1:123456789012:parameter/prod/ses-smtp/{name}" for name in ("username", "password")],
    ),
}


@pytest.mark.parametrize(("consumer", "resources"), RESOURCES.values(), ids=RESOURCES.keys())
def test_a_place_is_named_exactly(consumer: dict[str, Any], resources: list[str]) -> None:
    """Two statements more: for this place alone, and leave to ask about its writes."""
    statements = _statements(consumer)
    assert [*statements][2:-1] == ["AskWhatItMayWrite"]
    *_, last = statements.values()
    assert last["Resource"] == resources
    assert "*" not in json.dumps(last)


@pytest.mark.parametrize(("consumer", "service"), [(SECRET, "secretsmanager"), (PARAMETER, "ssm")])
def test_a_key_is_used_only_by_way_of_its_service(consumer: dict[str, Any], service: str) -> None:
    """The program cannot decrypt anything with it by itself."""
    *_, last = _statements(consumer | {"kms_key": KEY}).values()
    assert last["Resource"] == [KEY]
    assert last["Condition"] == {"StringEquals": {"kms:ViaService": f"{service}.eu-west-1.amazonaws.com"}}


def test_the_seals_key_opens_seals_alone() -> None:
    """Decrypt and GenerateDataKey, with our encryption context."""
    statement = _statements(SECRET, seal={"kms_key": KEY})["SealTheJournal"]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Resource"] == [KEY]
    assert statement["Condition"] == {"StringEquals": {"kms:EncryptionContext:purpose": "rotator-journal-seal"}}


def test_another_partition_is_another_arn() -> None:
    """Elsewhere it would match nothing."""
    key = KEY.replace("arn:aws:kms:eu-west-1", "arn:aws-cn:kms:cn-north-1")
    statements = _statements(SECRET | {"kms_key": key}, region="cn-north-1")
    assert statements["PutStagedSecrets"]["Resource"][0].startswith("arn:aws-cn:secretsmanager:cn-north-1:")
    *_, last = statements.values()
    assert last["Condition"]["StringEquals"]["kms:ViaService"] == "secretsmanager.cn-north-1.amazonaws.com.cn"


ROLE = "arn:aws:iam::123456789012:role/ops/rotator"
USER = ROLE.replace("role", "user")
SIMULATE = "iam:SimulatePrincipalPolicy"

# who the program is, by option and by the file -> whom it may ask about, and how
WHO: dict[str, tuple[str, str | None, str, list[str]]] = {
    "nobody says: an IAM user, by its own name": (
        "", None, "arn:aws:iam::123456789012:user/${aws:username}", [SIMULATE]),
    "the role that the file names": ("", ROLE, ROLE, ["iam:GetRole", SIMULATE]),
    "a role by option": (ROLE + "-2", ROLE, ROLE + "-2", ["iam:GetRole", SIMULATE]),
    "a user by option": (USER, None, USER, [SIMULATE]),
}  # fmt: skip


@pytest.mark.parametrize(("principal", "assumed", "about", "actions"), WHO.values(), ids=WHO.keys())
def test_the_program_may_ask_about_itself_alone(
    principal: str, assumed: str | None, about: str, actions: list[str]
) -> None:
    """One user or role, whole; there is no variable for a role."""
    user = {"name": "u", "account": "123456789012", "region": "us-east-1", "consumers": [SECRET]}
    aws = {"assume_role": assumed} if assumed else {}
    policy = iam_policy(load(json.dumps({"version": 1, "users": [user], "aws": aws})), principal)
    (asks,) = [one for one in policy["Statement"] if one["Sid"] == "AskWhatItMayWrite"]
    assert (asks["Resource"], asks["Action"]) == ([about], actions)


@pytest.mark.parametrize("wrong", ["rotator", "arn:aws:sts::123456789012:assumed-role/rotator/i-1", ROLE + "\n", "*"])
def test_a_principal_is_a_user_or_a_role_by_its_arn(wrong: str) -> None:
    """A session is neither: the way to the role's ARN is told."""
    with pytest.raises(ConfigurationError, match="is not the ARN of an IAM role or user") as refused:
        check_principal(wrong)
    assert "aws iam get-role" in refused.value.fix
    check_principal("")
    check_principal(ROLE)


def test_without_places_in_aws_nothing_is_added() -> None:
    """A file without them, and without anybody to tell, needs IAM alone."""
    assert len(iam_policy(load(NINE_LINES.partition("notify:")[0]))["Statement"]) == 2


def test_the_suppression_list_is_read_where_the_file_speaks_of_it() -> None:
    """Three reads without a resource, in the watched regions; none for a file that says nothing of it."""
    statement = _statements(SECRET, suppression={"regions": ["eu-west-1"]})["ReadTheSuppressionList"]
    assert all(action.startswith("ses:") and "*" not in action for action in statement["Action"])
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}
    assert "ReadTheSuppressionList" not in _statements(SECRET)


@pytest.mark.parametrize("section", [{"suppression": {}}, {"alarms": {}}], ids=["suppression", "alarms"])
def test_the_rates_are_read_where_the_file_watches_the_account(section: dict[str, Any]) -> None:
    """Figures alone, in the users' regions; none for a file that does nothing but rotate."""
    assert _statements(SECRET, **section)["ReadTheRates"] == {
        "Sid": "ReadTheRates", "Effect": "Allow", "Action": ["cloudwatch:GetMetricData"], "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}},
    }  # fmt: skip
    assert "ReadTheRates" not in _statements(SECRET)
