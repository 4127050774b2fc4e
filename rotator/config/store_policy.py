"""What the program may do in Secrets Manager, Parameter Store and KMS: exactly the configured places, nothing beside.

A write is asked about beforehand (IAM's simulation), which takes leave to ask about the program's own user or role.
A secret that the file names by its name alone gets six `?` after it: Secrets Manager adds six characters of its own
to every ARN, and this is how its documentation writes them.  A key may be used only by way of the service that keeps
the place, or for the journal's seal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rotator.config.kinds import IN_AWS, SecretsManager, SsmParameter
from rotator.config.model import Configuration, UserConfiguration
from rotator.core.errors import ConfigurationError
from rotator.core.hosts import partition_of, smtp_host

SECRET_ACTIONS = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetResourcePolicy",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
PARAMETER_ACTIONS = ("ssm:GetParameters", "ssm:PutParameter")
# Secrets Manager asks for data keys; Parameter Store encrypts standard parameters with the key itself, advanced ones
# with data keys.  https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
STORE_KEY_ACTIONS = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
# What a write would need is asked of IAM before a key is made, about ourselves.
ASK_USER, ASK_ROLE = ("iam:SimulatePrincipalPolicy",), ("iam:GetRole", "iam:SimulatePrincipalPolicy")
ASK_SID = "AskWhatItMayWrite"
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+")
SEAL_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
SEAL_PURPOSE = "rotator-journal-seal"  # in the encryption context of journal.wrapped_key

Statement = dict[str, Any]


def asking_statements(configuration: Configuration, principal: str) -> Iterator[Statement]:
    """Leave to ask IAM about the program's own user or role, if there are places whose writes are asked about.

    `principal` is its ARN.  Without one: the role to assume, if there is one, else whichever IAM user this hangs on.
    """
    if not any(isinstance(one, IN_AWS) for user in configuration.users for one in user.consumers):
        return
    yield asking(principal or configuration.aws.assume_role or _whoever_it_is(configuration))


def check_principal(principal: str) -> None:
    """Raise ConfigurationError for what is not the ARN of a user or role; nothing is none."""
    if principal and not PRINCIPAL.fullmatch(principal):
        fix = "aws iam get-role --role-name NAME (or get-user) shows it; a session's arn:aws:sts:... is not it"
        raise ConfigurationError(f"--principal {principal!r} is not the ARN of an IAM role or user", fix=fix)


def asking(principal: str) -> Statement:
    """The statement about one user or role."""
    return _allow(ASK_SID, ASK_ROLE if ":role/" in principal else ASK_USER, [principal])


def _whoever_it_is(configuration: Configuration) -> str:
    """An IAM user by its own name.  No variable of IAM names a role in an ARN."""
    user = configuration.users[0]
    return f"arn:{partition_of(user.region)}:iam::{user.account}:user/${{aws:username}}"


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
