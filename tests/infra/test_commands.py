"""`rotator infra`: text for CloudFormation and IAM, from the configuration file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from cfnlint.api import lint

from rotator.alarms.definitions import Watched, alarms
from rotator.config.loader import load
from tests.cli.conftest import Run, run, write  # noqa: F401 - a fixture

FILE = """\
version: 1
aws: {user_path: /ses/}
users:
  - name: jada-ses-smtp
    account: "123456789012"
    region: us-east-1
    consumers:
      - {type: gmail_send_as, name: admin-alias, mailbox: jadasailing@gmail.com, alias: admin@queenofsandiego.com}
notify: {mail_to: jadasailing@gmail.com}
"""


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTATOR_CONFIG", str(write(tmp_path, FILE)))


def test_a_template_is_for_what_is_configured(run: Run) -> None:  # noqa: F811
    """The domain of the alias, the user, the address to tell; YAML, and nothing else on stdout."""
    sending = yaml.safe_load(run("infra", "render", "sending").out)
    assert sending["Resources"]["IdentityQueenofsandiegoCom"]["Properties"]["EmailIdentity"] == "queenofsandiego.com"
    assert sending["Parameters"]["NotifyAddress"]["Default"] == "jadasailing@gmail.com"
    alarms = {name for name, one in sending["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    assert {"AlarmRotatorBounceRateReview", "AlarmRotatorReject", "AlarmRotatorJadaSesSmtpKeyAge"} <= alarms
    access = yaml.safe_load(run("infra", "render", "access").out)
    assert access["Resources"]["UserJadaSesSmtp"]["Properties"]["Path"] == "/ses/"


def test_a_domain_can_be_named_with_its_mail_from(run: Run) -> None:  # noqa: F811
    """`--domain` stands in for what the file does not say."""
    done = run("infra", "render", "sending", "--domain", "example.org=bounce.example.org", "--json").document
    identity = done["template"]["Resources"]["IdentityExampleOrg"]["Properties"]
    assert identity["MailFromAttributes"]["MailFromDomain"] == "bounce.example.org"


def test_the_alarms_are_those_that_the_program_looks_for(run: Run, tmp_path: Path) -> None:  # noqa: F811
    """With the account's limit the quota has its alarm, too; cfn-lint takes them all."""
    template = run("infra", "render", "sending", "--daily-limit", "50000").out
    assert lint(template, regions=["us-east-1"]) == []
    found = {
        one["Properties"]["AlarmName"]: (one["Properties"]["Threshold"], one["Properties"]["TreatMissingData"])
        for one in yaml.safe_load(template)["Resources"].values()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    policy = load(str(tmp_path / "config.yaml"), {}).policy_for(load(str(tmp_path / "config.yaml"), {}).user(None))
    wanted = alarms([Watched.by(policy)], daily_limit=50_000)
    assert found == {one.name: (one.threshold, one.missing.value) for one in wanted}


def test_what_is_no_domain_is_refused(run: Run) -> None:  # noqa: F811
    """Nothing is printed that CloudFormation would refuse."""
    assert run("infra", "render", "sending", "--domain", "https://example.org").code == 2


def test_without_a_domain_it_asks_for_one(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """A file of places that send from nowhere that is known needs `--domain`."""
    text = FILE.replace(FILE.splitlines()[7], "      - {type: human, name: laptop, instructions: Thunderbird}")
    monkeypatch.setenv("ROTATOR_CONFIG", str(write(tmp_path, text.partition("notify:")[0])))
    told = run("infra", "render", "sending")
    assert told.code == 2
    assert "--domain" in told.err


@pytest.mark.parametrize("whose", ["user", "boundary", "role"])
def test_a_policy_alone_is_json(run: Run, whose: str) -> None:  # noqa: F811
    """For whoever makes users without CloudFormation."""
    document = json.loads(run("infra", "policy", whose).out)
    assert document["Version"] == "2012-10-17"
    assert run("infra", "policy", whose, "--json").document["policy"] == document


def test_the_role_may_read_the_suppression_list(run: Run) -> None:  # noqa: F811
    """The least policy, the list, and no key of anybody else."""
    statements = {one["Sid"]: one for one in json.loads(run("infra", "policy", "role").out)["Statement"]}
    assert statements["ReadTheSuppressionList"]["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}}
    assert statements["RotateKeysOfExactlyTheseUsers"]["Resource"] == statements["NobodyElsesKeys"]["NotResource"]


def test_a_template_that_is_too_long_for_a_request_is_told(tmp_path: Path, run: Run) -> None:  # noqa: F811
    """On stderr, beside the template: deploying it needs a bucket."""
    file = yaml.safe_load(FILE)
    (user,) = file["users"]
    place = {"type": "human", "name": "laptop", "instructions": "Thunderbird"}
    file["users"] = [user] + [user | {"name": f"user-{n}", "consumers": [place]} for n in range(15)]
    file["notify"]["mail_from"] = "admin@queenofsandiego.com"
    write(tmp_path, json.dumps(file))
    done = run("infra", "render", "sending")
    assert (done.code, "go by way of a bucket" in done.err) == (0, True), done.err
    assert len(yaml.safe_load(done.out)["Resources"]) > 16 * 4
    assert "bucket" not in run("infra", "render", "access").err
