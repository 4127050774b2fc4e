"""What the rest of the program sees: resolved values, and what a consumer can do."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import Any, get_args

import pytest

from rotator.config.json_schema import schema
from rotator.config.kinds import Consumer, CredentialFile, GmailSendAs, Human, SecretsManager
from rotator.config.model import EndpointSettings
from rotator.config.settings import effective
from rotator.core.errors import ConfigurationError
from rotator.core.hosts import SIMULATOR
from rotator.core.parts import Parts
from rotator.core.policy import DAY_S, HOUR_S, ConsumerKind, Policy, Traits
from rotator.services.smtp import SesEndpoint
from tests.config.samples import NINE_LINES, TRUST, full, load

ALIAS = {"type": "gmail_send_as", "name": "c", "mailbox": "m@x", "alias": "a@y"}
FILE = {"type": "credential_file", "name": "c", "path": "/p", "format": "env"}
SECRET = {"type": "secrets_manager", "name": "c", "secret_id": "prod/ses-smtp"}
HOOK = {"type": "command", "name": "c", "push": ["/srv/nowhere/push"]}

CONSUMERS: dict[str, tuple[dict[str, Any], dict[str, bool]]] = {
    "an alias without credentials: a person pastes and attests": (ALIAS, {"by_hand": True}),
    "an alias with a user token: a person pastes, we send": (
        ALIAS | {"credentials": {"authorized_user": "/t"}},
        {"by_hand": True, "sends": True},
    ),
    "an alias with a service account: we write and send": (
        ALIAS | {"credentials": {"service_account": "/t"}},
        {"sends": True},
    ),
    "an alias with a service account without a key file: we write and send": (
        ALIAS | {"credentials": {"impersonate": "rotator@project.iam.gserviceaccount.com"}},
        {"sends": True},
    ),
    "a file: read back": (FILE, {"reads_back": True}),
    "a file with a sender: read back, and we send with what it holds": (
        FILE | {"canary_from": "a@y"},
        {"reads_back": True, "sends": True},
    ),
    "a secret: read back": (SECRET, {"reads_back": True}),
    "a secret with a sender: we send with what it holds": (
        SECRET | {"canary_from": "a@y"},
        {"reads_back": True, "sends": True},
    ),
    "a parameter: read back": ({"type": "ssm_parameter", "name": "c", "path": "/p"}, {"reads_back": True}),
    "a program: an answer is all there is": (HOOK, {}),
    "a program with a check: read back": (HOOK | {"check": ["/srv/nowhere/check"]}, {"reads_back": True}),
    "a person": ({"type": "human", "name": "c", "instructions": "x"}, {"by_hand": True}),
}


def _with(*consumers: dict[str, Any], **more: Any) -> str:
    user = {"name": "u", "account": "123456789012", "region": "us-east-1", "consumers": list(consumers)} | more
    return json.dumps({"version": 1, "users": [user]})


@pytest.mark.parametrize(("consumer", "traits"), CONSUMERS.values(), ids=CONSUMERS.keys())
def test_a_kind_and_its_credentials_decide_what_a_consumer_can_do(
    consumer: dict[str, Any], traits: dict[str, Any]
) -> None:
    """The rules know nothing else of it."""
    configuration = load(_with(consumer))
    policy = configuration.policy_for(configuration.user("u"))
    assert policy.consumers == (Traits(name="c", kind=consumer["type"], endpoint="us-east-1", **traits),)


@pytest.mark.parametrize(("consumer", "traits"), CONSUMERS.values(), ids=CONSUMERS.keys())
def test_a_rotation_begins_earlier_where_a_person_is_needed(consumer: dict[str, Any], traits: dict[str, bool]) -> None:
    """60 days with a person, 80 without; one such consumer is enough."""
    days = 60 if traits.get("by_hand") else 80
    assert load(_with(consumer)).user("u").rotate_at_s == days * DAY_S
    mixed = _with(FILE | {"name": "d", "path": "/d"}, consumer)
    assert load(mixed).user("u").rotate_at_s == days * DAY_S


def test_the_nine_lines_give_the_defaults() -> None:
    """Every time of the rotation, every default."""
    configuration = load(NINE_LINES)
    assert configuration.policy_for(configuration.user(None)) == Policy(
        user="jada-ses-smtp",
        account="123456789012",
        consumers=(Traits("admin-alias", "gmail_send_as", "us-east-1", by_hand=True),),
        sole_creator=True,
        max_age_s=90 * DAY_S,
        rotate_at_s=60 * DAY_S,
        grace_s=72 * HOUR_S,
        quiet_s=24 * HOUR_S,
        watch_s=7 * DAY_S,
        open_alarm_s=48 * HOUR_S,
    )
    assert (configuration.state, configuration.seal_key_file) == (
        "/var/lib/rotator/journal.db",
        "/var/lib/rotator/seal.key",
    )
    user = configuration.user(None)
    assert (user.verify_deadline_s, user.verify_successes) == (600, 3)
    assert user.endpoints == (
        EndpointSettings("us-east-1", "us-east-1", "email-smtp.us-east-1.amazonaws.com", 587, "starttls", None),
    )


def test_an_endpoint_follows_from_its_region_and_port() -> None:
    """Host and security need not be written."""
    ireland = load(full(), TRUST).user(None).endpoint("ireland")
    assert ireland == EndpointSettings("ireland", "eu-west-1", "email-smtp.eu-west-1.amazonaws.com", 465, "tls", None)


def test_the_settings_of_a_consumer_are_of_its_kind() -> None:
    """Wiring reads them by class; `endpoint` is always a name."""
    user = load(full(), TRUST).user(None)
    alias, relay, office = (user.consumer(name) for name in ("workspace", "relay", "office"))
    assert isinstance(alias, GmailSendAs)
    assert isinstance(relay, CredentialFile)
    assert isinstance(office, Human)
    assert (alias.recipient, relay.recipient) == ("inbox@example.com", SIMULATOR)
    assert alias.credentials is not None
    assert alias.credentials.service_account == "/srv/service-account.json"
    assert relay.after == ("/srv/nowhere/postmap", "/srv/postfix/sasl_passwd")
    assert [one.endpoint for one in user.consumers] == ["ireland", "local", "local"]


def test_the_kinds_of_the_file_are_those_that_the_program_knows() -> None:
    """`type` takes these words, in this order, and no other."""
    words = [get_args(model.model_fields["type"].annotation)[0] for model in get_args(Consumer)]
    assert words == list(ConsumerKind)


REGIONS = {
    "the user's, unless it says": (SECRET, "us-east-1"),
    "its own": (SECRET | {"region": "eu-west-1"}, "eu-west-1"),
    "its ARN's": (
        SECRET | {"secret_id": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf"},
        "eu-central-1",
    ),
}


@pytest.mark.parametrize(("consumer", "region"), REGIONS.values(), ids=REGIONS.keys())
def test_a_place_in_aws_has_a_region(consumer: dict[str, Any], region: str) -> None:
    """A secret may live elsewhere than the mail."""
    found = load(_with(consumer)).user("u").consumer("c")
    assert isinstance(found, SecretsManager)
    assert found.region == region


def test_a_seal_by_kms_lies_beside_the_journal() -> None:
    """The wrapped key's file follows from the journal's, and no key file is named."""
    key = "arn:aws:kms:us-east-1:123456789012:key/1234"
    document = json.loads(_with(FILE)) | {"seal": {"kms_key": key}}
    configuration = load(json.dumps(document))
    found = (configuration.seal_key_file, configuration.seal_kms_key)
    assert found == ("/var/lib/rotator/journal.db.seal.json", key)


def test_a_canary_goes_to_the_mailbox_itself_by_default() -> None:
    """There we can read what arrived."""
    consumer = load(NINE_LINES).user(None).consumer("admin-alias")
    assert isinstance(consumer, GmailSendAs)
    assert (consumer.recipient, consumer.endpoint) == ("jadasailing@gmail.com", "us-east-1")


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    """User, consumer, endpoint: exit 2, nothing was tried."""
    configuration = load(full(), TRUST)
    with pytest.raises(
        ConfigurationError, match="unknown user 'jada-ses-smpt', did you mean 'jada-ses-smtp'"
    ) as caught:
        configuration.user("jada-ses-smpt")
    assert caught.value.fix == "configured are: jada-ses-smtp"
    with pytest.raises(ConfigurationError, match="unknown consumer of jada-ses-smtp 'rely', did you mean 'relay'"):
        configuration.user(None).consumer("rely")
    with pytest.raises(ConfigurationError, match="unknown endpoint 'x'"):
        configuration.user(None).endpoint("x")


def test_without_a_name_there_must_be_one_user_alone() -> None:
    """Guessing would rotate somebody else's key."""
    document = json.loads(_with(FILE))
    document["users"].append(document["users"][0] | {"name": "v", "consumers": [FILE | {"path": "/v"}]})
    configuration = load(json.dumps(document))
    with pytest.raises(ConfigurationError, match="2 users are configured: u, v") as caught:
        configuration.user(None)
    assert "--user" in caught.value.fix


