"""The kinds of consumers and what each of them is told: the models behind `users[].consumers`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from rotator.config.forms import AbsolutePath, Address, Argv, Duration, Lines, Name, Region, Section, absolute
from rotator.core.hosts import SIMULATOR

LONGEST_HOOK_S = 20  # no effect lives longer: a late one is over when the next may begin (core.policy)

# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html: a name, or the whole ARN
ARN = r"arn:aws(-cn|-us-gov)?:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+"
SecretId = Annotated[str, Field(pattern=rf"^([A-Za-z0-9/_+=.@-]+|{ARN})$", max_length=2048)]
ParameterPath = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.-]+){1,14}$", max_length=900)]
KeyArn = Annotated[str, Field(pattern=r"^arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}$")]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Credentials(Section):
    """How Gmail is fed: a service account writes, a user token only sends and reads."""

    authorized_user: AbsolutePath | None = None
    service_account: AbsolutePath | None = None
    impersonate: Address | None = None  # a service account without a key file

    @property
    def writes(self) -> bool:
        """Whether the alias can be written with them."""
        return self.authorized_user is None

    @model_validator(mode="after")
    def _exactly_one(self) -> Credentials:
        if sum(one is not None for one in (self.authorized_user, self.service_account, self.impersonate)) != 1:
            raise ValueError(
                "needs exactly one of authorized_user, service_account and impersonate; without any leave the key out"
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


class _CanSend(Section):
    """A place that can be read: a mail is sent with exactly what it holds."""

    endpoint: Name | None = None
    canary_from: Address | None = None
    canary_to: Address | None = None  # SES's simulator

    @model_validator(mode="after")
    def _from_somewhere(self) -> _CanSend:
        if self.canary_to is not None and self.canary_from is None:
            raise ValueError("canary_to needs canary_from: a canary is sent from somewhere")
        return self

    @property
    def recipient(self) -> str:
        """Where the canary goes."""
        return self.canary_to or SIMULATOR


class FieldNames(Section):
    """What the parts of the credential are called; null: it is not written."""

    username: FieldName = "username"
    password: FieldName = "password"  # noqa: S105 - a name
    host: FieldName | None = "host"
    port: FieldName | None = "port"
    security: FieldName | None = None
    region: FieldName | None = None

    @model_validator(mode="after")
    def _different(self) -> FieldNames:
        names = [name for name in self.model_dump().values() if name is not None]
        if len(set(names)) != len(names):
            raise ValueError("two parts have the same name: one would overwrite the other")
        return self


class SecretsManager(_CanSend):
    """A secret of AWS Secrets Manager that holds a JSON object."""

    type: Literal["secrets_manager"]
    name: Name
    secret_id: SecretId
    region: Region | None = None  # the one in the ARN, else the user's
    fields: FieldNames = FieldNames()
    kms_key: KeyArn | None = None  # the secret's own key, for `config policy`


class SsmParameter(_CanSend):
    """A parameter of Systems Manager, or several under one path."""

    type: Literal["ssm_parameter"]
    name: Name
    path: ParameterPath
    layout: Literal["json", "path"] = "json"
    region: Region | None = None  # the user's
    fields: FieldNames = FieldNames()
    kms_key: KeyArn | None = None  # the account's key for Parameter Store

    @model_validator(mode="after")
    def _not_reserved(self) -> SsmParameter:
        if re.match(r"/(aws|ssm)", self.path, re.IGNORECASE):
            raise ValueError("a path that begins with aws or ssm is AWS's own")
        return self


class CredentialFile(_CanSend):
    """A file on this machine that holds user name and password, and its copies."""

    type: Literal["credential_file"]
    name: Name
    path: AbsolutePath
    replicas: Annotated[tuple[AbsolutePath, ...], Field(max_length=16)] = ()  # more files of the same format
    format: Literal["postfix", "msmtp", "env", "json"]
    account: Name | None = None  # of msmtp: the consumer's name, else the only account of the host
    after: Argv | None = None  # a program and its arguments, run once the file is in place

    @model_validator(mode="after")
    def _program(self) -> CredentialFile:
        _absolute_program("after", self.after)
        if self.account is not None and self.format != "msmtp":
            raise ValueError("has account, which only msmtp's format knows")
        return self


class Command(Section):
    """A program of somebody's own, which gets the credential on its standard input."""

    type: Literal["command"]
    name: Name
    push: Argv  # a program and its arguments
    check: Argv | None = None  # prints the key id that the place holds
    timeout: Annotated[Duration, Field(ge=1, le=LONGEST_HOOK_S)] = LONGEST_HOOK_S
    endpoint: Name | None = None

    @model_validator(mode="after")
    def _programs(self) -> Command:
        _absolute_program("push", self.push)
        _absolute_program("check", self.check)
        return self


class Human(Section):
    """A place that only a person can reach, such as a colleague's mail client."""

    type: Literal["human"]
    name: Name
    instructions: Lines
    endpoint: Name | None = None


def _absolute_program(key: str, argv: tuple[str, ...] | None) -> None:
    if argv is not None:
        try:
            absolute(argv[0])
        except ValueError as error:
            raise ValueError(f"the program in {key!r} {error}") from None


Consumer = GmailSendAs | SecretsManager | SsmParameter | CredentialFile | Command | Human
READABLE = (SecretsManager, SsmParameter, CredentialFile)  # they say which key they hold, and we can send with it
IN_AWS = (SecretsManager, SsmParameter)
