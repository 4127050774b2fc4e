"""The world as a whole: how it starts, what it refuses, how it is controlled, that it can be replayed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from botocore.exceptions import EndpointConnectionError, HTTPClientError

from rotator.sandbox.client import Sandbox, SandboxError
from rotator.sandbox.faults import KNOWN, UnknownFault
from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.world import World
from tests.sandbox.clients import USER, Dialogue, aws, first_key, logged_in, try_login
from tests.sandbox.conftest import AWS_ALONE, MakeWorld

IMPOSSIBLE: dict[str, tuple[Scenario, str]] = {
    "three keys": (replace(AWS_ALONE, keys=(InitialKey(),) * 3), "3 keys: an IAM user has at most 2"),
    "a key from the future": (replace(AWS_ALONE, keys=(InitialKey(-1, last_used_hours=None),)), "from the future"),
    "used before it was made": (replace(AWS_ALONE, keys=(InitialKey(1, last_used_hours=48),)), "before it was made"),
    "a short account id": (replace(AWS_ALONE, account="123"), "not 12 digits"),
    "a user name with a slash": (replace(AWS_ALONE, user="ses/jada"), "does not allow the user name"),
    "a path without its slashes": (replace(AWS_ALONE, path="ses"), "does not allow the path"),
    "aliases without a key": (Scenario(keys=(InitialKey(status="Inactive"),)), "no Active key for them"),
}


@pytest.mark.parametrize(("scenario", "why"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_world_is_refused(make_world: MakeWorld, scenario: Scenario, why: str) -> None:
    """A test that starts from what cannot be proves nothing, so it cannot start."""
    with pytest.raises(ValueError, match=f"impossible world: .*{why}"):
        make_world(scenario)


def test_an_unknown_fault_is_refused_with_the_known(make_world: MakeWorld) -> None:
    """A misspelt fault would be a test that tests nothing."""
    with pytest.raises(UnknownFault, match="create_replies_lost.*known: .*create_reply_lost"):
        make_world(faults={"create_replies_lost": 1})


def test_the_default_key_is_overdue_and_in_use(world: World) -> None:
    """The story starts with one Active key of 97 days that was used some hours ago."""
    iam, key = aws(world, "iam"), first_key(world)
    (row,) = iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]
    assert (row["AccessKeyId"], row["Status"]) == (key.id, "Active")
    assert (world.clock.now() - row["CreateDate"]).days == 97
    used = iam.get_access_key_last_used(AccessKeyId=key.id)["AccessKeyLastUsed"]["LastUsedDate"]
    assert timedelta(hours=4) < world.clock.now() - used < timedelta(hours=6)


def test_files_are_private(world: World) -> None:
    """Keys, passwords and configuration are born 0600, their folders 0700."""
    for path in world.place.directory.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE(world.place.directory.stat().st_mode) == 0o700


def test_the_relays_file_holds_a_login_that_works(world: World) -> None:
    """The world starts with mail flowing: what the relay's file holds is accepted."""
    hop, _, pair = world.place.sasl_passwd.read_text().strip().partition(" ")
    username, _, password = pair.partition(":")
    assert hop == f"[127.0.0.1]:{world.smtp.port}"
    assert try_login(world, username, password).startswith("235")


def test_the_configuration_names_this_world(world: World) -> None:
    """The sample file leads to this world's port, CA and files."""
    document = yaml.safe_load(world.place.config.read_text())
    user = document["users"][0]
    (endpoint,) = user["endpoints"]
    assert (user["name"], user["account"]) == (USER, "123456789012")
    assert (endpoint["host"], endpoint["port"]) == ("127.0.0.1", world.smtp.port)
    assert Path(endpoint["ca_file"]).read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    assert {consumer["path"] for consumer in user["consumers"]} == {str(world.place.sasl_passwd)}


