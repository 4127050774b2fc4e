"""What the file says for the doctor: nameservers, domains, and the rights that follow from them."""

from __future__ import annotations

import json

import pytest

from rotator.config.iam_policy import iam_policy
from tests.config.samples import NINE_LINES, load, problems

DOMAINS = """\
domains:
  - {name: A.example, region: us-east-1}
  - {name: b.example, mail_from: m.b.example, region: eu-west-1}
"""
BAD = {
    "a nameserver by name": ("dns: {nameservers: [ns.example]}\n", "must be an IP address"),
    "a port that is none": ("dns: {port: 0}\n", "greater than or equal to 1|at least 1"),
    "a domain twice": (
        "domains: [{name: a.example, region: us-east-1}, {name: A.example, region: eu-west-1}]\n", "stands here twice"),
    "a domain without a region": ("domains: [{name: a.example}]\n", "'region' is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "words"), BAD.values(), ids=BAD.keys())
def test_a_mistake_is_told(lines: str, words: str) -> None:
    """With the place and the reason, as everything in the file."""
    (found,) = problems(NINE_LINES + lines)
    assert any(word in found.message for word in words.split("|")), found.message


def test_defaults_ask_this_machine_s_nameservers() -> None:
    """Nothing has to be said for it."""
    plain = load(NINE_LINES)
    assert (plain.dns.nameservers, plain.dns.port, plain.domains) == ((), 53, ())


def test_domains_are_lower_case_and_may_leave_the_mail_from_to_ses() -> None:
    """A name is compared with what DNS and SES say."""
    first, second = load(NINE_LINES + DOMAINS).domains
    assert (first.name, first.mail_from, second.mail_from) == ("a.example", None, "m.b.example")


def test_only_configured_domains_need_rights_at_ses() -> None:
    """Identities by name, each in its region; what has no resource at AWS is only read."""
    assert "DoctorReads" not in json.dumps(iam_policy(load(NINE_LINES)))
    told = {one["Sid"]: one for one in iam_policy(load(NINE_LINES + DOMAINS))["Statement"]}
    assert told["DoctorReadsIdentities"]["Resource"] == [
        "arn:aws:ses:us-east-1:123456789012:identity/a.example",
        "arn:aws:ses:eu-west-1:123456789012:identity/b.example",
    ]
    assert told["DoctorReadsSes"]["Action"] == ["ses:GetAccount", "ses:GetSuppressedDestination"]
