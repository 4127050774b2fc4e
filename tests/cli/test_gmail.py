"""`rotator gmail login` as a process of its own, with a person at a browser: every request goes over loopback."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rotator.core.errors import Exit
from rotator.sandbox.gmail import GmailServer
from rotator.sandbox.world import World

PERSON, OTHER = "jadasailing@gmail.com", "someone@gmail.com"
WAIT_S = 30


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A calm world with a Gmail in it."""
    with World.start(tmp_path / "world", calm=True) as started:
        yield started


@pytest.fixture
def gmail(world: World) -> GmailServer:
    """Its Gmail, with a second person."""
    assert world.gmail is not None
    world.gmail.add_user(OTHER)
    return world.gmail


def log_in(world: World, secrets: Path, out: Path, at_the_browser: Callable[[str], str] = str) -> tuple[int, Any, str]:
    """(exit code, document, stderr); the person opens the address that was shown, or what they make of it."""
    command = [sys.executable, "-m", "rotator", "gmail", "login", "--json", "--mailbox", PERSON]
    command += ["--client-secrets", str(secrets), "--out", str(out)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)} | world.environment()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        seen = []
        for line in process.stderr:
            seen.append(line)
            if line.startswith("  http"):
                urllib.request.urlopen(at_the_browser(line.strip()), timeout=WAIT_S).close()  # noqa: S310 - loopback
                break
        out_text, err_text = process.communicate(timeout=WAIT_S)
    return process.returncode, json.loads(out_text), "".join(seen) + err_text


def test_a_login_leaves_a_private_token_and_says_what_is_next(world: World, gmail: GmailServer, tmp_path: Path) -> None:
    """The file is the person's alone, the document names it, and no secret of it is shown."""
    out = tmp_path.resolve() / "token.json"
    code, document, told = log_in(world, gmail.client_secrets(), out)
    assert (code, document) == (
        Exit.OK,
        {"schema": "rotator/gmail-login/1", "ok": True, "exit_code": 0, "mailbox": PERSON, "out": str(out)},
    )
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    token = json.loads(out.read_text())
    assert (token["type"], token["account"]) == ("authorized_user", PERSON)
    assert token["refresh_token"] not in told
    assert token["client_secret"] not in told


def test_the_consent_of_somebody_else_is_refused(world: World, gmail: GmailServer, tmp_path: Path) -> None:
    """Another account that is logged in to the browser is named, the code is that of access, and nothing is kept."""
    out = tmp_path.resolve() / "token.json"

    def as_somebody_else(url: str) -> str:
        return url.replace(PERSON.replace("@", "%40"), OTHER.replace("@", "%40"))

    code, document, told = log_in(world, gmail.client_secrets(), out, as_somebody_else)
    assert (code, document["exit_code"], document["ok"]) == (Exit.ACCESS, Exit.ACCESS, False)
    assert OTHER in document["message"]
    assert "nothing was kept" in told
    assert not out.exists()


def test_a_file_that_is_no_client_is_refused_before_anybody_is_asked(world: World, tmp_path: Path) -> None:
    """Without the client's file no address is shown."""
    secrets = tmp_path.resolve() / "client.json"
    secrets.write_text("{}")
    secrets.chmod(0o600)
    code, document, told = log_in(world, secrets, tmp_path / "token.json")
    assert (code, document["ok"]) == (document["exit_code"], False)
    assert "not the client secrets of an installed app" in document["message"]
    assert "Open this address" not in told
