"""The templates deployed: what moto's CloudFormation makes of them, over HTTP, and what only the template can show.

`stacks.py` says what moto cannot make.  Where the local AWS has the service all the same, the rest of the stack is made
from the template's own properties, and the program is run on what stands there then.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from rotator.core.errors import Exit
from rotator.infra.access import access, boundary, role_policy
from rotator.infra.plan import SmtpUser
from rotator.infra.rendering import TEMPLATES, rendered
from rotator.infra.sending import sending
from rotator.infra.watching import KEPT_S
from rotator.sandbox.world import World
from tests.alarms.deploying import add_section
from tests.cli.conftest import Run, run, world  # noqa: F401 - fixtures
from tests.infra.plans import ACCOUNT, plan
from tests.infra.stacks import NOT_IN_MOTO, Stack, Template, possible
from tests.sandbox.clients import aws, first_key

SECOND = SmtpUser("second-smtp", "/ses/")
OPS = f"arn:aws:iam::{ACCOUNT}:user/ops"
TRUSTED = {"TrustedPrincipalArn": OPS, "MakeUsers": "yes", "MakeSealKey": "yes"}


@pytest.fixture
def access_stack(world: World) -> Stack:  # noqa: F811
    """The stack `access` with a user that was not there, and the seal's key."""
    return Stack(world, "access", TRUSTED).create(rendered("access", plan(users=(SECOND,))))


@pytest.fixture
def zone(world: World) -> str:  # noqa: F811
    """A hosted zone of the domain."""
    made = aws(world, "route53").create_hosted_zone(Name="queenofsandiego.com", CallerReference="1")
    return str(made["HostedZone"]["Id"].rpartition("/")[2])


@pytest.fixture
def sending_stack(world: World, zone: str) -> Stack:  # noqa: F811
    """The stack `sending` with its records."""
    given = {"HostedZoneQueenofsandiegoCom": zone, "DmarcPolicy": "none"}
    return Stack(world, "sending", given).create(rendered("sending", plan()))


# --- what moto cannot ------------------------------------------------------------------------------------------------

PROPERTIES: dict[str, dict[str, Any]] = {
    one["Type"]: one["Properties"]
    for template in (sending(plan()), access(plan()))
    for one in template["Resources"].values()
}


@pytest.mark.parametrize("kind", sorted(NOT_IN_MOTO))
@pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")
def test_what_is_left_out_is_what_moto_cannot_make(world: World, kind: str) -> None:  # noqa: F811
    """A stack of that resource alone comes out empty; the day it does not, the list in `stacks.py` is too long."""
    template = {"Resources": {"Only": {"Type": kind, "Properties": PROPERTIES[kind]}}}
    aws(world, "cloudformation").create_stack(StackName="only", TemplateBody=json.dumps(template))
    assert Stack(world, "only").made() == {}


def test_what_is_left_out_stands_here_by_name() -> None:
    """A resource or an output that nobody sees deployed is one of these, each asserted on the template."""
    assert {"sending": _left(sending(plan())), "access": _left(access(plan()))} == {
        "sending": {
            "Resources": [
                "AlarmRotatorBounceRate", "AlarmSubscription", "AlarmTopicPolicy", "ConfigurationSet",
                "DkimQueenofsandiegoCom1", "DkimQueenofsandiegoCom2", "DkimQueenofsandiegoCom3", "EventDestination",
                "EventQueuePolicy", "EventSubscription", "EventTopicPolicy", "IdentityQueenofsandiegoCom",
            ],
            "Outputs": ["DkimQueenofsandiegoCom1", "DkimQueenofsandiegoCom2", "DkimQueenofsandiegoCom3"],
        },
        "access": {"Resources": ["SendingJadaSesSmtp"], "Outputs": []},
    }  # fmt: skip


def _left(template: Template) -> dict[str, list[str]]:
    return {part: sorted(template[part].keys() - possible(template)[part].keys()) for part in ("Resources", "Outputs")}


