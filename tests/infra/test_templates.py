"""What the templates make, and what AWS's own linter says of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.api import lint
from hypothesis import given, settings

from rotator.core.errors import ConfigurationError
from rotator.infra.access import access
from rotator.infra.plan import MailDomain, Plan, SmtpUser
from rotator.infra.rendering import TEMPLATES, rendered
from rotator.infra.sending import sending
from tests.gates.source_tree import ROOT
from tests.infra.plans import AN_ALARM, ASKING, PLANS, ROLE, plan

PLANNED = {
    "one domain, one user": plan(),
    "nobody to tell, no MAIL FROM, no alarms": plan(mail_to="", domains=(MailDomain("example.com"),), alarms=()),
    "two domains, two users": plan(
        domains=(MailDomain("example.com", "b.example.com"), MailDomain("example.org")),
        users=(SmtpUser("a", "/"), SmtpUser("b-c", "/")),
    ),
    "a role that asks about itself": plan(role_policy={**ROLE, "Statement": [*ROLE["Statement"], ASKING]}),
    "an alarm with dimensions": plan(alarms=(replace(AN_ALARM, dimensions=(("User", "jada"),), namespace="Rotator"),)),
}


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("planned", PLANNED.values(), ids=PLANNED.keys())
def test_cfn_lint_finds_nothing(planned: Plan, name: str) -> None:
    """No error, no warning."""
    assert [str(found) for found in lint(rendered(name, planned), regions=[planned.region])] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_broken_template_would_be_found(name: str) -> None:
    """The linter looks at what is in the template."""
    broken = rendered(name, plan()).replace("Type: AWS::", "Type: AWS::No", 1)
    assert lint(broken, regions=[plan().region])


def test_the_role_asks_about_itself_by_its_own_arn() -> None:
    """Known only once it is made, so it stands in a policy of its own; a role without such places asks nothing."""
    planned = PLANNED["a role that asks about itself"]
    resources = access(planned)["Resources"]
    (asks,) = resources["RoleAsks"]["Properties"]["PolicyDocument"]["Statement"]
    assert asks["Action"] == ["iam:GetRole", "iam:SimulatePrincipalPolicy"]
    assert asks["Resource"] == {"Fn::GetAtt": ["Role", "Arn"]}
    assert "aws:username" not in rendered("access", planned)
    assert "RoleAsks" not in access(plan())["Resources"]


BROKEN_POLICIES = {
    "an action that IAM does not know": ("ses:SendRawEmail", "ses:SendRawEmial"),
    "a word that no policy has": ("Effect: Allow", "Efect: Allow"),
    "an effect that there is not": ("Effect: Deny", "Effect: Forbid"),
    "a resource that is no ARN": ("- arn:aws:iam::", "- am:aws:iam::"),
}


@pytest.mark.parametrize(("right", "wrong"), BROKEN_POLICIES.values(), ids=BROKEN_POLICIES.keys())
def test_a_broken_policy_would_be_found(right: str, wrong: str) -> None:
    """The linter reads the policies inside the template by IAM's own list of actions, and by the form of a policy."""
    text = rendered("access", plan())
    assert right in text
    assert lint(text.replace(right, wrong, 1), regions=[plan().region])


@settings(max_examples=30)
@given(PLANS)
def test_no_template_makes_a_key_or_asks_for_a_secret(any_plan: Plan) -> None:
    """No access key, no secret, no password: whoever reads the stack learns nothing."""
    for template in (sending(any_plan), access(any_plan)):
        kinds = {one["Type"] for one in template["Resources"].values()}
        assert not kinds & {"AWS::IAM::AccessKey", "AWS::SecretsManager::Secret"}
        assert not [name for name in template["Parameters"] if re.search("(?i)secret|password|token", name)]
        assert "GetAtt" not in str([one for one in template["Resources"] if "SecretAccessKey" in one])
        assert "SecretAccessKey" not in str(template)


@settings(max_examples=30)
@given(PLANS)
def test_every_name_that_is_used_is_there(any_plan: Plan) -> None:
    """Each Ref, attribute and condition leads to something in the same template."""
    for template in (sending(any_plan), access(any_plan)):
        made = {*template["Resources"], *template["Parameters"]}
        assert set(_named(template, "Ref")) <= made
        assert {one[0] for one in _named(template, "Fn::GetAtt")} <= template["Resources"].keys()
        used = {one["Condition"] for one in template["Resources"].values() if "Condition" in one}
        assert used <= template["Conditions"].keys()


def _named(part: Any, function: str) -> Iterator[Any]:
    if isinstance(part, dict):
        if part.keys() == {function}:
            yield part[function]
        for one in part.values():
            yield from _named(one, function)
    elif isinstance(part, list):
        for one in part:
            yield from _named(one, function)


