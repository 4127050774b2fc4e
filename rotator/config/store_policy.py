"""What the program may do in Secrets Manager, Parameter Store and KMS: exactly the configured places, nothing beside.

A secret that the file names by its name alone gets six `?` after it: Secrets Manager adds six characters of its own
to every ARN, and this is how its documentation writes them.  A key may be used only by way of the service that keeps
the place, or for the journal's seal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rotator.config.kinds import SecretsManager, SsmParameter
from rotator.config.model import Configuration, UserConfiguration
from rotator.core.trust import partition_of, smtp_host

SECRET_ACTIONS = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
PARAMETER_ACTIONS = ("ssm:GetParameters", "ssm:PutParameter")
# Secrets Manager asks for data keys; Parameter Store encrypts standard parameters with the key itself, advanced ones
# with data keys.  https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
STORE_KEY_ACTIONS = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
SEAL_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
SEAL_PURPOSE = "rotator-journal-seal"  # in the encryption context of journal.wrapped_key

Statement = dict[str, Any]


def store_statements(configuration: Configuration) -> Iterator[Statement]:
    """The statements for the configured places in AWS; none if there are none."""
    pairs = [(user, one) for user in configuration.users for one in user.consumers]
    secrets = [(user, one) for user, one in pairs if isinstance(one, SecretsManager)]
    parameters = [(user, one) for user, one in pairs if isinstance(one, SsmParameter)]
    if secrets:
        yield _allow("PutStagedSecrets", SECRET_ACTIONS, [_secret_arn(user, one) for user, one in secrets])
    if parameters:
        arns = [arn for user, one in parameters for arn in _parameter_arns(user, one)]
        yield _allow("PutParameters", PARAMETER_ACTIONS, arns)
    services = {(one.kms_key, "secretsmanager") for _, one in secrets} | {(one.kms_key, "ssm") for _, one in parameters}
    for key, service in sorted((key, service) for key, service in services if key):
        region = key.split(":")[3]
        host = smtp_host(region).replace("email-smtp", service, 1)
        condition = {"StringEquals": {"kms:ViaService": host}}
        yield _allow(f"UseKeyBy{service.capitalize()}", STORE_KEY_ACTIONS, [key]) | {"Condition": condition}
    if configuration.seal_kms_key:
        condition = {"StringEquals": {"kms:EncryptionContext:purpose": SEAL_PURPOSE}}
        yield _allow("SealTheJournal", SEAL_ACTIONS, [configuration.seal_kms_key]) | {"Condition": condition}


def _allow(sid: str, actions: tuple[str, ...], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(dict.fromkeys(resources))}


def _secret_arn(user: UserConfiguration, one: SecretsManager) -> str:
    if one.secret_id.startswith("arn:"):
        return one.secret_id
    region = one.region or user.region
    return f"arn:{partition_of(region)}:secretsmanager:{region}:{user.account}:secret:{one.secret_id}-??????"


def _parameter_arns(user: UserConfiguration, one: SsmParameter) -> list[str]:
    region = one.region or user.region
    names = [one.path]
    if one.layout == "path":
        names = [f"{one.path}/{name}" for name in one.fields.model_dump().values() if name is not None]
    return [f"arn:{partition_of(region)}:ssm:{region}:{user.account}:parameter{name}" for name in names]
