"""Shell completion, by the shell that people have: names and options are offered, and nothing is touched for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rotator.cli.main import COMMANDS

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
# Typer reads its own declarations with pydantic; nothing of the product does.
HEAVY = {"boto3", "botocore", "google", "googleapiclient", "dns", "checkdmarc", "jinja2", "rich", "yaml",
         "cryptography", "sqlite3", "smtplib", "ssl"}  # fmt: skip
# What a bash of somebody's does after `eval "$(rotator --show-completion)"` and a press of the tabulator.
PRESSED = """
source <(rotator --show-completion)
complete -p rotator >/dev/null || exit 9
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_rotator_completion rotator
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "rotator --show-completion | source; complete -C $argv[1]"
# Zsh completes in a terminal only: it gets one of its own, and whoever reads it waits for the word.
ZSH = """
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; autoload -U compinit; compinit -D -u; eval "$(rotator --show-completion)"; print REA"DY"'
zpty -r z told '*READY*'
zpty -w -n z "$1"$'\\t'
zpty -r z told "*$2*" && print -r -- "$2"
zpty -d z
"""
WATCHED = """
import sys
def told(event, arguments):
    written = event == "open" and (arguments[2] or 0) & 3
    if event.startswith(("socket.", "sqlite3.", "subprocess.", "os.mkdir", "os.rename")) or written:
        print(event, arguments, file=sys.stderr)
sys.addaudithook(told)
from rotator.cli.main import main
sys.argv[0] = "rotator"
sys.exit(main([]))
"""
CASES: dict[str, tuple[list[str], set[str]]] = {
    "a command": (["ro"], {"rotate"}),
    "two commands of one beginning": (["re"], {"reactivate", "report"}),
    "every command": ([""], set(COMMANDS)),
    "a command of a group": (["suppression", "ex"], {"export"}),
    "an option": (["rotate", "--rev"], {"--revoke-first"}),
    "an option of a command in a group": (["schedule", "systemd", "--ou"], {"--out"}),
    "the values of an option": (["status", "--color", "a"], {"auto", "always"}),
    "nothing of that beginning": (["xyz"], set()),
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A directory with the command `rotator`, as an installation has it."""
    script = tmp_path / "bin" / "rotator"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m rotator "$@"\n')
    script.chmod(0o755)
    return script.parent


@needs_bash
@pytest.mark.parametrize(("words", "offered"), CASES.values(), ids=CASES.keys())
def test_bash_completes(program: Path, words: list[str], offered: set[str]) -> None:
    """Bash takes the script that the program shows, and offers what fits."""
    done = subprocess.run(
        ["bash", "--norc", "-c", PRESSED, "bash", "rotator", *words], check=True, capture_output=True, text=True,
        timeout=60, env={"PATH": f"{program}:{os.environ['PATH']}", "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
    )  # fmt: skip
    assert (set(done.stdout.split()), done.stderr) == (offered, "")


def _in(shell: str, program: Path, *arguments: str) -> str:
    home = {"HOME": str(program.parent), "TERM": "xterm", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(
        [shell, *arguments], check=True, capture_output=True, text=True,
        timeout=120, env=home | {"PATH": f"{program}:{os.environ['PATH']}"},
    )  # fmt: skip
    return done.stdout


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
@pytest.mark.parametrize(("words", "offered"), CASES.values(), ids=CASES.keys())
def test_fish_completes(program: Path, words: list[str], offered: set[str]) -> None:
    """Fish takes its own script, and offers the same."""
    told = _in("fish", program, "--no-config", "-c", FISH, " ".join(("rotator", *words)))
    assert {line.partition("\t")[0] for line in told.splitlines()} == offered


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
@pytest.mark.parametrize(("typed", "becomes"), {"rotator ro": "rotator rotate", "rotator ado": "rotator adopt"}.items())
def test_zsh_completes(program: Path, typed: str, becomes: str) -> None:
    """A press of the tabulator in a real terminal makes a command of its beginning."""
    assert _in("zsh", program, "-f", "-c", ZSH, "zsh", typed, becomes).strip() == becomes


def _asked(words: str, *python: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTHONDONTWRITEBYTECODE": "1",
        "ROTATOR_CONFIG": "/nonexistent/config.yaml", "_ROTATOR_COMPLETE": "complete_bash",
        "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1),
    }  # fmt: skip
    command = [sys.executable, *python]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=60)


@pytest.mark.parametrize("name", COMMANDS)
def test_completing_loads_nothing_heavy(name: str) -> None:
    """A press of the tabulator waits for no client of AWS or Google, no journal and no tables."""
    done = _asked(f"rotator {name} --", "-X", "importtime", "-m", "rotator")
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert loaded & HEAVY == set()
    assert "rotator" in loaded


@pytest.mark.parametrize("words", ["rotator ", "rotator rotate --user ", "rotator suppression export --"])
def test_completing_touches_nothing(words: str) -> None:
    """No connection, no look-up, no journal, no file written, no program started."""
    assert _asked(words, "-c", WATCHED).stderr == ""


def test_the_watch_is_not_blind() -> None:
    """It sees a connection and a written file."""
    seen = WATCHED.replace("sys.exit(main([]))", "import socket; socket.socket(); open('/dev/null', 'w')")
    told = _asked("rotator ", "-c", seen).stderr
    assert "socket.__new__" in told
    assert "open ('/dev/null', 'w'" in told
