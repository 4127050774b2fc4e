"""Secrets Manager, Parameter Store and KMS in the sandbox: as strict as AWS where moto is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from rotator.sandbox.stores import ERROR_FAULTS, WIRE_FAULTS
from rotator.sandbox.world import World
from tests.sandbox.clients import aws

SECRET, PARAMETER = "mail", "/mail"
CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
TOKEN, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def secrets(world: World) -> Any:
    """Secrets Manager with one secret whose version is TOKEN."""
    client = aws(world, "secretsmanager")
    client.create_secret(Name=SECRET, SecretString="one", ClientRequestToken=TOKEN)
    return client


def stages(client: Any) -> dict[str, set[str]]:
    """Version -> labels, as DescribeSecret tells."""
    found = client.describe_secret(SecretId=SECRET)["VersionIdsToStages"]
    return {version: set(labels) for version, labels in found.items()}


def put(client: Any, token: str = OTHER, value: str = "two", stage: str = PENDING) -> Any:
    """A further version."""
    return client.put_secret_value(SecretId=SECRET, SecretString=value, ClientRequestToken=token, VersionStages=[stage])


def code_of(call: Callable[[], object]) -> str:
    """The error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call()
    code: str = caught.value.response["Error"]["Code"]
    return code


def test_a_moved_label_changes_what_readers_get(secrets: Any) -> None:
    """AWSCURRENT decides, also for who names no version, and AWSPREVIOUS follows it."""
    put(secrets)
    secrets.update_secret_version_stage(
        SecretId=SECRET, VersionStage=CURRENT, RemoveFromVersionId=TOKEN, MoveToVersionId=OTHER
    )
    assert secrets.get_secret_value(SecretId=SECRET)["SecretString"] == "two"
    assert stages(secrets) == {TOKEN: {PREVIOUS}, OTHER: {PENDING, CURRENT}}
    put(secrets, "c" * 32, "three", CURRENT)
    assert stages(secrets) == {OTHER: {PENDING, PREVIOUS}, "c" * 32: {CURRENT}}  # TOKEN has no label any more


def test_a_label_is_taken_only_from_where_it_is(secrets: Any) -> None:
    """Whoever read something older is refused, and nothing moves."""
    put(secrets)
    before = stages(secrets)
    for label, off in ((CURRENT, OTHER), (PENDING, TOKEN)):
        move = {"SecretId": SECRET, "VersionStage": label, "RemoveFromVersionId": off}
        to = TOKEN if label == PENDING else "c" * 32
        assert code_of(lambda: secrets.update_secret_version_stage(**move, MoveToVersionId=to)) == (  # noqa: B023
            "InvalidParameterException"
        )
    assert stages(secrets) == before


def test_a_version_never_changes(secrets: Any) -> None:
    """The same token and value again is ignored, another value is refused."""
    put(secrets)
    before = stages(secrets)
    assert put(secrets)["VersionId"] == OTHER
    assert code_of(lambda: put(secrets, value="three")) == "ResourceExistsException"
    assert stages(secrets) == before
    assert secrets.get_secret_value(SecretId=SECRET, VersionId=OTHER)["SecretString"] == "two"


def test_a_secret_scheduled_for_deletion_is_not_written(secrets: Any) -> None:
    """Neither its values nor its labels."""
    put(secrets)
    secrets.delete_secret(SecretId=SECRET)
    assert code_of(lambda: put(secrets, "c" * 32)) == "InvalidRequestException"
    move = {"SecretId": SECRET, "VersionStage": PENDING, "RemoveFromVersionId": OTHER}
    assert code_of(lambda: secrets.update_secret_version_stage(**move)) == "InvalidRequestException"