def test_what_moto_forgets_of_what_it_makes(access_stack: Stack) -> None:
    """A user's boundary and tags, and a role's new policy in an update: asserted on the template until it learns."""
    iam = aws(access_stack.world, "iam")
    assert "PermissionsBoundary" not in iam.get_user(UserName=SECOND.name)["User"]
    assert iam.list_user_tags(UserName=SECOND.name)["Tags"] == []
    nothing = {"Version": "2012-10-17", "Statement": []}
    access_stack.update(rendered("access", plan(users=(SECOND,), role_policy=nothing)))
    assert _role_actions(access_stack) > {"iam:CreateAccessKey"}
    user = access(plan(users=(SECOND,)))["Resources"]["UserSecondSmtp"]["Properties"]
    assert user["PermissionsBoundary"] == {"Ref": "Boundary"}
    assert user["Tags"] == [{"Key": "ses-rotator", "Value": "managed"}]


def _role_policy(stack: Stack) -> dict[str, Any]:
    """The role's policy; of one that came by a stack moto gives Python's text of it, which is YAML too."""
    role = aws(stack.world, "iam")
    found = role.get_role_policy(RoleName=stack.made()["Role"], PolicyName="rotate")["PolicyDocument"]
    policy: dict[str, Any] = yaml.safe_load(found) if isinstance(found, str) else found
    return policy


def _role_actions(stack: Stack) -> set[str]:
    found: list[Any] = [one["Action"] for one in _role_policy(stack)["Statement"]]
    return {action for one in found for action in ([one] if isinstance(one, str) else one)}


# --- access ----------------------------------------------------------------------------------------------------------


def test_the_user_is_below_the_path_and_has_no_key(access_stack: Stack) -> None:
    """A key would be in the hands of whoever reads the stack."""
    assert access_stack.status == "CREATE_COMPLETE"
    iam = aws(access_stack.world, "iam")
    assert iam.get_user(UserName=SECOND.name)["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ses/second-smtp"
    assert iam.list_access_keys(UserName=SECOND.name)["AccessKeyMetadata"] == []


def test_the_boundary_is_a_policy_of_its_own(access_stack: Stack) -> None:
    """Below the users' path, and word for word what `infra policy boundary` prints."""
    arn = access_stack.made()["Boundary"]
    assert arn.startswith(f"arn:aws:iam::{ACCOUNT}:policy/ses/")
    version = aws(access_stack.world, "iam").get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == boundary(plan())


def test_the_role_is_for_whom_is_named_and_can_what_was_rendered(access_stack: Stack) -> None:
    """Trust and policy are the template's, and the output names the role."""
    found = aws(access_stack.world, "iam").get_role(RoleName=access_stack.made()["Role"])["Role"]
    (trust,) = found["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Principal"], trust["Action"]) == ({"AWS": OPS}, "sts:AssumeRole")
    assert access_stack.outputs()["RoleArn"] == found["Arn"]
    assert _role_policy(access_stack) == role_policy(plan(users=(SECOND,)))


