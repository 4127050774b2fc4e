"""What a person types without us: the derivation in Python, and plain AWS CLI lines that cannot be run here."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import OperationModel

from rotator.core.refusals import TOLD
from rotator.rotation.opening import plain_revoke
from tests.docs.pages import FENCE, PAGES, blocks
from tests.gates.source_tree import ROOT

# hashicorp/terraform-provider-aws, internal/service/iam/access_key_test.go, TestSESSMTPPasswordFromSecretKeySigV4
PUBLISHED = {
    ("some+secret+key", "eu-central-1"): "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2",
    ("another+secret+key", "eu-central-1"): "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh",
    ("some+secret+key", "us-west-1"): "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj",
    ("another+secret+key", "us-west-1"): "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF",
}
BY_HAND = ROOT / "runbooks" / "ses-smtp-key-rotation.md"
LEAKED = ROOT / "runbooks" / "compromised-key.md"
INLINE = re.compile(r"`(aws [^`]+)`")
HIGH_LEVEL = {("s3", "cp"), ("cloudformation", "deploy")}  # AWS CLI's own, of no service model
GLOBAL_OPTIONS = {"--profile", "--region", "--output", "--query"}


def aws_lines() -> Iterator[tuple[str, str]]:
    """(where, line) of every AWS CLI command on the pages and in the program's own texts."""
    for page in PAGES:
        lines = [line for block in blocks(page, "sh") for line in block.text.replace("\\\n", " ").splitlines()]
        yield from ((page.name, line) for line in lines if line.startswith("aws "))
        yield from ((page.name, line) for line in _in_prose(page) if " --" in line and "…" not in line)
    for id_, entry in TOLD.items():
        yield from ((id_, f"aws {line}") for line in entry.fix.split("aws ")[1:])
    yield "plain_revoke", plain_revoke("jada-ses-smtp", "AKIAEXAMPLE")


def _in_prose(page: Path) -> list[str]:
    return [" ".join(found.split()) for found in INLINE.findall(FENCE.sub("", page.read_text("utf-8")))]


AWS_LINES = sorted(set(aws_lines()))
# A command without options is named, not meant to be typed as it stands.
ONLY_NAMED = sorted({line for page in PAGES for line in _in_prose(page) if " --" not in line})


@cache
def operations(service: str) -> dict[str, OperationModel]:
    """The operations of a service by the names that the AWS CLI gives them."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


def wrong_with(line: str) -> str:
    """What AWS CLI would not take in this line; empty if it is right."""
    _, service, operation, *given = shlex.split(line.partition(" > ")[0])
    if (service, operation) in HIGH_LEVEL:
        return ""
    model = operations(service).get(operation)
    if model is None:
        return f"{service} has no {operation}"
    shape = model.input_shape
    known = {f"--{xform_name(name, '-')}": member for name, member in shape.members.items()} if shape else {}
    options = _options(given)
    unknown = options.keys() - known.keys() - GLOBAL_OPTIONS
    missing = {f"--{xform_name(name, '-')}" for name in (shape.required_members if shape else ())} - options.keys()
    fixed = {name: member.enum for name, member in known.items() if getattr(member, "enum", ())}
    values = sorted(name for name in options.keys() & fixed.keys() if options[name] not in fixed[name])
    problems = {"unknown": sorted(unknown), "missing": sorted(missing), "not a value of": values}
    return ", ".join(f"{problem} {names}" for problem, names in problems.items() if names)


def _options(given: list[str]) -> dict[str, str]:
    """Options and their values; a switch has none."""
    pairs = zip(given, [*given[1:], ""], strict=False)
    return {one: "" if after.startswith("--") else after for one, after in pairs if one.startswith("--")}


@pytest.mark.parametrize(("where", "line"), AWS_LINES, ids=[f"{where}: {line[:60]}" for where, line in AWS_LINES])
def test_aws_cli_would_take_the_line(where: str, line: str) -> None:
    """Service, operation, options and fixed values are AWS's own."""
    assert wrong_with(line) == ""


@pytest.mark.parametrize("line", ONLY_NAMED)
def test_a_command_of_aws_that_is_only_named_exists(line: str) -> None:
    """A reader who looks it up finds it."""
    _, service, operation = line.split()
    assert operation in operations(service)


WRONG = {
    "another operation": "aws iam switch-off-access-key --access-key-id A",
    "another option": "aws iam update-access-key --key-id A --status Inactive",
    "a needed option is missing": "aws iam update-access-key --access-key-id A",
    "another value": "aws iam update-access-key --access-key-id A --status Off",
}


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_line_would_be_found(line: str) -> None:
    """A slip in a line for an emergency does not get through."""
    assert wrong_with(line) != ""


def test_the_page_for_a_leaked_key_begins_with_the_plain_line() -> None:
    """Before anything of ours: the line that switches the key off from anywhere, as the program prints it."""
    first = blocks(LEAKED)[0]
    assert first.kind == "sh"
    assert first.text.strip() == plain_revoke("jada-ses-smtp", '"$KEY"')


@pytest.mark.parametrize(("secret", "region"), PUBLISHED)
def test_the_six_lines_give_the_published_passwords(secret: str, region: str) -> None:
    """Typed as printed, with nothing installed, they derive what others have published."""
    (block,) = blocks(BY_HAND, "python")
    assert len(block.text.splitlines()) == 6
    program = block.text.replace('"us-east-1"', f'"{region}"')
    assert program != block.text
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", program],
        input=f"{secret}\n",
        capture_output=True,
        text=True,
        start_new_session=True,  # without a terminal of its own the secret is read from standard input
        check=True,
    )
    assert done.stdout.strip() == PUBLISHED[secret, region]
