"""Answers about ourselves that a sandbox has no reason to give: organizations, boundaries, pages, other accounts."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.core.ports import Deadline, Refused, Unknown
from rotator.services.aws import AwsSession
from rotator.services.iam import IamAccessKeys
from rotator.services.own_permissions import OwnPermissions, Question
from tests.services.scripted_aws import Answer, Params, scripted

ME = "arn:aws:iam::123456789012:user/ops/rotator"
PLACE = "arn:aws:ssm:us-east-1:123456789012:parameter/prod/x"
ELSEWHERE = PLACE.replace("123456789012", "999999999999")
WRITE = "ssm:PutParameter"
IAM, STS = "https://iam.amazonaws.com/doc/2010-05-08/", "https://sts.amazonaws.com/doc/2011-06-15/"


def caller(arn: str) -> Answer:
    """GetCallerIdentity's answer."""
    inside = f"<Arn>{arn}</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"
    return reply("GetCallerIdentity", inside, STS)


def reply(action: str, inside: str, namespace: str = IAM) -> Answer:
    """A good answer of the query protocol."""
    body = f"<{action}Result>{inside}</{action}Result>"
    return Answer(f'<{action}Response xmlns="{namespace}">{body}</{action}Response>'.encode())


def said(*results: str, more: str = "<IsTruncated>false</IsTruncated>") -> Answer:
    """SimulatePrincipalPolicy's answer."""
    return reply("SimulatePrincipalPolicy", f"<EvaluationResults>{''.join(results)}</EvaluationResults>{more}")


def result(decision: str, more: str = "", specific: str = "", resource: str = PLACE, action: str = WRITE) -> str:
    """One action on one resource: `more` stands at the top, `specific` beside the resource."""
    each = (
        f"<member><EvalResourceName>{resource}</EvalResourceName>"
        f"<EvalResourceDecision>{decision}</EvalResourceDecision>{specific}</member>"
    )
    head = f"<EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>"
    return f"<member>{head}{more}<ResourceSpecificResults>{each}</ResourceSpecificResults></member>"


BY_ORGANIZATION = (
    "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"
)
BY_BOUNDARY = (
    "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary>"
    "</PermissionsBoundaryDecisionDetail>"
)
MISSING = "<MissingContextValues><member>aws:SourceIp</member></MissingContextValues>"

# who we are -> what is answered, the place, and what it comes to (None: nothing stands against it)
ANSWERS: dict[str, tuple[str, Answer, str, type | None, str]] = {
    "allowed": (ME, said(result("allowed")), PLACE, None, ""),
    "silent": (ME, said(result("implicitDeny")), PLACE, Refused, "no policy of its own allows it"),
    "denied": (ME, said(result("explicitDeny")), PLACE, Refused, "a policy of its own denies it"),
    "its boundary": (ME, said(result("implicitDeny", specific=BY_BOUNDARY)), PLACE, Refused, "permissions boundary"),
    "the organization, whose conditions nobody sees": (
        ME, said(result("explicitDeny", BY_ORGANIZATION)), PLACE, Unknown, "service control policy"),
    "a missing value beside the resource": (
        ME, said(result("explicitDeny", specific=MISSING)), PLACE, Unknown, "depends on aws:SourceIp"),
    "a missing value at the top": (ME, said(result("implicitDeny", MISSING)), PLACE, Unknown, "aws:SourceIp"),
    "another account's place": (
        ME, said(result("implicitDeny", resource=ELSEWHERE)), ELSEWHERE, Unknown, "account 999999999999"),
    "another account's place, denied": (
        ME, said(result("explicitDeny", resource=ELSEWHERE)), ELSEWHERE, Refused, "denies it"),
    "a decision that nobody knows": (ME, said(result("perhaps")), PLACE, Unknown, "no decision ('perhaps')"),
    "the place by its pattern": (
        ME, said(result("implicitDeny", resource="arn:${Partition}:ssm:*")), PLACE, Refused, f"{WRITE} on {PLACE}"),
    "another action": (ME, said(result("allowed", action="ssm:Other")), PLACE, Unknown, "not about what was asked"),
    "nothing": (ME, said(), PLACE, Unknown, "not about what was asked"),
    "the root of the account": ("arn:aws:iam::123456789012:root", said(), PLACE, Unknown, "neither a user nor a role"),
    "a federated session": (
        "arn:aws:sts::123456789012:federated-user/jada", said(), PLACE, Unknown, "neither a user nor a role"),
}  # fmt: skip


