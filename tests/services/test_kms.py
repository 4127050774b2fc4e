"""A seal key wrapped by KMS: unwrapped only by its key, with its context, and told apart when it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.core.errors import SealError
from rotator.journal.sealing import KeyFileSeal, Place
from rotator.journal.wrapped_key import create_wrapped_key, load_wrapped_key
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.services.kms import KmsKey
from tests.sandbox.clients import aws

WHERE = Place("123456789012", "jada-ses-smtp", "AKIA" + "2" * 16, "us-east-1")


def make_key(world: World) -> str:
    """A new KMS key of the world; its ARN."""
    arn: str = aws(world, "kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def key(world: World) -> KmsKey:
    """A KMS key of the world."""
    return KmsKey(session=AwsSession(), arn=make_key(world))


@pytest.fixture
def file(tmp_path: Path, key: KmsKey) -> Path:
    """A wrapped seal key."""
    path = tmp_path / "state" / "journal.db.seal.json"
    create_wrapped_key(path, key)
    return path


def test_it_opens_what_it_sealed(tmp_path: Path, key: KmsKey) -> None:
    """The next process gets the same key from KMS."""
    path = tmp_path / "state" / "seal.json"
    sealed = create_wrapped_key(path, key).seal(b"a secret", WHERE)
    again = load_wrapped_key(path, key)
    assert again.open(sealed, WHERE) == b"a secret"


def test_the_file_holds_no_secret_and_is_private(file: Path, world: World, key: KmsKey) -> None:
    """What lies beside the journal is of no use without KMS."""
    content = file.read_bytes()
    document = json.loads(content)
    assert document["wrapped_by"] == key.name
    assert document["context"]["purpose"] == "rotator-journal-seal"
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SealError):
        KeyFileSeal.load(file)


def test_kms_is_asked_once_a_process_and_never_to_seal(file: Path, world: World, key: KmsKey) -> None:
    """A new secret is sealed without a network: between CreateAccessKey and the journal nothing may fail."""
    before = world.record.count()
    seal = load_wrapped_key(file, key)
    world.stop()
    assert seal.open(seal.seal(b"a secret", WHERE), WHERE) == b"a secret"
    assert [entry.name for entry in world.record.entries(before)] == ["kms:Decrypt"]


def test_an_existing_file_is_never_overwritten(file: Path, key: KmsKey) -> None:
    """It is the only way to the secrets of its journal."""
    before = file.read_bytes()
    with pytest.raises(SealError, match="never overwritten"):
        create_wrapped_key(file, key)
    assert file.read_bytes() == before


def other_context(document: dict[str, object]) -> None:
    """The context was changed."""
    document["context"] = {"purpose": "rotator-journal-seal", "journal": "another"}


def other_ciphertext(document: dict[str, object]) -> None:
    """The wrapped key was changed."""
    document["key"] = "AAAA" + str(document["key"])[4:]


def other_wrapper(document: dict[str, object]) -> None:
    """It says that another key wrapped it."""
    document["wrapped_by"] = "arn:aws:kms:us-east-1:123456789012:key/other"


def newer(document: dict[str, object]) -> None:
    """A newer program wrote it."""
    document["format"] = 2


def no_key(document: dict[str, object]) -> None:
    """The wrapped key is missing."""
    del document["key"]


CHANGES = {change.__doc__: change for change in (other_context, other_ciphertext, other_wrapper, newer, no_key)}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_file_is_refused(file: Path, key: KmsKey, change: Callable[[dict[str, object]], None]) -> None:
    """No other key is ever taken for the journal's."""
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))
    with pytest.raises(SealError):
        load_wrapped_key(file, key)


def test_another_kms_key_does_not_open_it(file: Path, world: World) -> None:
    """The configuration names the wrong key: both are told."""
    other = KmsKey(session=AwsSession(), arn=make_key(world))
    with pytest.raises(SealError, match="the configuration names"):
        load_wrapped_key(file, other)


FAULTS = {"kms_500": 1, "kms_disabled": 1}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_kms_that_does_not_answer_is_told(file: Path, world: World, key: KmsKey, fault: str) -> None:
    """The journal stays shut, with the reason and the page."""
    world.faults.arm(fault)
    with pytest.raises(SealError) as caught:
        load_wrapped_key(file, key)
    assert caught.value.id == "seal-kms"
    assert caught.value.runbook.startswith("runbooks/restore.md")


def test_the_context_is_part_of_the_permission(file: Path, world: World, key: KmsKey, tmp_path: Path) -> None:
    """A role that may use the key for our seal alone opens the seal, and nothing else that the key encrypted."""
    policy = {
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": [key.name],
        "Condition": {"StringEquals": {"kms:EncryptionContext:purpose": "rotator-journal-seal"}},
    }
    caller = world.add_caller("rotator", {"Version": "2012-10-17", "Statement": [policy]})
    foreign = aws(world, "kms").encrypt(KeyId=key.name, Plaintext=b"x" * 32, EncryptionContext={"purpose": "other"})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", caller.id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", caller.secret)
        bounded = KmsKey(session=AwsSession(), arn=key.name)
        load_wrapped_key(file, bounded)
        with pytest.raises(SealError, match="AccessDenied"):
            bounded.unwrap(foreign["CiphertextBlob"], {"purpose": "other"})
