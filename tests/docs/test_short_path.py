"""README's short path, typed as it is printed, by a person at a terminal of the sandbox."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import PERSONAL
from tests.cli.terminal import at_terminal
from tests.docs.pages import blocks
from tests.docs.stage import Stage, staged
from tests.gates.source_tree import ROOT

README = ROOT / "README.md"
ALIAS = "admin@queenofsandiego.com"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A world that the file of `config init` is written for, not the sandbox's own."""
    with staged(tmp_path) as found:
        own = {"ROTATOR_CONFIG": str(found.home / "config.yaml"), "ROTATOR_STATE": str(found.home / "state")}
        yield Stage(found.world, {**found.environment, **own, "NO_COLOR": "1"}, found.home)


def short_path() -> list[str]:
    """The commands of README's section, step by step."""
    before, _, after = README.read_text("utf-8").partition("## The short path")
    first = before.count("\n")
    last = first + after.partition("\n## ")[0].count("\n")
    return [line for block in blocks(README, "sh") if first < block.line <= last for line in block.text.splitlines()]


def answers(stage: Stage, command: str) -> dict[str, str]:
    """What a person types when they are asked."""
    (held, *_) = stage.world.keys.now_held(stage.world.scenario.user)
    asked = {
        "rotator config init": {"AWS account id?": ""},  # Enter: it was found
        "rotator adopt": {"(hidden; empty = go without):": held.secret},
        "rotator rotate": {"Go on? [y/N]": "y"},
    }
    return next((given for start, given in asked.items() if re.fullmatch(rf"{start}( --user .*)?", command)), {})


def paste(stage: Stage, screen: str) -> None:
    """A person copies both values from the screen into Gmail's settings page, which tries them."""
    user, password = (re.search(rf"^ *{name} +(\S+)$", screen, re.MULTILINE) for name in ("user", "password"))
    assert user is not None, screen
    assert password is not None, screen
    Sandbox(stage.world.admin_url).paste(PERSONAL, ALIAS, user[1], password[1], "127.0.0.1", stage.world.smtp.port)


def test_the_short_path_works_as_printed(stage: Stage) -> None:
    """From nothing to a rotated key: every line as it stands, then the daily line that it prints, day after day."""
    install, directories, *commands = short_path()
    assert install == "make install"  # tests/gates/test_install_scripts.py; here `rotator` is on the path already
    assert directories.startswith("sudo install -d ")  # here the file and the journal lie elsewhere
    (old,) = (key.id for key in stage.world.keys.now_held(stage.world.scenario.user))
    screens = {}
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "rotator"
        seen = at_terminal(arguments, stage.environment, answers(stage, command))
        assert seen.code == 0, f"$ {command}\n{seen.screen}"
        screens[command] = seen.screen
        if " --reveal" in command:
            paste(stage, screens[command])
    policy = screens["rotator config policy"]
    (user_arn,) = json.loads(policy[policy.index("{") :])["Statement"][0]["Resource"]
    assert user_arn == "arn:aws:iam::123456789012:user/jada-ses-smtp"
    assert "Nothing was changed." in screens["rotator rotate --dry-run"]
    _every_day(stage, screens["rotator schedule cron"])
    (new,) = (key.id for key in stage.world.keys.now_held(stage.world.scenario.user))
    assert new != old
    assert stage.world.gmail is not None
    assert stage.world.gmail.stored(PERSONAL, ALIAS).username == new  # type: ignore[union-attr]


def _every_day(stage: Stage, screen: str) -> None:
    """Cron's part: the printed line's command, by /bin/sh, once the grace and once the watch are over."""
    line = next(line for line in screen.splitlines() if re.match(r"\d+ \d+ \* \* \* /", line))
    for days in (3, 1, 8):
        Sandbox(stage.world.admin_url).advance(days * 86400 + 60)
        code, said = stage.shell(line.split(maxsplit=5)[5].replace(r"\%", "%"))
        assert code == 0, said
