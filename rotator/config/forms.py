"""The forms that values of the configuration file can have, and the base of its sections.

Frozen pydantic models, strict: nothing is converted but durations.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from rotator.core import durations, foreign_text, hosts

AUTO = "auto"


def _plain(text: str) -> str:
    if foreign_text.has_control(text):
        raise ValueError("holds a control character or an invisible one")
    return text


def _lines(text: str) -> str:
    _plain(text.replace("\n", " "))
    return text


def _refuse(problem: str | None, text: str) -> str:
    if problem is not None:
        raise ValueError(problem)
    return text


def absolute(path: str) -> str:
    """The path; raises ValueError unless it is absolute and climbs nowhere."""
    if not path.startswith("/") or path.startswith("//") or ".." in path.split("/"):
        raise ValueError("must be an absolute path, without '..'")
    return path


def _ip_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("must be an IP address: a name would need a nameserver to be found") from None


def _rotate_at(value: object) -> int | None:
    return None if value == AUTO else durations.parse_duration(value)


def prometheus_file(path: str) -> str:
    """The path; raises ValueError unless the node exporter would read it: it takes `*.prom` alone."""
    if not path.endswith(".prom"):
        raise ValueError("must end in .prom: the node exporter reads no other files")
    return absolute(path)


def _of_aws(namespace: str) -> str | None:
    return "begins with AWS/, which is for AWS alone" if namespace.startswith("AWS/") else None


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": durations.PATTERN})
Text = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_plain)]
Lines = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_lines)]
Duration = Annotated[int, BeforeValidator(durations.parse_duration), _DURATION_SCHEMA]
RotateAt = Annotated[
    int | None,  # None: auto
    BeforeValidator(_rotate_at),
    WithJsonSchema({"type": "string", "pattern": f"^auto$|{durations.PATTERN}"}),
]
AbsolutePath = Annotated[Text, AfterValidator(absolute)]
Host = Annotated[Text, AfterValidator(lambda text: _refuse(hosts.host_problem(text), text.lower()))]
Address = Annotated[Text, AfterValidator(lambda text: _refuse(hosts.address_problem(text), text))]
IpAddress = Annotated[Text, AfterValidator(_ip_address)]
Region = Annotated[Text, AfterValidator(lambda text: _refuse(hosts.region_problem(text), text))]
# Names stand in ARNs, headers and shell lines that a person copies.
UserName = Annotated[str, Field(pattern=r"^[A-Za-z0-9+=,.@_-]{1,64}$")]  # IAM's own form, ASCII
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Account = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
QueueUrl = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.:-]+/[0-9]{12}/[A-Za-z0-9_-]{1,80}$", max_length=300)]
# AWS/ is for AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
MetricNamespace = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_./#-]{1,255}$"), AfterValidator(lambda text: _refuse(_of_aws(text), text))
]
UserPath = Annotated[str, Field(pattern=r"^/([A-Za-z0-9._+=,@-]+/)*$", max_length=512)]  # no * ?: it stands in a policy
RoleArn = Annotated[str, Field(pattern=r"^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}$")]
# A FIFO topic is refused: it cannot deliver to people (mail, SMS), only to queues.
TopicArn = Annotated[str, Field(pattern=r"^arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$")]
PrometheusFile = Annotated[Text, AfterValidator(prometheus_file)]
Argv = Annotated[tuple[Text, ...], Field(min_length=1, max_length=64)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """Base of all models: frozen, strict, unknown keys are errors, and no error quotes its input."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