def test_the_seal_s_key_is_there_and_turns(access_stack: Stack) -> None:
    """KMS rotates it, and its policy names the role that the same stack made."""
    kms, key = aws(access_stack.world, "kms"), access_stack.made()["SealKey"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    statements = (policy if isinstance(policy, dict) else json.loads(policy))["Statement"]
    assert statements[1]["Principal"] == {"AWS": access_stack.outputs()["RoleArn"]}
    assert access_stack.outputs()["SealKeyArn"] == _key_arns(access_stack)[key]


def _key_arns(stack: Stack) -> dict[str, str]:
    """Key id -> ARN.  DescribeKey would be more, but moto trips over a key policy that came by a stack."""
    return {one["KeyId"]: one["KeyArn"] for one in aws(stack.world, "kms").list_keys()["Keys"]}


def test_what_nobody_wants_is_not_made(world: World) -> None:  # noqa: F811
    """Users that are there already, and a key that nobody asked for: neither is in the stack, and it is complete."""
    given = TRUSTED | {"MakeUsers": "no", "MakeSealKey": "no"}
    stack = Stack(world, "access", given).create(rendered("access", plan(users=(SmtpUser(world.scenario.user, "/"),))))
    assert stack.status == "CREATE_COMPLETE"
    assert stack.made().keys() == {"Boundary", "Role"}
    assert stack.outputs().keys() == {"RoleArn"}


def test_a_second_user_is_an_update_that_touches_nobody(access_stack: Stack) -> None:
    """The first one is the same user, with the same boundary: its keys live on."""
    iam, before = aws(access_stack.world, "iam"), access_stack.made()
    first = iam.get_user(UserName=SECOND.name)["User"]["UserId"]
    access_stack.update(rendered("access", plan(users=(SECOND, SmtpUser("third-smtp", "/ses/")))))
    assert access_stack.status == "UPDATE_COMPLETE"
    assert access_stack.made() == before | {"UserThirdSmtp": "third-smtp"}
    assert iam.get_user(UserName=SECOND.name)["User"]["UserId"] == first
    assert iam.list_access_keys(UserName="third-smtp")["AccessKeyMetadata"] == []


def test_when_the_stack_goes_what_mail_needs_stays(access_stack: Stack) -> None:
    """Users, what bounds them, and the seal's key; the role goes."""
    made, local = access_stack.made(), aws(access_stack.world, "iam")
    access_stack.delete()
    assert local.get_user(UserName=SECOND.name)["User"]["UserName"] == SECOND.name
    assert local.get_policy(PolicyArn=made["Boundary"])["Policy"]["Arn"] == made["Boundary"]
    assert _key_arns(access_stack).keys() == {made["SealKey"]}
    with pytest.raises(ClientError, match="NoSuchEntity"):
        local.get_role(RoleName=made["Role"])


@pytest.fixture
def as_the_role(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: F811
    """The program runs as somebody who may do nothing but act as the role that was deployed."""
    given = {"TrustedPrincipalArn": OPS, "MakeUsers": "no"}
    stack = Stack(world, "access", given).create(run("infra", "render", "access").out)
    arn = stack.outputs()["RoleArn"]
    only = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}
    key = world.add_caller("ops", {"Version": "2012-10-17", "Statement": [only]})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    file = yaml.safe_load(world.place.config.read_text("utf-8")) | {"aws": {"assume_role": arn}}
    world.place.config.write_text(yaml.safe_dump(file), "utf-8")
    return world


def test_the_program_rotates_as_the_role_that_was_deployed(as_the_role: World, run: Run) -> None:  # noqa: F811
    """First contact and a rotation up to its grace, with nothing but what the stack gave."""
    secret = first_key(as_the_role).secret
    for arguments, given in ((("adopt", "--secret-stdin"), secret), (("rotate", "--yes"), "")):
        done = run(*arguments, stdin=given)
        assert done.code == 0, done.err
    assert len(as_the_role.keys.now_held(as_the_role.scenario.user)) == 2


# --- sending ---------------------------------------------------------------------------------------------------------


def test_topics_queue_and_records_are_there(sending_stack: Stack, zone: str) -> None:
    """All of the stack that moto makes, with the outputs that the configuration needs."""
    made = sending_stack.made()
    assert sending_stack.status == "CREATE_COMPLETE"
    assert made.keys() == possible(sending_stack.template)["Resources"].keys()
    assert sending_stack.outputs() == {"EventQueueUrl": made["EventQueue"], "AlarmTopicArn": made["AlarmTopic"]}
    queue = aws(sending_stack.world, "sqs").get_queue_attributes(QueueUrl=made["EventQueue"], AttributeNames=["All"])
    assert queue["Attributes"]["MessageRetentionPeriod"] == str(KEPT_S)
    assert "KmsMasterKeyId" not in aws(sending_stack.world, "sns").get_topic_attributes(TopicArn=made["AlarmTopic"])
    rows = aws(sending_stack.world, "route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert {
        (row["Name"].rstrip("."), row["Type"]): [one["Value"] for one in row["ResourceRecords"]]
        for row in rows
        if row["Type"] in ("MX", "TXT", "CNAME")
    } == {
        ("_dmarc.queenofsandiego.com", "TXT"): ['"v=DMARC1; p=none"'],
        ("bounce.queenofsandiego.com", "MX"): ["10 feedback-smtp.us-east-1.amazonses.com"],
        ("bounce.queenofsandiego.com", "TXT"): ['"v=spf1 include:amazonses.com ~all"'],
    }


def test_without_a_zone_no_record_is_made(world: World) -> None:  # noqa: F811
    """The records are made elsewhere, by hand, and nobody is subscribed where nobody is named."""
    stack = Stack(world, "sending").create(rendered("sending", plan(mail_to="")))
    assert stack.made().keys() == {"EventTopic", "EventQueue", "AlarmTopic"}


def test_the_policies_of_topics_and_queue_are_taken(sending_stack: Stack) -> None:
    """SNS and SQS take them, and hold what the template says with the real ARNs in it."""
    sending_stack.complete()
    made, sns = sending_stack.made(), aws(sending_stack.world, "sns")
    for topic, service in (("EventTopic", "ses"), ("AlarmTopic", "cloudwatch")):
        policy = json.loads(sns.get_topic_attributes(TopicArn=made[topic])["Attributes"]["Policy"])
        (only,) = policy["Statement"]
        assert (only["Principal"], only["Resource"]) == ({"Service": f"{service}.amazonaws.com"}, made[topic])
        assert only["Condition"]["StringEquals"] == {"AWS:SourceAccount": ACCOUNT}
    queue = aws(sending_stack.world, "sqs").get_queue_attributes(QueueUrl=made["EventQueue"], AttributeNames=["Policy"])
    (only,) = json.loads(queue["Attributes"]["Policy"])["Statement"]
    assert only["Resource"] == sending_stack.queue_arn()
    assert only["Condition"] == {"ArnEquals": {"aws:SourceArn": made["EventTopic"]}}


def test_what_ses_tells_the_topic_is_in_the_queue(sending_stack: Stack) -> None:
    """As it was published, without SNS's envelope: the audit reads SES's own words."""
    sending_stack.complete()
    made, sqs = sending_stack.made(), aws(sending_stack.world, "sqs")
    aws(sending_stack.world, "sns").publish(TopicArn=made["EventTopic"], Message='{"eventType": "Bounce"}')
    (message,) = sqs.receive_message(QueueUrl=made["EventQueue"])["Messages"]
    assert json.loads(message["Body"]) == {"eventType": "Bounce"}


def test_alarms_status_finds_the_deployed_alarms_well(world: World, run: Run) -> None:  # noqa: F811
    """What `infra render` writes is what `alarms status` looks for, to the last threshold; a test reaches people."""
    add_section(world)
    limit = str(world.ses.quota_per_day)
    text = run("infra", "render", "sending", "--daily-limit", limit).out
    stack = Stack(world, "sending", {"NotifyAddress": "oncall@queenofsandiego.com"}).create(text)
    stack.complete()
    unconfirmed = run("alarms", "status", "--json")
    assert (unconfirmed.code, "none confirmed" in unconfirmed.out) == (Exit.FAILED, True)
    world.paging.confirm("oncall@queenofsandiego.com")
    done = run("alarms", "status", "--json")
    assert (done.code, [one for one in done.document["findings"] if one["status"] != "ok"]) == (Exit.OK, [])
    assert run("alarms", "test", "--yes").code == Exit.OK
    assert world.mailboxes.messages("oncall@queenofsandiego.com")[-1]["Subject"].startswith("ALARM: ")


def test_when_sending_goes_topics_and_queue_go(sending_stack: Stack, zone: str) -> None:
    """Records, topics and queue are the stack's own; an identity would stay."""
    sending_stack.delete()
    world = sending_stack.world  # noqa: F811
    assert aws(world, "sns").list_topics()["Topics"] == []
    assert aws(world, "sqs").list_queues().get("QueueUrls", []) == []
    rows = aws(world, "route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert {row["Type"] for row in rows} == {"NS", "SOA"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_short_enough_to_be_sent(name: str) -> None:
    """CreateStack takes 51,200 bytes; the commonest file's template is far below, and `deploy` needs no bucket."""
    assert len(rendered(name, plan())) < 51_200 // 4
