"""What may stand in the configuration file: every key, its form and its default.

A key exists only if something uses it.  Sequences arrive as tuples (config.positions).  Forms are in config.forms,
the kinds of consumers in config.kinds, rules that look at more than one value in config.rules.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rotator.config.forms import (
    AbsolutePath,
    Account,
    Address,
    Duration,
    Host,
    IpAddress,
    MetricNamespace,
    Name,
    Port,
    PrometheusFile,
    QueueUrl,
    Region,
    RoleArn,
    RotateAt,
    Section,
    Text,
    TopicArn,
    UserName,
    UserPath,
)  # fmt: skip
from rotator.config.kinds import Consumer, Credentials, KeyArn
from rotator.core.durations import UNITS_S

DAY_S = UNITS_S["d"]

# Keys of the plan that this version does not have: told apart from a slip of the pen.
KEYS_NOT_BUILT: frozenset[str] = frozenset()


class Seal(Section):
    """Where the key that seals secrets lies: in a file, or wrapped by a KMS key beside the journal."""

    key_file: AbsolutePath = "/var/lib/rotator/seal.key"
    kms_key: KeyArn | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Seal:
        if self.kms_key is not None and "key_file" in self.model_fields_set:
            raise ValueError("has key_file and kms_key: the journal is sealed with one of them")
        return self


class Aws(Section):
    """How the program becomes somebody at AWS; None is boto3's ordinary search."""

    profile: Text | None = None
    assume_role: RoleArn | None = None
    user_path: UserPath | None = None  # IAM path of the users, such as /ses/


class Google(Section):
    """Where Google's API answers; None is Google."""

    api_endpoint: Text | None = None


class Dns(Section):
    """Who answers the doctor's questions; empty is what this machine uses."""

    nameservers: Annotated[tuple[IpAddress, ...], Field(max_length=8)] = ()
    port: Port = 53


class Domain(Section):
    """A domain that mail is sent from, as SES knows it in one region."""

    name: Host
    mail_from: Host | None = None  # None: whatever SES has
    region: Region


class Notify(Section):
    """Who hears of a run, how often they are reminded, and when an open one becomes an alarm."""

    mail_to: Address | None = None
    mail_from: Address | None = None  # None: an address that the user's mail is sent from
    sns_topic: TopicArn | None = None
    apprise_file: AbsolutePath | None = None
    remind: Annotated[Duration, Field(ge=UNITS_S["h"])] = 3 * DAY_S
    open_alarm: Duration = 48 * UNITS_S["h"]


class Suppression(Section):
    """Which suppression lists are watched and exported, and how long what was read of them is kept."""

    regions: Annotated[tuple[Region, ...], Field(max_length=32)] = ()  # the users' regions
    alert_on: Annotated[tuple[Literal["COMPLAINT", "BOUNCE"], ...], Field(min_length=1, max_length=2)] = (
        "COMPLAINT",
        "BOUNCE",
    )
    retain: Annotated[Duration, Field(ge=DAY_S)] = 400 * DAY_S


class Arrival(Section):
    """Where the audit's mails come out: a Gmail mailbox that is read, or a queue of SES's events."""

    gmail: Address | None = None
    credentials: Credentials | None = None  # those of a consumer with that mailbox
    sqs: QueueUrl | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Arrival:
        if (self.gmail is None) == (self.sqs is None):
            raise ValueError("needs exactly one of gmail and sqs")
        if self.credentials is not None and self.gmail is None:
            raise ValueError("credentials open a mailbox: they need gmail")
        return self


class Alarms(Section):
    """The alarms in CloudWatch: figures are published for them once this section is there."""

    prefix: Name = "rotator"  # of the alarms' names
    namespace: MetricNamespace = "Rotator"


class Audit(Section):
    """Where the audit mails to, and how long one may take."""

    mail_to: Address | None = None
    arrival: Arrival | None = None
    timeout: Annotated[Duration, Field(ge=1)] = 10 * UNITS_S["m"]

    @model_validator(mode="after")
    def _both(self) -> Audit:
        if (self.mail_to is None) != (self.arrival is None):
            raise ValueError("needs mail_to and arrival: what is sent must be seen")
        return self


class Ping(Section):
    """Where a dead man's switch listens for the scheduled commands; it alarms when they fall silent."""

    rotate: Text | None = None
    audit: Text | None = None
    suppression: Text | None = None


class Metrics(Section):
    """Where Prometheus' node exporter picks up what the commands leave (`--collector.textfile.directory`)."""

    textfile: PrometheusFile | None = None


class Verify(Section):
    """How long and how often the new credential is tried."""

    deadline: Annotated[Duration, Field(ge=10)] = 10 * UNITS_S["m"]
    successes: Annotated[int, Field(ge=1, le=20)] = 3  # in a row, per address


class Timing(Section):
    """The times of a rotation; under `defaults` for all users, or with a user for that one."""

    max_age: Annotated[Duration, Field(ge=DAY_S)] = 90 * DAY_S
    rotate_at: RotateAt = None
    grace: Duration = 72 * UNITS_S["h"]
    quiet: Duration = 24 * UNITS_S["h"]
    watch: Duration = 7 * DAY_S
    verify: Verify = Verify()


class Endpoint(Section):
    """An SES SMTP endpoint; what is left out follows from the region."""

    name: Name | None = None  # the region
    region: Region | None = None  # the user's
    host: Host | None = None  # email-smtp.REGION.amazonaws.com
    port: Port = 587
    security: Literal["starttls", "tls"] | None = None  # tls on 465 and 2465, else starttls
    ca_file: AbsolutePath | None = None


class User(Section):
    """One IAM user and the places that hold its SMTP credential."""

    name: UserName
    account: Account
    region: Region
    sole_creator: bool = False  # a person's statement that nobody else creates keys for this user
    endpoints: Annotated[tuple[Endpoint, ...], Field(max_length=32)] = ()
    consumers: Annotated[
        tuple[Annotated[Consumer, Field(discriminator="type")], ...], Field(min_length=1, max_length=256)
    ]
    max_age: Annotated[Duration, Field(ge=DAY_S)] | None = None
    rotate_at: RotateAt = None
    grace: Duration | None = None
    quiet: Duration | None = None
    watch: Duration | None = None
    verify: Verify | None = None


class File(Section):
    """The whole file."""

    version: Literal[1]
    state: AbsolutePath = "/var/lib/rotator/journal.db"
    seal: Seal = Seal()
    aws: Aws = Aws()
    google: Google = Google()
    dns: Dns = Dns()
    domains: Annotated[tuple[Domain, ...], Field(max_length=1000)] = ()
    notify: Notify = Notify()
    suppression: Suppression = Suppression()
    audit: Audit = Audit()
    ping: Ping = Ping()
    metrics: Metrics = Metrics()
    alarms: Alarms | None = None
    defaults: Timing = Timing()
    users: Annotated[tuple[User, ...], Field(min_length=1, max_length=1000)]