def test_the_same_configuration_gives_the_same_bytes(tmp_path: Path) -> None:
    """Whatever Python does with its hashes: a template that is rendered again is no change."""
    tmp_path.chmod(0o700)
    text = "from tests.infra.plans import plan; from rotator.infra.rendering import *; print(rendered({!r}, plan()))"
    for name in TEMPLATES:
        runs = {
            subprocess.run(
                [sys.executable, "-c", text.format(name)],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
            for seed in ("0", "1")
        }
        assert len(runs) == 1
        assert yaml.safe_load(runs.pop()) == TEMPLATES[name](plan())


def test_an_identity_outlives_its_stack() -> None:
    """Kept are an identity (a new one has new DKIM tokens), users with all they send by, and the seal's key."""
    kept = {
        name
        for template in (sending(plan()), access(plan()))
        for name, one in template["Resources"].items()
        if one.get("DeletionPolicy") == one.get("UpdateReplacePolicy") == "Retain"
    }
    users = {"UserJadaSesSmtp", "SendingJadaSesSmtp", "Boundary"}
    assert kept == {"IdentityQueenofsandiegoCom", "SealKey", *users}


@pytest.mark.parametrize(
    "names",
    [
        {"users": (SmtpUser("ses.smtp"), SmtpUser("ses-smtp"))},
        {"users": (SmtpUser("sesA"), SmtpUser("SesA"))},
        {"domains": (MailDomain("a-b.example"), MailDomain("a.b.example"))},
    ],
)
def test_two_names_that_become_one_are_refused(names: dict[str, Any]) -> None:
    """A logical id has no dots and hyphens: one of the two would be missing from the stack without a word."""
    with pytest.raises(ConfigurationError, match="would be one resource"):
        plan(**names)


def test_the_records_are_those_that_ses_looks_for() -> None:
    """Three CNAMEs of DKIM, MX and SPF of the MAIL FROM domain, DMARC only where it is wanted."""
    resources = sending(plan())["Resources"]
    records = {name: one for name, one in resources.items() if one["Type"] == "AWS::Route53::RecordSet"}
    shown = {name: (one["Condition"], one["Properties"]["Type"]) for name, one in records.items()}
    hosted, dmarc = "HostedQueenofsandiegoCom", "DmarcHostedQueenofsandiegoCom"
    assert shown == {
        **{f"DkimQueenofsandiegoCom{n}": (hosted, "CNAME") for n in (1, 2, 3)},
        "MxQueenofsandiegoCom": (hosted, "MX"),
        "SpfQueenofsandiegoCom": (hosted, "TXT"),
        "DmarcQueenofsandiegoCom": (dmarc, "TXT"),
    }
    mx = records["MxQueenofsandiegoCom"]["Properties"]
    assert (mx["Name"], mx["ResourceRecords"]) == (
        "bounce.queenofsandiego.com",
        ["10 feedback-smtp.us-east-1.amazonses.com"],
    )
    dkim = records["DkimQueenofsandiegoCom2"]["Properties"]
    assert dkim["Name"] == {"Fn::GetAtt": ["IdentityQueenofsandiegoCom", "DkimDNSTokenName2"]}


def test_reputation_is_measured_and_both_reasons_suppress() -> None:
    """Neither is SES's default of a new configuration set in every account."""
    found = sending(plan())["Resources"]["ConfigurationSet"]["Properties"]
    assert found["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert found["SuppressionOptions"] == {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}


def test_an_alarm_is_what_its_definition_says() -> None:
    """Threshold, statistic and the rule for missing data, and the topic that people hear."""
    found = sending(plan())["Resources"]["AlarmRotatorBounceRate"]["Properties"]
    assert found == {
        "AlarmName": "rotator-bounce-rate",
        "AlarmDescription": "Reputation.BounceRate has reached 5 %.",
        "Namespace": "AWS/SES",
        "MetricName": "Reputation.BounceRate",
        "Statistic": "Average",
        "Period": 3600,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 0.05,
        "TreatMissingData": "ignore",
        "AlarmActions": [{"Ref": "AlarmTopic"}],
        "OKActions": [{"Ref": "AlarmTopic"}],
    }


def test_deliveries_go_to_the_queue_and_alarms_to_people() -> None:
    """Nobody gets a mail for every mail."""
    resources = sending(plan())["Resources"]
    subscribed = {
        one["Properties"]["Protocol"]: one["Properties"]["TopicArn"]
        for one in resources.values()
        if one["Type"] == "AWS::SNS::Subscription"
    }
    assert subscribed == {"sqs": {"Ref": "EventTopic"}, "email": {"Ref": "AlarmTopic"}}
    destination = resources["EventDestination"]["Properties"]["EventDestination"]
    assert destination["SnsDestination"] == {"TopicARN": {"Ref": "EventTopic"}}
    assert resources["EventDestination"]["DependsOn"] == ["EventTopicPolicy"]