def test_the_environment_is_enough_for_a_stranger(world: World) -> None:
    """A process with these variables, and no word of the sandbox, finds its way."""
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    environment = {"PATH": os.environ["PATH"], "HOME": str(world.place.directory), **world.environment()}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "arn:aws:iam::123456789012:user/sandbox-admin"


def test_two_worlds_in_one_process_share_nothing(make_world: MakeWorld) -> None:
    """Users, keys and other services of one world are unknown in the other."""
    one, two = make_world(seed=1, calm=True), make_world(seed=2, calm=True)
    aws(one, "iam").create_user(UserName="only-here")
    aws(one, "secretsmanager").create_secret(Name="only/here", SecretString="x")
    names = [user["UserName"] for user in aws(two, "iam").list_users()["Users"]]
    assert sorted(names) == [USER, "sandbox-admin"]
    assert aws(two, "secretsmanager").list_secrets()["SecretList"] == []
    assert first_key(one).id != first_key(two).id


def test_the_same_seed_makes_the_same_world(make_world: MakeWorld) -> None:
    """A failure can be replayed: ids, secrets and lags follow from the seed."""
    worlds = [make_world(seed=7) for _ in range(2)]
    assert len({first_key(world).secret for world in worlds}) == 1
    assert len({tuple(front.name for front in world.smtp.fronts) for world in worlds}) == 1


def test_secrets_lists_everything_that_must_not_leak(world: World) -> None:
    """A leak test greps for the keys' secrets and for the passwords that follow from them."""
    key = world.keys.create(USER)
    secrets = world.secrets()
    assert {key.secret, world.password_of(key), world.environment()["AWS_SECRET_ACCESS_KEY"]} <= set(secrets)


def test_no_secret_is_in_the_record_or_on_the_control_port(world: World) -> None:
    """The record and the controls name keys by id alone."""
    iam = aws(world, "iam")
    iam.create_access_key(UserName=USER)
    with logged_in(world):
        shown = json.dumps([Sandbox(world.admin_url).record(), Sandbox(world.admin_url).keys()])
    assert first_key(world).id in shown
    assert [secret for secret in world.secrets() if secret in shown] == []


def test_stopping_frees_the_ports(make_world: MakeWorld) -> None:
    """After the world has ended nobody answers."""
    world = make_world(calm=True)
    world.stop()
    with pytest.raises(EndpointConnectionError):
        aws(world, "sts").get_caller_identity()
    with pytest.raises(ConnectionError):
        Dialogue(world)


def test_the_controls_control(world: World) -> None:
    """Every control of the port does what its method says."""
    sandbox = Sandbox(world.admin_url)
    before = sandbox.now()
    assert sandbox.advance(72 * 3600) - before >= timedelta(hours=72)
    assert sandbox.arm(throttled=2) == {"throttled": 2} == sandbox.armed()
    assert sandbox.known_faults() == KNOWN
    stranger = sandbox.create_key()
    sandbox.set_key_status(stranger, "Inactive")
    rows = sandbox.keys()
    assert (rows[1]["key"], rows[1]["status"]) == (stranger, "Inactive")
    sandbox.set_key_status(stranger, "Deleted")
    assert len(sandbox.keys()) == 1
    assert sandbox.creations() == 3  # the admin's, the user's, the stranger's
    with logged_in(world) as dialogue:
        dialogue.send("news@queenofsandiego.com", "a@b.org")
    assert "From: news@queenofsandiego.com" in sandbox.mail("a@b.org")[0]
    assert [call["name"] for call in sandbox.record()] == ["AUTH", "DATA"]
    assert [call["name"] for call in sandbox.record(since=1)] == ["DATA"]


MISUSES: dict[str, tuple[Callable[[Sandbox], object], str]] = {
    "an unknown fault": (lambda sandbox: sandbox.arm(no_such=1), "unknown fault 'no_such'"),
    "time running back": (lambda sandbox: sandbox.advance(-1), "only moves forward"),
    "a status that does not exist": (lambda sandbox: sandbox.set_key_status("AKIA", "Foo"), "status is Active"),
    "a key that is not there": (lambda sandbox: sandbox.set_key_status("AKIA", "Inactive"), "no such key: AKIA"),
    "a third key": (lambda sandbox: [sandbox.create_key() for _ in range(2)], "two keys"),
    "holding beside the call": (lambda sandbox: sandbox.hold(0, "during"), "before or after"),
    "pasting without Gmail": (lambda sandbox: sandbox.paste("a", "b", "c", "d", "e", 1), "this world has no Gmail"),
}