def test_a_parameter_keeps_its_type(world: World) -> None:
    """A String becomes no SecureString by being overwritten."""
    client = aws(world, "ssm")
    client.put_parameter(Name=PARAMETER, Value="x", Type="String")
    change = {"Name": PARAMETER, "Value": "y", "Type": "SecureString", "Overwrite": True}
    assert code_of(lambda: client.put_parameter(**change)) == "HierarchyTypeMismatchException"
    assert client.get_parameter(Name=PARAMETER)["Parameter"]["Value"] == "x"


def test_permissions_are_for_exact_resources(world: World, secrets: Any) -> None:
    """A policy for one secret says nothing of another."""
    secrets.create_secret(Name="other", SecretString="x")
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mail-??????"
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}
    key = world.add_caller("reader", {"Version": "2012-10-17", "Statement": [statement]})
    reader = aws(world, "secretsmanager", key)
    assert reader.get_secret_value(SecretId=SECRET)["SecretString"] == "one"
    assert code_of(lambda: reader.get_secret_value(SecretId="other")) == "AccessDeniedException"
    assert code_of(lambda: reader.describe_secret(SecretId=SECRET)) == "AccessDeniedException"


def test_kms_gives_a_key_back_only_with_its_context(world: World) -> None:
    """Another context is another ciphertext."""
    client = aws(world, "kms")
    key = client.create_key()["KeyMetadata"]["Arn"]
    made = client.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"a": "b"})
    opened = client.decrypt(KeyId=key, CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert opened["Plaintext"] == made["Plaintext"]
    wrong = {"KeyId": key, "CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": {"a": "c"}}
    assert code_of(lambda: client.decrypt(**wrong)) == "InvalidCiphertextException"


def ask(world: World, service: str) -> Any:
    """Any call of a service."""
    calls: dict[str, Callable[[], Any]] = {
        "secretsmanager": lambda: aws(world, service).describe_secret(SecretId="none"),
        "ssm": lambda: aws(world, service).get_parameters(Names=["/none"]),
        "kms": lambda: aws(world, service).list_keys(),
    }
    return calls[service]()


@pytest.mark.parametrize("fault", ERROR_FAULTS)
def test_an_error_by_name_happens_once(world: World, fault: str) -> None:
    """The named error, and then the world is as before."""
    service, error = ERROR_FAULTS[fault]
    world.faults.arm(fault)
    assert code_of(lambda: ask(world, service)) == error.code
    try:
        ask(world, service)
    except ClientError as other:
        assert other.response["Error"]["Code"] != error.code  # noqa: PT017 - there is no such secret


@pytest.mark.parametrize("fault", WIRE_FAULTS)
def test_what_is_lost_is_lost_as_it_says(world: World, secrets: Any, fault: str) -> None:
    """No reply; the effect is there at once, half a minute later, or never, and the record has seen the call."""
    action, _ = WIRE_FAULTS[fault]
    ssm = aws(world, "ssm")
    put(secrets)
    done = {
        "PutSecretValue": lambda: "c" * 32 in stages(secrets),
        "UpdateSecretVersionStage": lambda: PENDING not in stages(secrets).get(OTHER, set()),
        "PutParameter": lambda: bool(ssm.get_parameters(Names=[PARAMETER])["Parameters"]),
    }[action]
    call: Callable[[], object] = {
        "PutSecretValue": lambda: put(secrets, "c" * 32),
        "UpdateSecretVersionStage": lambda: secrets.update_secret_version_stage(
            SecretId=SECRET, VersionStage=PENDING, RemoveFromVersionId=OTHER
        ),
        "PutParameter": lambda: ssm.put_parameter(Name=PARAMETER, Value="x", Type="SecureString"),
    }[action]
    world.faults.arm(fault)
    with pytest.raises(ConnectionClosedError):
        call()
    assert done() is fault.endswith("_reply_lost")
    world.clock.advance(timedelta(seconds=31))
    assert done() is (not fault.endswith("_lost") or fault.endswith("_reply_lost"))
    assert any(entry.name.endswith(action) for entry in world.record.entries())
