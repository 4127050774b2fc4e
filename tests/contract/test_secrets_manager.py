"""A secret of Secrets Manager, staged: readers see the old pair or the new one, whatever is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rotator.consumers.fields import Fields
from rotator.consumers.secrets_manager import SecretsManager
from rotator.core.ports import Acknowledged, Arrived, Deadline, LoginRefused, Refused, Unknown
from rotator.core.smtp_credential import SmtpCredential
from rotator.sandbox.moto_values import StoredSecret
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.services.secrets_manager import SecretStore
from tests.contract.consumer_contract import CANARY, FIRST, ConsumerContract, Subject
from tests.contract.stores import NEWS, OLD, OTHER, Stored, endpoint_of, held, pair_in, text

NAME, REGION = "prod/ses-smtp", "us-east-1"


class OneSecret(Stored):
    """A secret with an old pair and members of other people."""

    lost, denied = "asm_stage_reply_lost", "asm_denied"

    def __init__(self, world: World, value: str | None = text(OLD), **options: Any) -> None:
        super().__init__(world)
        self.client("secretsmanager").create_secret(Name=NAME, **({"SecretString": value} if value else {}))
        store = SecretStore(session=AwsSession(), secret_id=NAME, region=REGION)
        self.consumer = SecretsManager(name="store", endpoint=endpoint_of(world), store=store, **options)

    @property
    def secret(self) -> StoredSecret:
        """The secret in truth."""
        found = self.world.moto.secret(REGION, NAME)
        assert found is not None
        return found

    def with_label(self, label: str) -> str:
        """The version that has the label; empty if none has."""
        (version,) = [one for one, labels in self.secret.stages.items() if label in labels] or [""]
        return version

    def current(self) -> dict[str, Any]:
        """The members that readers get, asked as any application asks."""
        reply = self.client("secretsmanager").get_secret_value(SecretId=NAME)
        members: dict[str, Any] = json.loads(reply["SecretString"])
        return members

    def stored(self) -> SmtpCredential | None:
        """The pair that readers get."""
        return pair_in(self.current())

    def snapshot(self) -> object:
        """All versions, values and labels."""
        return self.secret


class TestSecretsManager(ConsumerContract):
    """It keeps the contract."""

    @pytest.fixture
    def subject(self, account: World) -> Subject:
        """A secret that somebody made."""
        return OneSecret(account)


@pytest.fixture
def subject(account: World) -> OneSecret:
    """The same outside the suite."""
    return OneSecret(account)


def test_the_stages_after_a_push(subject: OneSecret) -> None:
    """The new version is AWSCURRENT, the old one AWSPREVIOUS with its value, and AWSPENDING is on neither."""
    before = subject.with_label("AWSCURRENT")
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    after = subject.with_label("AWSCURRENT")
    assert after.startswith("rotator-")
    assert subject.with_label("AWSPREVIOUS") == before
    assert subject.with_label("AWSPENDING") == ""
    assert json.loads(subject.secret.texts[before] or "") == OLD
    assert subject.calls() == ["PutSecretValue", "UpdateSecretVersionStage", "UpdateSecretVersionStage"]


def test_other_members_stay(subject: OneSecret) -> None:
    """Only our members change."""
    subject.consumer.push(FIRST, Deadline.after(20))
    assert {"team": "mail", "n": [1, 2], "host": "127.0.0.1", "port": subject.world.smtp.port}.items() <= (
        subject.current().items()
    )


def test_members_are_called_as_configured(account: World) -> None:
    """Names are the reader's; what has no name is not written."""
    fields = Fields(username="user", password="pass", host=None, port=None, security="tls", region="where")
    subject = OneSecret(account, "{}", fields=fields)
    subject.consumer.push(FIRST, Deadline.after(20))
    expected = {"user": FIRST.key, "pass": FIRST.password.reveal(), "tls": "starttls", "where": REGION}
    assert subject.current() == expected
    assert subject.consumer.holds(Deadline.after(20)) == FIRST.key


def test_a_secret_without_a_value_gets_its_first(account: World) -> None:
    """A new place is fed like any other."""
    subject = OneSecret(account, None)
    assert list(subject.consumer.preflight(Deadline.after(20))) == []
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.stored() == FIRST
    assert subject.with_label("AWSPENDING") == ""


# fault -> do readers have the new pair when the answer is lost
LOST = {
    "asm_put_lost": False,
    "asm_put_reply_lost": False,
    "asm_stage_lost": False,
    "asm_stage_reply_lost": True,
    "asm_500": False,
}


@pytest.mark.parametrize(("fault", "moved"), LOST.items(), ids=LOST)
def test_whatever_is_lost_the_same_push_again_ends_well(subject: OneSecret, fault: str, moved: bool) -> None:
    """An answer that is lost is unknown, readers have a whole pair, and the repeat makes no second version."""
    with subject.fault(fault):
        assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Unknown)
    assert subject.stored() == (FIRST if moved else pair_in(OLD))
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.stored() == FIRST
    assert subject.with_label("AWSPENDING") == ""
    assert len(subject.secret.texts) == 2


def test_only_the_last_label_may_be_missing(subject: OneSecret) -> None:
    """If taking AWSPENDING off is lost readers have the pair, and the next push tidies up without a new version."""
    subject.consumer.push(FIRST, Deadline.after(20))
    version = subject.with_label("AWSCURRENT")
    change = subject.client("secretsmanager").update_secret_version_stage
    change(SecretId=NAME, VersionStage="AWSPENDING", MoveToVersionId=version)
    with subject.fault("asm_stage_lost"):
        assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Unknown)
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.with_label("AWSPENDING") == ""
    assert subject.with_label("AWSCURRENT") == version


