"""Parameter Store, both layouts: one call switches a pair, or the user name comes last."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest

from rotator.consumers.fields import Fields
from rotator.consumers.ssm_parameter import Layout, SsmParameter
from rotator.core.ports import Acknowledged, Arrived, Deadline, LoginRefused, Refused, Unknown
from rotator.core.smtp_credential import SmtpCredential
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.services.parameter_store import ParameterStore
from tests.contract.consumer_contract import CANARY, FIRST, ConsumerContract, Subject
from tests.contract.stores import NEWS, OLD, OTHER, Stored, endpoint_of, held, pair_in, text

PATH, REGION = "/prod/ses-smtp", "us-east-1"
PARTS = ("host", "port", "password", "username")


class Parameters(Stored):
    """One parameter or several, with an old pair."""

    lost, denied = "ssm_reply_lost", "ssm_denied"

    def __init__(self, world: World, layout: Layout = "json", **options: Any) -> None:
        super().__init__(world)
        self.layout = layout
        if layout == "json":
            self.make(PATH, text(OLD))
        else:
            for part in ("username", "password"):
                self.make(f"{PATH}/{part}", str(OLD[part]))
        kms_key = options.pop("kms_key", None)
        store = ParameterStore(session=AwsSession(), region=REGION, kms_key=kms_key)
        self.consumer = SsmParameter(
            name="store", endpoint=endpoint_of(world), store=store, path=PATH, layout=layout, **options
        )

    def make(self, name: str, value: str, type: str = "SecureString") -> None:
        """Somebody makes or changes a parameter."""
        self.client("ssm").put_parameter(Name=name, Value=value, Type=type, Overwrite=True)

    def values(self) -> dict[str, str]:
        """All parameters, as any application reads them."""
        client = self.client("ssm")
        found = client.get_parameters_by_path(Path="/prod", Recursive=True, WithDecryption=True)["Parameters"]
        return {one["Name"]: one["Value"] for one in found}

    def members(self) -> dict[str, Any]:
        """What readers get, whatever the layout."""
        values = self.values()
        if self.layout == "json":
            found: dict[str, Any] = json.loads(values[PATH])
            return found
        return {name.removeprefix(f"{PATH}/"): value for name, value in values.items()}

    def stored(self) -> SmtpCredential | None:
        """The pair that readers get."""
        return pair_in(self.members())

    def snapshot(self) -> object:
        """Values and versions."""
        found = self.client("ssm").get_parameters_by_path(Path="/prod", Recursive=True, WithDecryption=True)
        return [(one["Name"], one["Value"], one["Version"], one["Type"]) for one in found["Parameters"]]


@pytest.mark.parametrize("layout", get_args(Layout), scope="class")
class TestSsmParameter(ConsumerContract):
    """Both layouts keep the contract."""

    @pytest.fixture
    def subject(self, account: World, layout: Layout) -> Subject:
        """Parameters that somebody made."""
        return Parameters(account, layout)


@pytest.mark.parametrize("layout", get_args(Layout))
@pytest.mark.parametrize("fault", ["ssm_lost", "ssm_reply_lost", "ssm_500"])
def test_whatever_is_lost_the_same_push_again_ends_well(account: World, layout: Layout, fault: str) -> None:
    """An answer that is lost is unknown, and the repeat writes only what is missing."""
    subject = Parameters(account, layout)
    with subject.fault(fault):
        assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Unknown)
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.stored() == FIRST
    written = subject.calls()
    subject.consumer.push(FIRST, Deadline.after(20))
    assert subject.calls() == written


# What is late -> the layout, what somebody else has done of it already, and how it shows.
LATE: dict[str, tuple[Layout, bool, str]] = {
    "the object": ("json", False, "holds"),
    "the user name": ("path", True, "holds"),
    "the password": ("path", False, "canary"),
}


@pytest.mark.parametrize(("layout", "had_password", "shows"), LATE.values(), ids=LATE.keys())
def test_a_late_write_wins_and_is_found_out(account: World, layout: Layout, had_password: bool, shows: str) -> None:
    """Parameter Store takes an older write that comes late: the place says so, or its mail does, until told anew."""
    good = held(account)
    subject = Parameters(account, layout, canary_from=NEWS)
    assert isinstance(subject.consumer.push(good, Deadline.after(20)), Acknowledged)
    if had_password:
        subject.make(f"{PATH}/password", OTHER.password.reveal())
    with subject.fault("ssm_late"):
        assert isinstance(subject.consumer.push(OTHER, Deadline.after(20)), Unknown)
    assert isinstance(subject.consumer.push(good, Deadline.after(20)), Acknowledged)
    account.clock.advance(timedelta(minutes=1))
    if shows == "holds":
        assert subject.consumer.holds(Deadline.after(20)) == OTHER.key
    else:
        assert isinstance(subject.consumer.send(CANARY, Deadline.after(20)), LoginRefused)
    assert isinstance(subject.consumer.push(good, Deadline.after(20)), Acknowledged)
    assert isinstance(subject.consumer.send(CANARY, Deadline.after(20)), Arrived)


def test_other_members_stay(account: World) -> None:
    """Only our members change, and only one call is made."""
    subject = Parameters(account)
    before = len(subject.calls())
    subject.consumer.push(FIRST, Deadline.after(20))
    assert {"team": "mail", "n": [1, 2], "host": "127.0.0.1"}.items() <= subject.members().items()
    assert subject.calls()[before:] == ["PutParameter"]


def test_a_missing_parameter_is_made_secret(account: World) -> None:
    """What was not there is a SecureString, under the configured key."""
    subject = Parameters(account, "path", kms_key="alias/mail")
    subject.client("ssm").delete_parameters(Names=[f"{PATH}/username", f"{PATH}/password"])
    assert list(subject.consumer.preflight(Deadline.after(20))) == []
    subject.consumer.push(FIRST, Deadline.after(20))
    found = subject.client("ssm").describe_parameters()["Parameters"]
    assert {one["Name"]: (one["Type"], one["KeyId"]) for one in found} == dict.fromkeys(
        [f"{PATH}/{part}" for part in PARTS], ("SecureString", "alias/mail")
    )


def test_the_user_name_is_written_last(account: World) -> None:
    """It names the new key only once everything else is there."""
    subject = Parameters(account, "path")
    before = account.record.count()
    subject.consumer.push(FIRST, Deadline.after(20))
    written = [entry.detail for entry in account.record.entries(before) if entry.name == "ssm:PutParameter"]
    assert written == [f"{PATH}/{part}" for part in PARTS]


@pytest.mark.parametrize("writes", range(len(PARTS)))
def test_a_half_written_path_never_passes_for_a_whole_one(account: World, writes: int) -> None:
    """Wherever the writing stops, what is read back is the old key, and the next push completes it."""
    subject = Parameters(account, "path")
    subject.consumer.push(FIRST, Deadline.after(20, StopsAfter(account, writes)))
    assert subject.consumer.holds(Deadline.after(20)) == OLD["username"]
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.consumer.holds(Deadline.after(20)) == FIRST.key


class StopsAfter:
    """A clock that runs out once the world has seen so many more writes."""

    def __init__(self, world: World, writes: int) -> None:
        self._world, self._writes, self._since = world, writes, world.record.count()

    def __call__(self) -> float:
        seen = [one for one in self._world.record.entries(self._since) if one.name == "ssm:PutParameter"]
        return 1e9 if len(seen) >= self._writes and self._world.record.count() > self._since else 0.0


def test_a_path_keeps_plain_parameters_plain(account: World) -> None:
    """A host in a String stays one: Parameter Store changes no type."""
    subject = Parameters(account, "path")
    subject.make(f"{PATH}/host", "smtp.example.org", "String")
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    found = subject.client("ssm").get_parameter(Name=f"{PATH}/host")["Parameter"]
    assert (found["Type"], found["Value"]) == ("String", "127.0.0.1")


def test_parts_are_called_as_configured(account: World) -> None:
    """Names are the reader's; what has no name is not written."""
    fields = Fields(username="user", password="pass", host=None, port=None, region="region")
    subject = Parameters(account, "path", fields=fields)
    subject.consumer.push(FIRST, Deadline.after(20))
    expected = {"user": FIRST.key, "pass": FIRST.password.reveal(), "region": REGION}
    assert expected.items() <= subject.members().items()
    assert subject.consumer.holds(Deadline.after(20)) == FIRST.key