@pytest.fixture
def as_me(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Credentials that a scripted AWS takes."""
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIA" + "7" * 16, "AWS_SECRET_ACCESS_KEY": "x" * 40}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(("who", "answer", "place", "kind", "words"), ANSWERS.values(), ids=ANSWERS.keys())
def test_only_a_sure_no_of_our_own_policies_is_a_refusal(
    as_me: pytest.MonkeyPatch, who: str, answer: Answer, place: str, kind: type | None, words: str
) -> None:
    """Everything else is not known, in words that say why."""
    replies = {"GetCallerIdentity": caller(who), "SimulatePrincipalPolicy": answer}
    with scripted(lambda asked: replies[asked["Action"]]) as service:
        as_me.setenv("AWS_ENDPOINT_URL", service.url)
        question = Question((WRITE,), (place,), "us-east-1")
        found = OwnPermissions(AwsSession()).lacking(question, Deadline.after(20))
    assert [type(one) for one in found] == ([kind] if kind else [])
    assert all(words in one.detail for one in found)


def test_what_a_condition_may_ask_about_is_told(as_me: pytest.MonkeyPatch) -> None:
    """Region, caller and whatever the place adds, each with its type."""
    replies = {"GetCallerIdentity": caller(ME), "SimulatePrincipalPolicy": said(result("allowed"))}
    with scripted(lambda asked: replies[asked["Action"]]) as service:
        as_me.setenv("AWS_ENDPOINT_URL", service.url)
        context = {"ssm:Overwrite": ["true"], "kms:EncryptionContextKeys": ["PARAMETER_ARN"]}
        question = Question((WRITE,), (PLACE,), "us-east-1", context)
        assert OwnPermissions(AwsSession()).lacking(question, Deadline.after(20)) == []
    asked = service.asked[-1]
    assert asked["PolicySourceArn"] == ME
    told = {asked[f"{at}.ContextKeyName"]: _told(asked, at) for at in _entries(asked)}
    assert told == {
        "aws:RequestedRegion": ("us-east-1", "string"),
        "aws:SecureTransport": ("true", "boolean"),
        "aws:PrincipalArn": (ME, "string"),
        "aws:PrincipalAccount": ("123456789012", "string"),
        "ssm:Overwrite": ("true", "string"),
        "kms:EncryptionContextKeys": ("PARAMETER_ARN", "stringList"),
    }


def _entries(asked: Params) -> list[str]:
    return [name.removesuffix(".ContextKeyName") for name in asked if name.endswith(".ContextKeyName")]


def _told(asked: Params, at: str) -> tuple[str, str]:
    return asked[f"{at}.ContextKeyValues.member.1"], asked[f"{at}.ContextKeyType"]


def test_an_answer_in_pages_is_read_to_its_end(as_me: pytest.MonkeyPatch) -> None:
    """The no stands on the second page; a list of pages without an end is not known."""
    other = PLACE + "y"
    first = said(result("allowed"), more="<IsTruncated>true</IsTruncated><Marker>m</Marker>")

    def answer(asked: Params) -> Answer:
        if asked["Action"] == "GetCallerIdentity":
            return caller(ME)
        return said(result("explicitDeny", resource=other)) if "Marker" in asked else first

    with scripted(answer) as service:
        as_me.setenv("AWS_ENDPOINT_URL", service.url)
        question = Question((WRITE,), (PLACE, other), "us-east-1")
        (found,) = OwnPermissions(AwsSession()).lacking(question, Deadline.after(20))
    assert isinstance(found, Refused)
    with scripted(lambda asked: caller(ME) if asked["Action"] == "GetCallerIdentity" else first) as service:
        as_me.setenv("AWS_ENDPOINT_URL", service.url)
        (endless,) = OwnPermissions(AwsSession()).lacking(question, Deadline.after(20))
    assert isinstance(endless, Unknown)
    assert len(service.asked) == 10


# what is said of the SMTP user's sending -> what it comes to
SENDING: dict[str, tuple[str, type]] = {
    "a missing value beside the identity": (MISSING, Unknown),
    "nothing missing": ("", Refused),
}


@pytest.mark.parametrize(("specific", "kind"), SENDING.values(), ids=SENDING.keys())
def test_what_sending_depends_on_stands_beside_the_identity(
    as_me: pytest.MonkeyPatch, specific: str, kind: type
) -> None:
    """Where resources were named AWS tells the missing values there, and not at the top: no refusal is made of them."""
    identity, send = "arn:aws:ses:us-east-1:123456789012:identity/a.org", "ses:SendRawEmail"
    names = f"<UserName>jada</UserName><UserId>AIDA</UserId><Path>/</Path><Arn>{ME}</Arn>"
    replies = {
        "GetUser": reply("GetUser", f"<User>{names}<CreateDate>2026-01-01T00:00:00Z</CreateDate></User>"),
        "SimulatePrincipalPolicy": said(result("implicitDeny", specific=specific, resource=identity, action=send)),
    }
    with scripted(lambda asked: replies[asked["Action"]]) as service:
        as_me.setenv("AWS_ENDPOINT_URL", service.url)
        keys: Any = IamAccessKeys(session=AwsSession(), user="jada", region="us-east-1", sends_as="a.org")
        assert isinstance(keys.may_send(), kind)
