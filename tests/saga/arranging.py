"""What can be wrong before a command is typed: each of these changes one thing in a stage."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from rotator.journal.sealing import create_key_file
from rotator.sandbox.certificates import CertificateAuthority, Leaf
from rotator.sandbox.gmail import CONSUMER_SCOPES
from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import PERSONAL, World
from tests.saga.stage import BY_HAND, USER, Stage
from tests.sandbox.clients import aws
from tests.services.scripted_smtp import Script, served

FOR_EVER = 1000  # times a fault happens
Arrange = Callable[[Stage], object]
Where = Callable[[Stage], Path]

def config(stage: Stage) -> Path:
    """The configuration file."""
    return stage.world.place.config


def state(stage: Stage) -> Path:
    """The state directory."""
    return stage.world.place.state


def journal(stage: Stage) -> Path:
    """The journal."""
    return stage.world.place.journal


def seal_key(stage: Stage) -> Path:
    """The seal key."""
    return stage.world.place.seal_key


def relay(stage: Stage) -> Path:
    """The relay's password file."""
    return stage.world.place.sasl_passwd


def nothing(stage: Stage) -> None:
    """All is well but the command line."""


def edited(before: str, after: str) -> Arrange:
    """Text of the configuration file is replaced."""

    def edit(stage: Stage) -> None:
        text = config(stage).read_text()
        assert before in text
        config(stage).write_text(text.replace(before, after, 1))

    return edit


def set_user(stage: Stage, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the user's part of the configuration."""
    document = yaml.safe_load(config(stage).read_text())
    change(document["users"][0])
    config(stage).write_text(yaml.safe_dump(document, sort_keys=False))


def endpoint(**changes: object) -> Arrange:
    """The endpoint is another one."""
    return lambda stage: set_user(stage, lambda user: user["endpoints"][0].update(changes))


def armed(fault: str) -> Arrange:
    """Something goes wrong in the world, again and again."""
    return lambda stage: stage.world.faults.arm(fault, FOR_EVER)


def variables(**changes: str | None) -> Arrange:
    """Another environment; None takes a variable away."""

    def change(stage: Stage) -> None:
        for name, value in changes.items():
            stage.environment.pop(name, None)
            if value is not None:
                stage.environment[name] = value

    return change


def linked(path: Where) -> Arrange:
    """The real thing lies elsewhere, a link stands in its place."""

    def link(stage: Stage) -> None:
        here = path(stage)
        there = here.parent / "elsewhere" / here.name
        there.parent.mkdir(mode=0o700)
        here.rename(there)
        here.symlink_to(there)

    return link


def mode(path: Where, bits: int) -> Arrange:
    """Others may do more than they should."""
    return lambda stage: path(stage).chmod(bits)


def gone(path: Where, pattern: str) -> Arrange:
    """Files are missing."""

    def remove(stage: Stage) -> None:
        for one in path(stage).glob(pattern):
            one.unlink()

    return remove


def another_seal_key(stage: Stage) -> None:
    """Somebody made a new key in place of the lost one."""
    seal_key(stage).unlink()
    create_key_file(seal_key(stage))


def another_account(stage: Stage) -> None:
    """The credentials in use are those of another account, which has a user of the same name."""
    other = stage.stack.enter_context(
        World.start(stage.home / "other", calm=True, seed=2, scenario=Scenario(account="210987654321", gmail=False))
    )
    taken = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    stage.environment |= {name: value for name, value in other.environment().items() if name in taken}


def closed_port(stage: Stage) -> None:
    """Nobody listens where the endpoint should be."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoint(port=port)(stage)


def certified(leaf: Callable[[CertificateAuthority], Leaf]) -> Arrange:
    """A server with another certificate answers at the endpoint."""

    def serve(stage: Stage) -> None:
        context = leaf(stage.world.authority).server_context()
        script = stage.stack.enter_context(served(Script(), context))
        endpoint(port=script.port)(stage)

    return serve


def alias(**changes: Any) -> Arrange:
    """Somebody changed the Workspace alias."""

    def change(stage: Stage) -> None:
        gmail, domain = stage.world.gmail, stage.world.scenario.domain
        assert gmail is not None
        place = (f"ops@{domain}", f"news@{domain}")
        now = gmail.stored(*place)
        assert now is not None
        settings: dict[str, Any] = {"host": now.host, "port": now.port, "security": now.security}
        gmail.add_alias(*place, username=now.username, password=now.password, **(settings | changes))

    return change


def dead_token(stage: Stage) -> None:
    """The personal mailbox sends its canaries with a token that a password change has ended."""
    assert stage.world.gmail is not None
    token = stage.world.gmail.add_refresh_token(PERSONAL)
    stage.world.gmail.revoke(PERSONAL)
    consumer = {
        "type": "gmail_send_as", "name": BY_HAND, "mailbox": PERSONAL, "alias": f"admin@{stage.world.scenario.domain}",
        "credentials": {"authorized_user": str(token)},
    }  # fmt: skip
    set_user(stage, lambda user: user["consumers"].append(consumer))


def token_without_scopes(stage: Stage) -> None:
    """The personal mailbox's token may not read the bounce of a canary."""
    assert stage.world.gmail is not None
    token = stage.world.gmail.add_refresh_token(PERSONAL, CONSUMER_SCOPES[1:])
    consumer = {
        "type": "gmail_send_as", "name": BY_HAND, "mailbox": PERSONAL, "alias": f"admin@{stage.world.scenario.domain}",
        "credentials": {"authorized_user": str(token)},
    }  # fmt: skip
    set_user(stage, lambda user: user["consumers"].append(consumer))


def place(one: dict[str, Any], prepare: Arrange = nothing) -> Arrange:
    """One consumer more, of which something is wrong.  `{home}` in its values is a directory of ours."""

    def add(stage: Stage) -> None:
        prepare(stage)
        filled = {
            name: [part.format(home=stage.home) for part in value] if isinstance(value, list) else value
            for name, value in one.items()
        }
        set_user(stage, lambda user: user["consumers"].append(filled))

    return add


def program(text: str, bits: int = 0o700) -> Arrange:
    """A program of somebody's, called push."""

    def write(stage: Stage) -> None:
        path = stage.home / "push"
        path.write_text(text)
        path.chmod(bits)

    return write


def after(*argv: str) -> Arrange:
    """The relay's file has a program to run once it is written."""

    def change(stage: Stage) -> None:
        set_user(stage, lambda user: user["consumers"][-1].update(after=list(argv)))

    return change


def stored(service: str, call: str, **arguments: Any) -> Arrange:
    """Somebody made a secret or a parameter."""
    return lambda stage: getattr(aws(stage.world, service), call)(**arguments)


def both(*arranged: Arrange) -> Arrange:
    """One after the other."""

    def arrange(stage: Stage) -> None:
        for one in arranged:
            one(stage)

    return arrange


def key_deleted(stage: Stage) -> None:
    """Somebody deleted the key that every consumer holds, and the endpoint is down as well."""
    stage.world.keys.set_status(USER, next(iter(stage.keys())), "Deleted")
    closed_port(stage)


def may_not_send(stage: Stage) -> None:
    """A policy forbids the SMTP user what it is there for."""
    deny = {"Effect": "Deny", "Action": "ses:*", "Resource": "*"}
    stage.world.moto.put_user_policy(USER, {"Version": "2012-10-17", "Statement": [deny]})


def second_key(stage: Stage) -> None:
    """Somebody made a key for this user."""
    stage.world.keys.create(USER)


def made_anew(stage: Stage) -> None:
    """The user was deleted and made again under its name."""
    stage.world.replace_user()
