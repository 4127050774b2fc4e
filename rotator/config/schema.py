"""What may stand in the configuration file: every key, its form and its default.

A key exists only if something uses it.
Frozen pydantic models, strict: nothing is converted but durations.  Sequences arrive as tuples (config.positions).
Rules that look at more than one value are in config.rules.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from rotator.core import durations, trust
from rotator.core.durations import UNITS_S

DAY_S = UNITS_S["d"]
SIMULATOR = "success@simulator.amazonses.com"  # accepted and dropped by SES itself; docs: send-an-email-from-console
AUTO = "auto"

# Kinds and keys of the plan that this version does not have: told apart from a slip of the pen.
KINDS_NOT_BUILT = ("secrets_manager", "ssm_parameter", "command")
KEYS_NOT_BUILT = frozenset(
    {"dns", "ping", "metrics", "domains", "suppression", "audit"}
    | {"notify.sns_topic", "notify.apprise_file", "notify.remind"}
)


def _plain(text: str) -> str:
    if trust.has_control(text):
        raise ValueError("holds a control character or an invisible one")
    return text


def _lines(text: str) -> str:
    _plain(text.replace("\n", " "))
    return text


def _refuse(problem: str | None, text: str) -> str:
    if problem is not None:
        raise ValueError(problem)
    return text


def _absolute(path: str) -> str:
    if not path.startswith("/") or path.startswith("//") or ".." in path.split("/"):
        raise ValueError("must be an absolute path, without '..'")
    return path


def _rotate_at(value: object) -> int | None:
    return None if value == AUTO else durations.parse_duration(value)


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": durations.PATTERN})
Text = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_plain)]
Lines = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_lines)]
Duration = Annotated[int, BeforeValidator(durations.parse_duration), _DURATION_SCHEMA]
RotateAt = Annotated[
    int | None,  # None: auto
    BeforeValidator(_rotate_at),
    WithJsonSchema({"type": "string", "pattern": f"^auto$|{durations.PATTERN}"}),
]
AbsolutePath = Annotated[Text, AfterValidator(_absolute)]
Host = Annotated[Text, AfterValidator(lambda text: _refuse(trust.host_problem(text), text.lower()))]
Address = Annotated[Text, AfterValidator(lambda text: _refuse(trust.address_problem(text), text))]
Region = Annotated[Text, AfterValidator(lambda text: _refuse(trust.region_problem(text), text))]
# Names stand in ARNs, headers and shell lines that a person copies.
UserName = Annotated[str, Field(pattern=r"^[A-Za-z0-9+=,.@_-]{1,64}$")]  # IAM's own form, ASCII
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Account = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
UserPath = Annotated[str, Field(pattern=r"^/([A-Za-z0-9._+=,@-]+/)*$", max_length=512)]  # no * ?: it stands in a policy
RoleArn = Annotated[str, Field(pattern=r"^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}$")]
Argv = Annotated[tuple[Text, ...], Field(min_length=1, max_length=64)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """Base of all models: frozen, strict, unknown keys are errors, and no error quotes its input."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Seal(Section):
    """Where the key that seals secrets lies."""

    key_file: AbsolutePath = "/var/lib/rotator/seal.key"


class Aws(Section):
    """How the program becomes somebody at AWS; None is boto3's ordinary search."""

    profile: Text | None = None
    assume_role: RoleArn | None = None
    user_path: UserPath | None = None  # IAM path of the users, such as /ses/


class Google(Section):
    """Where Google's API answers; None is Google."""

    api_endpoint: Text | None = None


class Notify(Section):
    """Who hears of a run, and when an open one becomes an alarm."""

    mail_to: Address | None = None
    open_alarm: Duration = 48 * UNITS_S["h"]


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


class Credentials(Section):
    """How Gmail is fed: a service account writes, a user token only sends and reads."""

    authorized_user: AbsolutePath | None = None
    service_account: AbsolutePath | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Credentials:
        if (self.authorized_user is None) == (self.service_account is None):
            raise ValueError(
                "needs exactly one of authorized_user and service_account; without either leave the key out"
            )
        return self


class GmailSendAs(Section):
    """A "Send mail as" alias of a Gmail mailbox."""

    type: Literal["gmail_send_as"]
    name: Name
    mailbox: Address
    alias: Address
    endpoint: Name | None = None  # the user's first
    canary_to: Address | None = None  # the mailbox itself
    credentials: Credentials | None = None  # by hand

    @property
    def recipient(self) -> str:
        """Where the canary goes."""
        return self.canary_to or self.mailbox


class CredentialFile(Section):
    """A file on this machine that holds user name and password."""

    type: Literal["credential_file"]
    name: Name
    path: AbsolutePath
    format: Literal["postfix", "msmtp", "env", "json"]
    after: Argv | None = None  # a program and its arguments, run once the file is in place
    endpoint: Name | None = None
    canary_from: Address | None = None  # a mail is sent with exactly what the file holds
    canary_to: Address | None = None  # SES's simulator

    @model_validator(mode="after")
    def _whole(self) -> CredentialFile:
        if self.canary_to is not None and self.canary_from is None:
            raise ValueError("canary_to needs canary_from: a canary is sent from somewhere")
        if self.after is not None:
            try:
                _absolute(self.after[0])
            except ValueError as error:
                raise ValueError(f"the program in 'after' {error}") from None
        return self

    @property
    def recipient(self) -> str:
        """Where the canary goes."""
        return self.canary_to or SIMULATOR


class Human(Section):
    """A place that only a person can reach, such as a colleague's mail client."""

    type: Literal["human"]
    name: Name
    instructions: Lines
    endpoint: Name | None = None


Consumer = GmailSendAs | CredentialFile | Human
KINDS = ("gmail_send_as", "credential_file", "human")


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
    notify: Notify = Notify()
    defaults: Timing = Timing()
    users: Annotated[tuple[User, ...], Field(min_length=1, max_length=1000)]
