"""With two users in the file, every command that is printed for somebody to paste names one of them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from typer.main import get_command

from rotator.cli.main import app
from rotator.cli.work import user_and_consumer
from rotator.config.loader import load
from rotator.core.refusals import TOLD, told
from rotator.core.steps import Ask
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.cli.conftest import Ran, Run

USER = "jada-ses-smtp"
ABOUT_A_USER = ("adopt", "rotate", "abort", "discard", "reactivate", "forget", "handover", "confirm", "history")
NAMES = {"forget": 2, "handover": 2, "confirm": 2}  # words that are no options: [USER] CONSUMER
PRINTED = re.compile(rf"\brotator ({'|'.join(ABOUT_A_USER)})\b(.*?)(?=\brotator |$)", re.MULTILINE)
OTHER = {
    "name": "another-user",
    "account": "123456789012",
    "region": "us-east-1",
    "consumers": [{"type": "human", "name": "tablet", "instructions": "Mail"}],
}
LAPTOP = {"type": "human", "name": "laptop", "instructions": "Thunderbird"}


@pytest.fixture
def two_users(world: World, run: Run) -> World:
    """A world whose file has a second user, and a person among the consumers of the first; the first is adopted."""
    config = world.place.config
    file = yaml.safe_load(config.read_text("utf-8"))
    file["users"][0]["consumers"].append(LAPTOP)
    file["users"].append(OTHER)
    config.write_text(yaml.safe_dump(file), "utf-8")
    secret = world.keys.now_held(USER)[0].secret
    assert run("adopt", "--user", USER, "--secret-stdin", stdin=secret).code == 0
    return world


def commands(text: str) -> Iterator[list[str]]:
    """The commands in a text, each up to the first word that is neither an option, its value nor a name."""
    for verb, rest in PRINTED.findall(text):
        taken, names, words = [verb], NAMES.get(verb, 0), re.split("   |`", rest)[0].split()
        while words and (words[0].startswith("--") or names):
            word = words.pop(0)
            if word.startswith("--"):
                valued = word in {"--user", "--key", "--reason", "--out"}
                taken += [word, words.pop(0)] if valued else [word.rstrip(",;)")]
            else:
                names -= 1
                taken.append(word.rstrip(",;)"))
        yield taken


def owner(command: list[str]) -> str | None:
    """Whom a command line is about, by the program's own parser.  Raises what the parser raises."""
    group: Any = get_command(app)
    with group.make_context("rotator", command) as top:
        name, found, rest = group.resolve_command(top, list(command))
        with found.make_context(name, rest, parent=top) as context:
            given = context.params
    if given.get("every"):
        return USER  # all of them
    names = given.get("names")
    user = user_and_consumer(list(names), given.get("user"))[0] if names else given.get("user")
    return load(os.environ["ROTATOR_CONFIG"], os.environ).user(user).name


@pytest.mark.parametrize("what", TOLD)
def test_what_a_question_or_refusal_tells_to_type_names_the_user(two_users: World, what: str) -> None:
    """Every command of every entry can be pasted beside a second user."""
    entry = told(Ask(7, what, ("AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"), ""), USER)
    assert "USER" not in entry.fix
    assert {owner(one) for one in commands(entry.fix)} <= {USER}


def _abort_too_late(world: World, run: Run) -> list[Ran]:
    return [run("rotate", "--user", USER), run("abort", "--user", USER, "--reason", "r")]


def _from_begin_to_watch(world: World, run: Run) -> list[Ran]:
    said = [run("history", "--user", USER), run("rotate", "--user", USER, "--dry-run"), run("rotate", "--user", USER)]
    said += [run("handover", USER, "laptop", "--out", str(world.place.directory / "given"))]
    said += [run("confirm", USER, "laptop")]
    Sandbox(world.admin_url).advance(5 * 86400)
    return [*said, run("rotate", "--user", USER), run("status")]


def _put_back(world: World, run: Run) -> list[Ran]:
    old = world.place.sasl_passwd.read_text("utf-8")
    _from_begin_to_watch(world, run)
    Sandbox(world.admin_url).advance(8 * 86400)
    assert "rotated" in run("rotate", "--user", USER).out
    world.place.sasl_passwd.write_text(old, "utf-8")
    return [run("rotate", "--all", "--if-due"), run("status")]


def _leaked(world: World, run: Run) -> list[Ran]:
    key = world.keys.now_held(USER)[0].id
    return [run("rotate", "--user", USER, "--emergency", "--key", key, "--reason", "leaked")]


STORIES = {
    "no journal": (lambda _, run: [run("rotate", "--user", "another-user")], "another-user"),
    "an incident without a key": (lambda _, run: [run("rotate", "--user", USER, "--emergency")], USER),
    "a hand-over before there is anything": (
        lambda world, run: [
            world.faults.arm("create_refused", 1) or run("rotate", "--user", USER),
            run("handover", USER, "laptop", "--out", "given"),
        ],
        USER,
    ),
    "an abort that comes too late": (_abort_too_late, USER),
    "from the first question to the watch": (_from_begin_to_watch, USER),
    "a place that was put back": (_put_back, USER),
    "a leak with a person in the way": (_leaked, USER),
    "beside one that was never adopted": (lambda _, run: [run("status")], "another-user"),
}


@pytest.mark.parametrize("story", STORIES)
def test_whatever_is_printed_can_be_pasted(two_users: World, run: Run, story: str) -> None:
    """No command that the program printed leaves open which user is meant."""
    tell, about = STORIES[story]
    printed = [one for said in tell(two_users, run) for one in commands(said.out + "\n" + said.err)]
    owners = {shlex.join(one): owner(one) for one in printed}
    assert about in owners.values(), owners


def test_the_next_commands_do_what_is_next(two_users: World, run: Run) -> None:
    """Pasted one after the other, the printed commands bring a run that waits for a person to its grace."""
    asked = run("rotate", "--user", USER)
    (line,) = [one for one in asked.out.splitlines() if one.startswith("Next: ")]
    handover, confirm = commands(line)
    given = two_users.place.directory / "given"
    assert run(*(one for one in handover if one != "--reveal"), "--out", str(given)).code == 0
    assert f"  user      {two_users.keys.now_held(USER)[-1].id}" in given.read_text("utf-8")
    done = run(*confirm)
    assert (done.code, "grace" in done.out) == (0, True), done.err
