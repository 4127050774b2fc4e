"""`rotator derive`: the SMTP password of a secret access key."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from rotator.cli import ask
from rotator.cli.options import Options, command
from rotator.core import hosts
from rotator.core.errors import ConfigurationError
from rotator.core.secret import Secret
from rotator.core.smtp_credential import NotDerivable, derive_password

# Regions of SES by https://docs.aws.amazon.com/general/latest/gr/ses.html; whether one has SMTP is for DNS to say.
SES_REGIONS = (
    "af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1",
    "ap-southeast-2", "ap-southeast-3", "ap-southeast-5", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2",
    "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
    "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
)  # fmt: skip
KEY_ID = re.compile(r"(?P<kind>A[KS]IA)[A-Z0-9]{12,}(?P<rest>.*)", re.DOTALL)


@command
def derive(
    options: Options,
    region: Annotated[
        str,
        typer.Option(
            "--region", envvar="ROTATOR_DERIVE_REGION", metavar="REGION", help="The region that mail is sent in."
        ),
    ] = "",
    all_regions: Annotated[bool, typer.Option("--all-regions", help="A line for every region of SES.")] = False,
) -> None:
    """Print the SES SMTP password of a secret access key, alone: the secret comes from a pipe or a prompt.

    printf %s "$SECRET" | rotator derive --region eu-west-1
    """
    if bool(region) == all_regions:
        raise ConfigurationError("name one region, or ask for all", fix="--region eu-west-1, or --all-regions")
    if region and (problem := hosts.region_problem(region)):
        raise ConfigurationError(f"--region {problem}", why="passwords are bound to their region")
    secret = _secret(options)
    passwords = {name: _password(secret, name).reveal() for name in ((region,) if region else SES_REGIONS)}
    if options.screen.json:
        options.screen.document("rotator/derive/1", {"ok": True, "passwords": passwords})
    elif region:
        options.screen.raw(passwords[region])
    else:
        options.screen.raw("\n".join(f"{name}\t{password}" for name, password in passwords.items()))


def _secret(options: Options) -> Secret:
    given = ask.hidden(options, "Secret access key (hidden):") if options.interactive else ask.piped()
    if given is None:
        raise ConfigurationError(
            "no secret was given", why="it is read from standard input or a prompt, never from an argument",
            fix='printf %s "$SECRET" | rotator derive --region …',
        )  # fmt: skip
    if found := KEY_ID.fullmatch(given.reveal()):
        temporary = found["kind"] == "ASIA"
        why = "it is a temporary key, which SES refuses" if temporary else "it is public and nothing follows from it"
        raise ConfigurationError(
            f"this begins with an access key id ({found['kind']}…), not with a secret", why=why,
            fix="give the secret access key alone, of an IAM user's own key (AKIA…)", id="not-derivable",
        )  # fmt: skip
    return given


def _password(secret: Secret, region: str) -> Secret:
    try:
        return derive_password(secret, region)
    except NotDerivable as reason:
        raise ConfigurationError(
            str(reason), why="only a secret access key gives a password",
            fix="an SMTP password is used as it is; an old one (version 2) needs a new key", id="not-derivable",
        ) from None  # fmt: skip
