"""Stacks in moto's CloudFormation, over HTTP, and by the services' own calls what it has no words for.

Moto knows some kinds of resource.  A template is deployed without the others and without what refers to them; those of
which the local AWS has the service are then made from the template's properties by the call that CloudFormation makes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from rotator.sandbox.world import World
from tests.sandbox.clients import aws

# What moto 5.2.5 cannot create in a stack; `test_deployed.py` asks it again, so that the list shrinks when moto learns.
NOT_IN_MOTO = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::IAM::UserPolicy",
        "AWS::SES::ConfigurationSet",
        "AWS::SES::ConfigurationSetEventDestination",
        "AWS::SES::EmailIdentity",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)
REFERENCE = re.compile(r"\$\{(\w+)[.}]")
Template = dict[str, Any]


def possible(template: Template) -> Template:
    """The template without what moto cannot make, what refers to that, and outputs of either."""
    lost = {name for name, one in template["Resources"].items() if one["Type"] in NOT_IN_MOTO}
    while more := {name for name, one in template["Resources"].items() if set(references(one)) & lost} - lost:
        lost |= more
    resources = {name: one for name, one in template["Resources"].items() if name not in lost}
    outputs = {name: one for name, one in template["Outputs"].items() if not set(references(one)) & lost}
    return template | {"Resources": resources, "Outputs": outputs}


def references(part: Any) -> Iterator[str]:
    """The logical ids that a part of a template refers to."""
    if isinstance(part, list):
        for one in part:
            yield from references(one)
    elif isinstance(part, dict):
        yield from [part["Ref"]] if "Ref" in part else []
        yield from [part["Fn::GetAtt"][0]] if "Fn::GetAtt" in part else []
        yield from REFERENCE.findall(part["Fn::Sub"]) if "Fn::Sub" in part else []
        yield from references([one for name, one in part.items() if name not in ("Fn::GetAtt", "Fn::Sub")])


@dataclass(slots=True)
class Stack:
    """One stack of a world, made from a rendered template."""

    world: World
    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    template: Template = field(default_factory=dict)

    def create(self, text: str) -> Stack:
        """CreateStack, as far as moto can."""
        self._call("create_stack", text)
        return self

    def update(self, text: str) -> None:
        """UpdateStack with another template."""
        self._call("update_stack", text)

    def delete(self) -> None:
        """DeleteStack."""
        aws(self.world, "cloudformation").delete_stack(StackName=self.name)

    def _call(self, call: str, text: str) -> None:
        self.template = yaml.safe_load(text)
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()]
        getattr(aws(self.world, "cloudformation"), call)(
            StackName=self.name,
            TemplateBody=yaml.safe_dump(possible(self.template), sort_keys=False),
            Parameters=parameters,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

    @property
    def status(self) -> str:
        """`CREATE_COMPLETE`, and the like."""
        found: str = self._described()["StackStatus"]
        return found

    def made(self) -> dict[str, str]:
        """Logical id -> physical id of what moto made; of what it did not make it gives a row without a name."""
        rows = aws(self.world, "cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows if "PhysicalResourceId" in row}

    def outputs(self) -> dict[str, str]:
        """The outputs."""
        return {one["OutputKey"]: one["OutputValue"] for one in self._described().get("Outputs", [])}

    def _described(self) -> dict[str, Any]:
        found: dict[str, Any] = aws(self.world, "cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    def complete(self) -> None:
        """Make, by each service's own call, what moto's CloudFormation could not and its services can."""
        for one in self.template["Resources"].values():
            if (make := BY_CALL.get(one["Type"])) is not None:
                make(self, self._resolved(one["Properties"]))

    def _resolved(self, part: Any) -> Any:
        """A part of the template with every reference replaced by what it stands for."""
        if isinstance(part, list):
            return [self._resolved(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "Ref" in part:
            return self._value(part["Ref"])
        if "Fn::GetAtt" in part:
            assert part["Fn::GetAtt"][1] == "Arn"
            return self.made()[part["Fn::GetAtt"][0]] if "Queue" not in part["Fn::GetAtt"][0] else self.queue_arn()
        return {name: self._resolved(one) for name, one in part.items()}

    def _value(self, name: str) -> str:
        given = self.template["Parameters"].get(name, {}).get("Default", "")
        found: str = self.parameters.get(name, given) if name in self.template["Parameters"] else self.made()[name]
        return found

    def queue_arn(self) -> str:
        """The ARN of the queue of events; its physical id is its URL."""
        url = self.made()["EventQueue"]
        found = aws(self.world, "sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn: str = found["Attributes"]["QueueArn"]
        return arn


def _alarm(stack: Stack, properties: Template) -> None:
    aws(stack.world, "cloudwatch").put_metric_alarm(**properties)


def _topic_policy(stack: Stack, properties: Template) -> None:
    for topic in properties["Topics"]:
        aws(stack.world, "sns").set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(properties["PolicyDocument"])
        )


def _queue_policy(stack: Stack, properties: Template) -> None:
    for url in properties["Queues"]:
        aws(stack.world, "sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": json.dumps(properties["PolicyDocument"])}
        )


def _subscription(stack: Stack, properties: Template) -> None:
    raw = {"RawMessageDelivery": "true"} if properties.get("RawMessageDelivery") else {}
    aws(stack.world, "sns").subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties["Endpoint"],
        Attributes=raw,
    )


def _user_policy(stack: Stack, properties: Template) -> None:
    document = json.dumps(properties["PolicyDocument"])
    aws(stack.world, "iam").put_user_policy(**properties | {"PolicyDocument": document})


BY_CALL: dict[str, Callable[[Stack, Template], None]] = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::IAM::UserPolicy": _user_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::QueuePolicy": _queue_policy,
}