def in_clear(subject: Parameters) -> None:
    """The password would stand in a plain String."""
    name = PATH if subject.layout == "json" else f"{PATH}/password"
    subject.client("ssm").delete_parameter(Name=name)
    subject.make(name, text(OLD), "String")


def no_json(subject: Parameters) -> None:
    """The value is not JSON."""
    subject.make(PATH, "plain words")


def denied(subject: Parameters) -> None:
    """The program's role may not read it."""
    subject.world.faults.arm("ssm_denied", 9)


BROKEN: dict[str, tuple[Layout, Callable[[Parameters], None], str]] = {
    "a JSON object in clear text": ("json", in_clear, "parameter-form"),
    "a password in clear text": ("path", in_clear, "parameter-form"),
    "no JSON": ("json", no_json, "parameter-form"),
    "no permission": ("json", denied, "access"),
    "no permission for a path": ("path", denied, "access"),
}


@pytest.mark.parametrize(("layout", "broken", "id"), BROKEN.values(), ids=BROKEN.keys())
def test_what_a_push_would_meet_is_found_beforehand(
    account: World, layout: Layout, broken: Callable[[Parameters], None], id: str
) -> None:
    """The preflight names it with its cure, and the push is refused and writes nothing."""
    subject = Parameters(account, layout)
    broken(subject)
    before = len(subject.calls())
    (problem,) = subject.consumer.preflight(Deadline.after(20))
    assert problem.id == id
    assert problem.fix
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Refused)
    assert len(subject.calls()) == before


def test_throttled_reads_are_repeated(account: World) -> None:
    """A read that was turned away is asked again."""
    subject = Parameters(account)
    with subject.fault("ssm_throttled", 2):
        assert subject.consumer.holds(Deadline.after(20)) == OLD["username"]


@pytest.mark.parametrize("layout", get_args(Layout))
def test_a_service_that_hangs_is_left_before_the_deadline(account: World, layout: Layout) -> None:
    """No request outlives its step; the repeat ends well."""
    subject, deadline = Parameters(account, layout), Deadline.after(2)
    account.record.hold("ssm:PutParameter", "before")
    answer = subject.consumer.push(FIRST, deadline)
    assert not deadline.over
    account.record.release()
    assert isinstance(answer, Unknown)
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(20)), Acknowledged)
    assert subject.stored() == FIRST


@pytest.mark.parametrize("layout", get_args(Layout))
def test_the_canary_logs_in_with_what_readers_get(account: World, layout: Layout) -> None:
    """A mail is sent with exactly what is stored; a password that SES refuses is told as such."""
    subject = Parameters(account, layout, canary_from=NEWS)
    assert subject.consumer.traits.sends
    subject.consumer.push(held(account), Deadline.after(20))
    assert isinstance(subject.consumer.send(CANARY, Deadline.after(20)), Arrived)
    subject.consumer.push(FIRST, Deadline.after(20))
    assert isinstance(subject.consumer.send(CANARY, Deadline.after(20)), LoginRefused)