def test_a_late_move_cannot_undo_a_newer_one(subject: OneSecret) -> None:
    """A move that arrives after the next rotation's fails: it names the version it wanted to replace."""
    with subject.fault("asm_stage_late"):
        assert isinstance(subject.consumer.push(OTHER, Deadline.after(20)), Unknown)
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    subject.world.clock.advance(timedelta(minutes=1))
    assert subject.consumer.holds(Deadline.after(20)) == FIRST.key
    assert subject.stored() == FIRST


def test_a_change_by_somebody_else_in_between_is_kept(subject: OneSecret) -> None:
    """A push that was interrupted goes on from what the secret holds by then."""
    with subject.fault("asm_stage_lost"):
        subject.consumer.push(FIRST, Deadline.after(20))
    subject.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=text(OLD | {"team": "web"}))
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.current()["team"] == "web"
    assert subject.stored() == FIRST


def test_a_consumer_that_was_put_back_is_pushed_again(subject: OneSecret) -> None:
    """The same pair on the same old version is the same version: it is made current once more."""
    subject.consumer.push(FIRST, Deadline.after(20))
    new, old = subject.with_label("AWSCURRENT"), subject.with_label("AWSPREVIOUS")
    move = subject.client("secretsmanager").update_secret_version_stage
    move(SecretId=NAME, VersionStage="AWSCURRENT", RemoveFromVersionId=new, MoveToVersionId=old)
    assert subject.consumer.holds(Deadline.after(20)) == OLD["username"]
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.with_label("AWSCURRENT") == new


def test_throttled_reads_are_repeated_and_writes_are_not(subject: OneSecret) -> None:
    """A read that was turned away is asked again; the world sees each write once."""
    with subject.fault("asm_throttled", 2):
        assert subject.consumer.holds(Deadline.after(20)) == OLD["username"]
    with subject.fault("asm_put_reply_lost"):
        subject.consumer.push(FIRST, Deadline.after(20))
    assert subject.calls() == ["PutSecretValue"]


def pending(subject: OneSecret) -> None:
    """Somebody else's rotation is under way."""
    subject.client("secretsmanager").put_secret_value(
        SecretId=NAME, SecretString=text(OLD), VersionStages=["AWSPENDING"]
    )


def deleted(subject: OneSecret) -> None:
    """The secret is scheduled for deletion."""
    subject.client("secretsmanager").delete_secret(SecretId=NAME)


def gone(subject: OneSecret) -> None:
    """There is no such secret."""
    subject.client("secretsmanager").delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)


def no_json(subject: OneSecret) -> None:
    """The value is not JSON."""
    subject.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString="plain words")


def no_object(subject: OneSecret) -> None:
    """The value is JSON, but a list."""
    subject.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString="[1]")


def binary(subject: OneSecret) -> None:
    """The value is binary."""
    subject.client("secretsmanager").put_secret_value(SecretId=NAME, SecretBinary=b"\x00")


def denied(subject: OneSecret) -> None:
    """The program's role may not read it."""
    subject.world.faults.arm("asm_denied", 9)


BROKEN = {
    "secret-pending": pending,
    "secret-deleted": deleted,
    "secret-missing": gone,
    "secret-not-json": no_json,
    "secret-not-json (a list)": no_object,
    "secret-not-json (binary)": binary,
    "access": denied,
}


@pytest.mark.parametrize(("id", "broken"), BROKEN.items(), ids=BROKEN)
def test_what_a_push_would_meet_is_found_beforehand(
    subject: OneSecret, id: str, broken: Callable[[OneSecret], None]
) -> None:
    """The preflight names it with its cure, and the push is refused and writes nothing."""
    broken(subject)
    before = len(subject.calls())
    (problem,) = subject.consumer.preflight(Deadline.after(20))
    assert problem.id == id.partition(" ")[0]
    assert problem.fix
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Refused)
    assert len(subject.calls()) == before


def test_our_own_unfinished_version_is_no_stranger(subject: OneSecret) -> None:
    """A pending version that an abandoned run left does not stand in the way of the next key."""
    with subject.fault("asm_stage_lost"):
        subject.consumer.push(OTHER, Deadline.after(20))
    assert subject.with_label("AWSPENDING").startswith("rotator-")
    assert list(subject.consumer.preflight(Deadline.after(20))) == []
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)


def test_the_canary_logs_in_with_what_readers_get(account: World) -> None:
    """A mail is sent with exactly the current version; a password that SES refuses is told as such."""
    subject = OneSecret(account, canary_from=NEWS)
    assert subject.consumer.traits.sends
    subject.consumer.push(held(account), Deadline.after(20))
    assert isinstance(subject.consumer.send(CANARY, Deadline.after(20)), Arrived)
    subject.consumer.push(FIRST, Deadline.after(20))
    assert isinstance(subject.consumer.send(CANARY, Deadline.after(20)), LoginRefused)


def test_a_service_that_cannot_be_reached_is_unknown(subject: OneSecret) -> None:
    """No answer says nothing about what the secret holds."""
    subject.world.stop()
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(5)), Unknown)
    assert isinstance(subject.consumer.holds(Deadline.after(5)), Unknown)


@pytest.mark.parametrize("call", ["GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"])
def test_a_service_that_hangs_is_left_before_the_deadline(subject: OneSecret, call: str) -> None:
    """No request outlives its step, so a late effect cannot meet the next rotation; the repeat ends well."""
    deadline = Deadline.after(2)
    subject.world.record.hold(f"secretsmanager:{call}", "before")
    answer = subject.consumer.push(FIRST, deadline)
    assert not deadline.over
    subject.world.record.release()
    assert isinstance(answer, Unknown)
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.stored() == FIRST