@pytest.mark.parametrize(("misuse", "why"), MISUSES.values(), ids=MISUSES.keys())
def test_a_wrong_control_is_refused_with_a_reason(world: World, misuse: Callable[[Sandbox], object], why: str) -> None:
    """The control port answers nonsense with a sentence."""
    with pytest.raises(SandboxError, match=why):
        misuse(Sandbox(world.admin_url))


def test_the_client_talks_to_loopback_only() -> None:
    """A control meant for a sandbox is never sent to anything else."""
    for url in ("https://127.0.0.1:1", "http://example.org", "http://127.0.0.1.example.org"):
        with pytest.raises(ValueError, match="is not a sandbox"):
            Sandbox(url)


@pytest.mark.parametrize(("when", "keys"), [("before", 1), ("after", 2)])
def test_a_call_can_be_held_before_and_after_its_effect(world: World, when: str, keys: int) -> None:
    """A held create has had its effect or not, and gets no answer when it is let go."""
    sandbox, iam = Sandbox(world.admin_url), aws(world, "iam")
    sandbox.hold(world.record.count(), when)
    failed = threading.Event()

    def create() -> None:
        try:
            iam.create_access_key(UserName=USER)
        except HTTPClientError:
            failed.set()

    thread = threading.Thread(target=create)
    thread.start()
    assert sandbox.held() == 0
    assert len(world.keys.now_held(USER)) == keys
    sandbox.release()
    thread.join(10)
    assert failed.is_set()
    assert world.record.entries()[0].outcome == f"dropped {when} its effect"


@pytest.mark.parametrize(("when", "mails"), [("before", 0), ("after", 1)])
def test_a_mail_can_be_held_before_and_after_its_delivery(world: World, when: str, mails: int) -> None:
    """A breakpoint at DATA holds the mail back or the reply, and other clients go on."""
    key, sandbox = first_key(world), Sandbox(world.admin_url)
    replies: list[str] = []
    with logged_in(world) as dialogue:
        sandbox.hold(world.record.count(), when)
        thread = threading.Thread(target=lambda: replies.append(dialogue.send("news@queenofsandiego.com", "a@b.org")))
        thread.start()
        assert sandbox.held() == 1
        assert world.mailboxes.count() == mails
        assert try_login(world, key.id, world.password_of(key)).startswith("235")
        sandbox.release()
        thread.join(10)
    assert replies == ["closed"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_login_can_be_held(world: World, when: str) -> None:
    """A breakpoint at AUTH closes the connection without a reply; last-used has moved only after it."""
    key, sandbox = world.keys.create(USER), Sandbox(world.admin_url)
    sandbox.hold(0, when)
    replies: list[str] = []
    thread = threading.Thread(target=lambda: replies.append(try_login(world, key.id, world.password_of(key))))
    thread.start()
    assert sandbox.held() == 0
    sandbox.release()
    thread.join(10)
    assert replies == ["closed"]
    assert len(key.uses) == (1 if when == "after" else 0)


def test_a_world_ends_while_a_call_is_held(make_world: MakeWorld) -> None:
    """Ending the world lets go of whatever was held, at once."""
    world = make_world(calm=True)
    world.record.hold(0, "before")
    iam = aws(world, "iam")

    def create() -> None:
        with suppress(HTTPClientError):
            iam.create_access_key(UserName=USER)

    thread = threading.Thread(target=create)
    thread.start()
    assert world.record.wait_until_held(10) == 0
    world.stop()
    thread.join(10)
    assert not thread.is_alive()
