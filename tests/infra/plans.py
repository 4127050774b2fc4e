"""Plans for the templates: one as most people have it, and any."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rotator.core.alarm import Alarm, Comparison, Missing
from rotator.infra.plan import MailDomain, Plan, SmtpUser

ACCOUNT = "123456789012"
ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Keys",
            "Effect": "Allow",
            "Action": ["iam:CreateAccessKey", "iam:ListAccessKeys"],
            "Resource": [f"arn:aws:iam::{ACCOUNT}:user/ses/jada-ses-smtp"],
        }
    ],
}


ASKING = {
    "Sid": "AskWhatItMayWrite",
    "Effect": "Allow",
    "Action": ["iam:SimulatePrincipalPolicy"],
    "Resource": [f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"],
}


AN_ALARM = Alarm(
    name="rotator-bounce-rate",
    description="Reputation.BounceRate has reached 5 %.",
    namespace="AWS/SES",
    metric="Reputation.BounceRate",
    dimensions=(),
    statistic="Average",
    period_s=3600,
    evaluation_periods=1,
    comparison=Comparison.AT_LEAST,
    threshold=0.05,
    missing=Missing.IGNORE,
    page="runbooks/reputation-alarm.md#bounce-rate",
)


def plan(**other: Any) -> Plan:
    """The commonest plan, or one that differs in what is given."""
    given: dict[str, Any] = {
        "partition": "aws",
        "account": ACCOUNT,
        "region": "us-east-1",
        "domains": (MailDomain("queenofsandiego.com", "bounce.queenofsandiego.com"),),
        "users": (SmtpUser("jada-ses-smtp", "/ses/"),),
        "role_policy": ROLE,
        "mail_to": "jadasailing@gmail.com",
        "alarms": (AN_ALARM,),
    }
    return Plan(**given | other)


LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
DOMAIN = st.builds("{}.{}.example".format, LABEL, LABEL)
PLANS = st.builds(
    plan,
    domains=st.lists(DOMAIN, min_size=1, max_size=3, unique_by=lambda name: name.replace("-", ".")).map(
        lambda names: tuple(MailDomain(name, f"bounce.{name}" if len(name) % 2 else "") for name in names)
    ),
    users=st.lists(st.from_regex(r"[a-z][a-z0-9]{0,12}", fullmatch=True), min_size=1, max_size=3, unique=True).map(
        lambda names: tuple(SmtpUser(name, "/ses/") for name in names)
    ),
    mail_to=st.sampled_from(["", "ops@example.com"]),
    region=st.sampled_from(["us-east-1", "eu-west-1"]),
)
