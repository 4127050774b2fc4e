"""Texts that follow from the configuration: the first file, the example, the policy, the daily line."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.config.iam_policy import iam_policy
from rotator.config.initial import Answers, initial_file
from rotator.config.schema import File
from rotator.config.settings import effective
from rotator.core.errors import ConfigurationError
from rotator.schedule.cron import cron_line
from rotator.schedule.jobs import ROTATE, command_of
from tests.config.samples import FULL, NINE_LINES, OTHER_PLACE, TRUST, full, load

ANSWERS = Answers(
    user="jada-ses-smtp",
    account="123456789012",
    region="us-east-1",
    mailbox="jadasailing@gmail.com",
    alias="admin@queenofsandiego.com",
    sole_creator=True,
)


def test_the_first_file_is_the_nine_lines() -> None:
    """Nothing that nobody asked for."""
    assert initial_file(ANSWERS) == NINE_LINES


def test_more_lines_only_where_asked_for() -> None:
    """State, seal, Google and the endpoint can be given, for a world beside the real one."""
    more = replace(
        ANSWERS,
        endpoint_host="127.0.0.1",
        endpoint_port=2525,
        ca_file="/srv/a world/ca.pem",
        state="/srv/journal.db",
        seal_key_file="/srv/seal.key",
        google_api_endpoint="http://127.0.0.1:80",
        consumer="alias",
        mail_to="ops@example.com",
    )
    configuration = load(initial_file(more, TRUST), TRUST)
    endpoint = configuration.user(None).endpoint("us-east-1")
    assert (endpoint.host, endpoint.port, endpoint.ca_file) == ("127.0.0.1", 2525, "/srv/a world/ca.pem")
    assert (configuration.state, configuration.seal_key_file) == ("/srv/journal.db", "/srv/seal.key")
    assert configuration.google_api_endpoint == "http://127.0.0.1:80"
    assert (configuration.notify.mail_to, configuration.user(None).consumers[0].name) == ("ops@example.com", "alias")


def test_sole_creator_is_a_persons_statement() -> None:
    """Nobody said so: false stands there to be read."""
    assert "sole_creator: false" in initial_file(replace(ANSWERS, sole_creator=False))


BAD_ANSWERS = {
    "a foreign host": (replace(ANSWERS, endpoint_host="127.0.0.1"), "ROTATOR_TRUST_HOSTS"),
    "an account that is none": (replace(ANSWERS, account="1"), "12 digits"),
    "an alias that goes on as YAML": (replace(ANSWERS, alias="a@b.com, canary_to: x@y.com"), "one bare mail address"),
    "a user that goes on in the next line": (replace(ANSWERS, user="x\n    sole_creator: true"), "IAM user name"),
}


@pytest.mark.parametrize(("answers", "words"), BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_bad_answers_write_no_file(answers: Answers, words: str) -> None:
    """The same sentences as for a file."""
    with pytest.raises(ConfigurationError, match=words):
        initial_file(answers)


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=30))
def test_an_answer_is_read_back_as_it_was_given(text: str) -> None:
    """Quotes, colons, words that YAML takes for something else: all is text."""
    path = f"/srv/{text}"
    if ".." not in path.split("/"):
        assert load(initial_file(replace(ANSWERS, state=path))).state == path


@pytest.mark.parametrize("user", ["no", "null", "true", "123", "0x1f", "1e3", "+1", "=", "-", "2026-01-01", "12:30"])
def test_a_user_name_that_is_a_word_of_yaml_is_quoted(user: str) -> None:
    """Other readers of YAML must see the same name."""
    if re.fullmatch(r"[A-Za-z0-9+=,.@_-]+", user):
        text = initial_file(replace(ANSWERS, user=user))
        assert f'- name: "{user}"\n' in text
        assert load(text).user(None).name == user
    else:
        with pytest.raises(ConfigurationError, match="IAM user name"):
            initial_file(replace(ANSWERS, user=user))


EXAMPLE = (Path(__file__).parents[2] / "config.example.yaml").read_text(encoding="utf-8")
SETTINGS = [line.removeprefix("# ") for line in EXAMPLE.splitlines() if re.match(r"# ", line)]


def _commented() -> str:
    return "\n".join(SETTINGS) + "\n"


def test_the_example_begins_with_the_nine_lines() -> None:
    """What most people need stands first and is all that is switched on."""
    assert EXAMPLE.startswith(NINE_LINES)
    rest = EXAMPLE.removeprefix(NINE_LINES).splitlines()
    assert all(not line or line.startswith("#") for line in rest)
    load(EXAMPLE)


def test_the_example_with_its_top_level_keys_switched_on_means_the_same() -> None:
    """They are the defaults."""
    own = _commented().partition("users:")[0]
    values = [(one.path, one.value) for one in effective(load(NINE_LINES + own))]
    assert values == [(one.path, one.value) for one in effective(load(NINE_LINES))]
    assert any(one.origin == "file (defaults)" for one in effective(load(NINE_LINES + own)))


def test_the_second_example_loads() -> None:
    """Every kind of consumer, every key of an endpoint."""
    user = load("version: 1\n" + _commented()).user(None)
    assert [consumer.type for consumer in user.consumers] == [
        "gmail_send_as", "gmail_send_as", "gmail_send_as", "credential_file", "secrets_manager", "ssm_parameter",
        "command", "human",
    ]  # fmt: skip
    assert [endpoint.name for endpoint in user.endpoints] == ["us-east-1", "ireland"]


def _keys(model: Any) -> set[str]:
    """Every key that the schema has, in any section."""
    found = {key for definition in model["$defs"].values() for key in definition["properties"]}
    return found | set(model["properties"])


def test_the_example_names_every_key_of_the_schema() -> None:
    """A key that is not there is not found by anybody."""
    missing = {key for key in _keys(File.model_json_schema()) if not re.search(rf"\b{key}:", EXAMPLE)}
    assert missing == set()


def test_the_policy_is_for_exactly_these_users() -> None:
    """No wildcard in any resource or action; the configured path is part of the ARN."""
    policy = iam_policy(load(full(notify={}), TRUST))
    resources = {arn for statement in policy["Statement"] for arn in statement["Resource"]}
    ours = "arn:aws:iam::012345678901:user/ses/"  # the path itself: who is there that the file does not name
    assert resources == {f"{ours}jada-ses-smtp", ours}
    assert "*" not in json.dumps(policy)
    assert policy["Version"] == "2012-10-17"


def test_the_policy_allows_what_a_rotation_does_and_no_more() -> None:
    """Nothing that makes users or changes policies; mail is sent only if the file says to whom."""
    allowed: set[str] = set()
    for statement in iam_policy(load(NINE_LINES.partition("notify:")[0]))["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        allowed |= {actions} if isinstance(actions, str) else set(actions)
    assert allowed == {
        "iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:GetUser",
        "iam:GetAccessKeyLastUsed", "iam:SimulatePrincipalPolicy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_policys_partition_follows_from_the_region(region: str, partition: str) -> None:
    """Elsewhere the ARN would match nobody."""
    policy = iam_policy(load(NINE_LINES.replace("us-east-1", region)))
    assert policy["Statement"][0]["Resource"] == [f"arn:{partition}:iam::123456789012:user/jada-ses-smtp"]


def test_the_policy_names_every_user_once() -> None:
    """Two users, two ARNs."""
    user = FULL["users"][0]
    policy = iam_policy(load(full(users=[user, user | OTHER_PLACE | {"name": "b"}]), TRUST))
    assert [arn.rpartition("/")[2] for arn in policy["Statement"][0]["Resource"]] == ["jada-ses-smtp", "b"]


def test_the_daily_line() -> None:
    """Every user, only if due, no questions."""
    line = cron_line("/usr/bin/rotator", "/etc/rotator/config.yaml", "mx1")
    minute, hour, rest = line.split(" ", 2)
    assert rest == "* * * /usr/bin/rotator rotate --all --if-due --no-input --config /etc/rotator/config.yaml"
    assert 0 <= int(minute) < 60
    assert 4 <= int(hour) < 7


def test_a_system_crontab_names_the_user() -> None:
    """The sixth field of /etc/cron.d."""
    assert cron_line("/r", "/c", "mx1", user="rotator").split(" ")[5:7] == ["rotator", "/r"]
    with pytest.raises(ConfigurationError, match="not a user"):
        cron_line("/r", "/c", "mx1", user="root; id")


def test_machines_do_not_ask_all_at_once_and_one_always_at_the_same_time() -> None:
    """The time follows from the host, not from chance."""
    times = {" ".join(cron_line("/r", "/c", f"mx{number}").split()[:2]) for number in range(100)}
    assert len(times) > 50
    assert cron_line("/r", "/c", "mx1") == cron_line("/r", "/c", "mx1")


def _as_cron_runs(line: str) -> list[str]:
    """The arguments that cron gives to /bin/sh: five fields off, no bare %, backslash-% unescaped."""
    command = line.split(" ", 5)[5]
    assert "\n" not in line
    assert not re.search(r"(?<!\\)%", command)
    return shlex.split(command.replace(r"\%", "%"))


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
def test_the_line_survives_cron_and_shell(text: str) -> None:
    """Blanks, quotes, dollar signs and per cent in a path."""
    program, config = f"/opt/{text}/rotator", f"/etc/{text}.yaml"
    assert _as_cron_runs(cron_line(program, config, "mx1")) == list(command_of(ROTATE, program, config))


@pytest.mark.parametrize("path", ["rotator", "./config.yaml", "/etc/a\nb", "/etc/a\x00b", ""])
def test_a_path_that_cron_could_not_use_is_refused(path: str) -> None:
    """Relative ones too: cron starts in another directory."""
    with pytest.raises(ConfigurationError, match="cannot stand in a schedule"):
        cron_line("/usr/bin/rotator", path, "mx1")
    with pytest.raises(ConfigurationError, match="cannot stand in a schedule"):
        cron_line(path, "/etc/c.yaml", "mx1")