def test_what_was_loaded_cannot_be_changed() -> None:
    """One file, one meaning, for the whole run."""
    configuration = load(NINE_LINES)
    with pytest.raises(AttributeError):
        configuration.state = "/tmp/x"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        configuration.user(None).consumers[0].name = "x"


ORIGINS = {
    "state": ("/srv/rotator/journal.db", "file"),
    "notify.open_alarm": ("36h", "file"),
    "(trusted hosts)": ("127.0.0.1", "environment ROTATOR_TRUST_HOSTS"),
    "users.0.max_age": ("80d", "file (defaults)"),
    "users.0.rotate_at": ("40d", "file"),
    "users.0.watch": ("7d", "default"),
    "users.0.verify.successes": ("2", "file"),
    "users.0.endpoints.1.host": ("email-smtp.eu-west-1.amazonaws.com", "default"),
    "users.0.endpoints.0.host": ("127.0.0.1", "file"),
    "users.0.consumers.1.after": ("[/srv/nowhere/postmap, /srv/postfix/sasl_passwd]", "file"),
    "users.0.consumers.1.canary_to": ("null", "default"),
    "users.0.consumers.0.credentials": ("{service_account: /srv/service-account.json}", "file"),
}


@pytest.mark.parametrize("path", ORIGINS)
def test_every_value_knows_its_origin(path: str) -> None:
    """Default, file, the file's own defaults, or the environment."""
    found = {one.path: (one.value, one.origin) for one in effective(load(full(), TRUST))}
    assert found[path] == ORIGINS[path]


