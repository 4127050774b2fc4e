"""`rotator infra`: SES and what is around it as CloudFormation, and the policies alone; nothing is deployed."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rotator.cli.options import Options, command, plain_typer

if TYPE_CHECKING:
    from rotator.infra.plan import Plan

app = plain_typer(no_args_is_help=True)

Region = Annotated[
    str,
    typer.Option(
        "--region", envvar="ROTATOR_INFRA_REGION", metavar="REGION", help="SES's region; the first user's else."
    ),
]
Domains = Annotated[
    list[str] | None,
    typer.Option("--domain", metavar="DOMAIN[=MAIL_FROM]", help="A domain to send from; those of the aliases else."),
]


class Stack(StrEnum):
    """The templates."""

    SENDING = "sending"
    ACCESS = "access"


class Whose(StrEnum):
    """Whom a policy is for."""

    USER = "user"
    BOUNDARY = "boundary"
    ROLE = "role"


@app.callback()
def infra() -> None:
    """SES as code: templates and policies for exactly what is configured; deploying stays with `aws cloudformation`."""


@app.command()
@command
def render(
    options: Options,
    stack: Annotated[Stack, typer.Argument(metavar="sending|access", help="One stack a region, or one an account.")],
    region: Region = "",
    domain: Domains = None,
    daily_limit: Annotated[
        float | None, typer.Option("--daily-limit", metavar="N", help="Mails in 24 h that SES allows: an alarm.")
    ] = None,
) -> None:
    """Print a CloudFormation template as YAML; the same configuration gives the same bytes."""
    from rotator.infra.rendering import SENT_AT_MOST, TEMPLATES, rendered

    plan = _plan(options, region, domain or [], daily_limit)
    text = rendered(stack.value, plan)
    if len(text) > SENT_AT_MOST:
        told = f"{len(text)} bytes: more than {SENT_AT_MOST} go by way of a bucket, by `deploy --s3-bucket`"
        options.screen.say(told, "warning", always=True)
    if options.screen.json:
        fields = {"ok": True, "stack": stack.value, "region": plan.region, "template": TEMPLATES[stack.value](plan)}
        options.screen.document("rotator/infra-template/1", fields)
    else:
        options.screen.raw(text.rstrip("\n"))


@app.command()
@command
def policy(
    options: Options,
    whose: Annotated[Whose, typer.Argument(metavar="user|boundary|role", help="Whom it is for.")],
    region: Region = "",
    domain: Domains = None,
) -> None:
    """Print one policy: of an SMTP user, of what bounds it, or of the program's own role."""
    from rotator.infra import access

    plan = _plan(options, region, domain or [], None)
    documents = {"user": access.user_policy, "boundary": access.boundary, "role": access.role_policy}
    found = documents[whose.value](plan)
    if options.screen.json:
        options.screen.document("rotator/infra-policy/1", {"ok": True, "for": whose.value, "policy": found})
    else:
        options.screen.raw(json.dumps(found, indent=2))


def _plan(options: Options, region: str, domains: list[str], daily_limit: float | None) -> Plan:
    from rotator.wiring.infra import plan

    return plan(options.configuration(), region, domains, daily_limit)
