"""A calm world and a shell in it, with `rotator` on its path: what the sessions of the pages are played on."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rotator.core.access_keys import KeyId
from rotator.core.durations import parse_duration
from rotator.core.ports import Deadline
from rotator.core.secret import Secret
from rotator.core.smtp_credential import derive
from rotator.sandbox.client import Sandbox
from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.world import PERSONAL, World
from rotator.services.gmail import GmailMailbox
from rotator.services.google_auth import delegated_access
from tests.alarms.deploying import add_section, deploy
from tests.alarms.deploying import client as aws
from tests.explain import bounces
from tests.gates.source_tree import ROOT

DUE = Scenario(keys=(InitialKey(age_days=81),))  # due, and not past its limit: an ordinary day
SHOUT = "! NOT THE REAL AWS"  # the first line of every command in a sandbox, and of none outside
COMMAND_S = 60
SAVED = {  # what a reader of a page has saved from a mailbox
    "suppressed": bounces.report(bounces.SUPPRESSED),
    "exchange": bounces.exchange(
        "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", "5.7.133"
    ),
    "forged": bounces.notice(bounces.prose(bounces.BAD_LOGIN), results=bounces.VOUCHED.replace("=pass", "=fail")),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One world, and the environment of the person who reads the page."""

    world: World
    environment: Mapping[str, str]
    home: Path

    def shell(self, command: str) -> tuple[int, list[str]]:
        """Run a line as a shell does; its exit code, and the lines that a terminal would show."""
        done = subprocess.run(
            ["/bin/sh", "-c", f"{{ {command}\n}} 2>&1"],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            timeout=COMMAND_S,
            check=False,
        )
        return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith(SHOUT)]

    def happen(self, note: str) -> None:
        """What a note says: time passes, a fault, a stranger, a person who pastes."""
        sandbox, words = Sandbox(self.world.admin_url), note.split()
        match words:
            case ["advance", time]:
                sandbox.advance(parse_duration(time))
            case ["fault", name, times]:
                sandbox.arm(**{name: int(times)})
            case ["run", *_]:
                code, lines = self.shell(note.removeprefix("run "))
                assert code == 0, lines
            case ["stranger", "makes", "a", "key"]:
                sandbox.create_key()
            case ["the", "stranger's", "key", "is", "deleted"]:
                self.world.keys.set_status(self.world.scenario.user, sandbox.keys()[-1]["key"], "Deleted")
            case [("wrong" | "right") as how, "password", "in", "news-alias"]:
                self.paste_news("B" + "x" * 43 if how == "wrong" else self.right_password())
            case ["paste", consumer]:
                self.paste(sandbox, consumer)
            case _:
                self._at_the_others(note)

    def _at_the_others(self, note: str) -> None:
        """What a note says of SES, of the recipients and of the mailboxes."""
        match note.split():
            case ["suppress", address, ("BOUNCE" | "COMPLAINT") as reason]:
                self.world.ses.suppress(address, reason, self.world.clock.now())
            case ["enforcement", ("HEALTHY" | "PROBATION" | "SHUTDOWN") as status]:
                self.world.ses.enforcement = status
            case ["a", "mail", "through", "news-alias", "to", recipient]:
                self.mail(recipient)
            case ["quarantine"]:
                self.world.moto.put_user_policy(self.world.scenario.user, quarantined(self.world.scenario))
            case ["the", "seal", "key", "is", "lost" | "back" as how]:
                kept, place = self.home / "kept", self.world.place.seal_key
                (kept if how == "back" else place).rename(place if how == "back" else kept)
            case ["the", "journal", "is", "lost"]:
                for file in self.world.place.state.glob("journal.db*"):
                    file.unlink()
            case ["the", "machine", "is", "lost", *_]:
                self.move()
            case ["file", name, kind]:
                (self.home / name).write_bytes(SAVED[kind])
            case _:
                self._at_the_alarms(note)

    def _at_the_alarms(self, note: str) -> None:
        """What a note says of CloudWatch and of whoever it tells, and what a person does at AWS by hand."""
        match note.split():
            case [address, "is", "taken", "off", "the", "list"]:
                aws(self.world, "sesv2").delete_suppressed_destination(EmailAddress=address)
            case ["alarms", "in", "the", "file"]:
                add_section(self.world)
            case ["alarms", "are", "deployed", "for", address]:
                deploy(self.world, address)
            case [alarm, "goes", "back"]:
                aws(self.world, "cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="figures")
            case [address, "confirms"]:
                self.world.paging.confirm(address)
            case _:
                raise AssertionError(f"nobody knows how to do this in the sandbox: {note}")

    def right_password(self) -> str:
        """The SMTP password of the key in use."""
        held, region = self.world.keys.now_held(self.world.scenario.user)[0], self.world.scenario.region
        return derive(KeyId(held.id), Secret(held.secret), region).password.reveal()

    def paste_news(self, password: str) -> None:
        """Somebody changes the alias's password by hand."""
        gmail, domain = self.world.gmail, self.world.scenario.domain
        assert gmail is not None
        mailbox, alias = f"ops@{domain}", f"news@{domain}"
        held = gmail.stored(mailbox, alias)
        assert held is not None
        gmail.add_alias(mailbox, alias, held.host, held.port, "starttls", held.username, password)

    def move(self) -> None:
        """The state goes to the same place of another machine, as files that were copied; locks stay behind."""
        state, copy = self.world.place.state, self.home / "copy"
        copy.mkdir(mode=0o700)
        for file in (*state.glob("journal.db*"), self.world.place.seal_key):
            shutil.copy2(file, copy / file.name)
        shutil.rmtree(state)
        copy.rename(state)

    def mail(self, recipient: str) -> None:
        """A user of the Workspace mailbox writes as the alias; Gmail logs in at SES with what it holds."""
        assert self.world.gmail is not None
        assert self.world.service_account is not None
        domain = self.world.scenario.domain
        access = delegated_access(self.world.service_account, f"ops@{domain}", frozenset({"127.0.0.1"}))
        gmail = GmailMailbox(mailbox=f"ops@{domain}", access=access, api_endpoint=self.world.gmail.url)
        text = f"From: news@{domain}\r\nTo: {recipient}\r\nSubject: hello\r\n\r\nhello\r\n"
        gmail.send(text.encode(), Deadline.after(COMMAND_S))
        self.world.gmail.settle()

    def paste(self, sandbox: Sandbox, consumer: str) -> None:
        """A person takes what the hand-over says to Gmail's settings page; Gmail tries it and saves it."""
        code, lines = self.shell(f"rotator handover {consumer} --out given && cat given && rm given")
        assert code == 0, lines
        given = dict(line.split(maxsplit=1) for line in lines if len(line.split()) > 1)
        alias = f"admin@{self.world.scenario.domain}"
        password = given["password"].split()[0]
        sandbox.paste(PERSONAL, alias, given["user"].split()[0], password, "127.0.0.1", self.world.smtp.port)


def quarantined(scenario: Scenario) -> dict[str, Any]:
    """The user's policy with the beginning of AWSCompromisedKeyQuarantineV3, which denies IAM's writes to the user.

    Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
    """
    denied = [
        "iam:CreateAccessKey",
        "iam:UpdateAccessKey",
        "iam:PutUserPolicy",
        "iam:DetachUserPolicy",
        "iam:UpdateUser",
    ]
    deny = {"Effect": "Deny", "Action": denied, "Resource": "*"}
    policy = scenario.policy()
    return {**policy, "Statement": [*policy["Statement"], deny]}


@contextmanager
def staged(directory: Path, scenario: Scenario = DUE) -> Iterator[Stage]:
    """A world in `directory`, and a home with `rotator` on the path."""
    home, programs = directory / "home", directory / "bin"
    home.mkdir(mode=0o700)
    programs.mkdir(mode=0o700)
    link = programs / "rotator"
    link.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rotator "$@"\n')
    link.chmod(0o700)
    with World.start(directory / "world", calm=True, scenario=scenario) as world:
        (held, *_) = world.keys.now_held(scenario.user)
        environment = {
            "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "KEY": held.id,
        }
        yield Stage(world, environment | world.environment(), home)