@pytest.mark.parametrize(
    ("more", "value", "origin"),
    [
        ({}, "60d", "default (auto)"),
        ({"rotate_at": "auto"}, "60d", "file (auto)"),
        ({"rotate_at": "30d"}, "30d", "file"),
    ],
    ids=["left out", "auto written", "a time written"],
)
def test_auto_is_shown_with_what_it_came_to(more: dict[str, str], value: str, origin: str) -> None:
    """The reader sees the number and that nobody wrote it."""
    found = {one.path: (one.value, one.origin) for one in effective(load(_with(ALIAS, **more)))}
    assert found["users.0.rotate_at"] == (value, origin)


def test_a_user_may_return_to_auto() -> None:
    """What the file says for all does not bind the one who says otherwise."""
    document = json.loads(_with(FILE, rotate_at="auto"))
    document["defaults"] = {"rotate_at": "30d"}
    assert load(json.dumps(document)).user("u").rotate_at_s == 80 * DAY_S


def test_the_schema_writes_defaults_as_the_file_does() -> None:
    """Durations as text, sections closed, every key of the file."""
    found = schema()
    json.dumps(found)
    timing = found["$defs"]["Timing"]["properties"]
    assert {key: field.get("default") for key, field in timing.items()} == {
        "max_age": "90d", "rotate_at": "auto", "grace": "72h", "quiet": "24h", "watch": "7d", "verify": None,
    }  # fmt: skip
    assert all(model["additionalProperties"] is False for model in (found, *found["$defs"].values()))
    assert found["required"] == ["version", "users"]


def test_importing_the_package_costs_neither_pydantic_nor_yaml() -> None:
    """`rotator --help` must not pay for them."""
    code = "import sys, rotator.config, rotator.schedule; print(*{'pydantic', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_what_the_file_leaves_out_is_what_the_rules_assume() -> None:
    """The defaults of the file and those of the rules, the endpoint and the verification are the same ones."""
    told = NINE_LINES[: NINE_LINES.index("    consumers:")] + f"    consumers: [{json.dumps(FILE)}]\n"
    configuration = load(told)
    user = configuration.user(None)
    policy = configuration.policy_for(user)
    assert policy == Policy(policy.user, policy.account, policy.consumers, policy.sole_creator)
    assert user.verify_deadline_s == Parts.__dataclass_fields__["verify_deadline_s"].default
    assert user.verify_successes == inspect.signature(SesEndpoint).parameters["successes"].default
