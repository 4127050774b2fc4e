"""No secret in anything the real program says, writes, or shows of itself, with every switch that makes it talk.

`build_stage` searches all that was left when a test ends; what is allowed is listed in `tests/saga/stage.py` and, for
one test, right there.
"""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rotator.cli.crash import keep
from rotator.core.errors import Exit
from tests.saga.launching import Zygote
from tests.saga.living import live
from tests.saga.stage import BY_HAND, Stage, prepare
from tests.saga.tracing import needs_strace, struck
from tests.secrets.needles import forms, search
from tests.secrets.watching import ProcessWatcher

Build = Callable[..., Stage]
ROTATE = ("rotate", "--yes")
LOUD = ("-v", "--debug", "--log-format", "json")
# Switches of the interpreter that print more than anybody asked for.
CHATTY = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "default", "PYTHONFAULTHANDLER": "1", "PYTHONASYNCIODEBUG": "1"}
FAULTS = (
    "create_truncated", "create_refused", "smtp_454", "smtp_535", "smtp_421", "gmail_patch_ignored",
    "gmail_alias_pending", "gmail_invalid_grant", "gmail_unauthorized_client", "gmail_429", "gmail_relay_535_once",
    "access_denied", "throttled",
)  # fmt: skip
OWN_CREDENTIALS = ("AWS_SECRET_ACCESS_KEY",)  # how a person gives the program its AWS credentials
HOOK = """\
#!/bin/sh
cat >{home}/given
tr '\\0' '\\n' </proc/$$/cmdline >{home}/hook-cmdline
env >{home}/hook-environ
sleep 0.05
echo "password: $(cat {home}/given)"
echo "trouble: $(cat {home}/given)" >&2
"""


def secrets_beside(stage: Stage, *allowed: str) -> list[str]:
    """The stage's secrets but those that may stand in a place."""
    return [one for one in stage.secrets() if one not in allowed]


def held_by(stage: Stage, key: str) -> tuple[str, str]:
    """A key's secret and its SMTP password."""
    found = next(one for one in stage.world.keys.now_held("jada-ses-smtp") if one.id == key)
    return found.secret, stage.world.password_of(found)


def test_every_command_with_every_switch_on(build_stage: Build) -> None:
    """A whole rotation with a person in it, verbose, debugging, as JSON: nothing of it holds a secret."""
    stage = build_stage(calm=True)
    stage.environment |= CHATTY
    (key,) = stage.world.keys.now_held("jada-ses-smtp")
    stage.rotator("adopt", "--secret-stdin", *LOUD, stdin=key.secret)
    stage.rotator("rotate", "--dry-run", *LOUD, code=None)
    stage.rotator("rotate", "--yes", "--explain-decision", *LOUD, code=3)
    stage.person_pastes()
    stage.rotator("confirm", BY_HAND, "--json", *LOUD, code=None)
    for command in ("status", "history --verify", "config show", "config policy", "config check", "rotate --if-due"):
        stage.rotator(*command.split(), "--json", *LOUD, code=None)
    stage.rotator("rotate", "--revoke-first", "--key", key.id, "--reason", "a test", "--yes", *LOUD, code=None)
    assert len(stage.said) >= 11
    assert stage.held()["relay"] != key.id


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_side_with_every_switch_on(
    build_stage: Build, adopted: Path, zygote: Zygote, fault: str
) -> None:
    """The other side breaks off, refuses or garbles an answer that holds a secret: what is told of it holds none."""
    stage = build_stage(calm=True, template=adopted, launcher=zygote)
    prepare(stage)
    stage.world.faults.arm(fault, 1)
    stage.rotator("rotate", "--yes", *LOUD, code=None)
    assert stage.world.faults.armed() == {}


def test_a_program_is_told_on_its_standard_input_alone(build_stage: Build, watcher: ProcessWatcher) -> None:
    """Neither the program nor what it starts shows a secret in /proc; what a hook prints back is masked."""
    stage = build_stage(calm=True)
    stage.keep_consumers("relay")
    hook = stage.home / "hook"
    hook.write_text(HOOK.format(home=shlex.quote(str(stage.home))))
    hook.chmod(0o700)
    config = stage.world.place.config
    document = yaml.safe_load(config.read_text())
    document["users"][0]["consumers"].append({"type": "command", "name": "crm", "push": [str(hook)]})
    config.write_text(yaml.safe_dump(document))
    stage.adopt()
    stage.rotator("rotate", "--yes", *LOUD, code=None)
    (new,) = stage.active() - {stage.held()["admin-alias"]}
    given = json.loads((stage.home / "given").read_text())
    assert (given["username"], given["password"]) == (new, held_by(stage, new)[1])  # its place
    (stage.home / "given").unlink()
    watcher.end()
    assert any(str(hook).encode() in shown for shown in watcher.of("cmdline").values())
    assert any(b"rotate" in shown for shown in watcher.of("cmdline").values())
    assert search(watcher.of("cmdline"), stage.secrets()) == []
    own = [stage.environment[name] for name in OWN_CREDENTIALS]
    assert search(watcher.of("environ"), own) != []  # so environments were read
    assert search(watcher.of("environ"), secrets_beside(stage, *own)) == []
    assert "ROTATOR_HOOK" in (stage.home / "hook-environ").read_text()
    assert "AWS" not in (stage.home / "hook-environ").read_text()


def test_the_places_that_may_hold_a_secret_do(build_stage: Build, zygote: Zygote) -> None:
    """The search is not blind: `derive`, `handover --out` and the relay's file hold what they are for."""
    stage = build_stage(calm=True, launcher=zygote)
    old = stage.adopt()
    secret, password = held_by(stage, old)
    derived = stage.rotator("derive", "--region", "us-east-1", stdin=secret)
    assert derived.out.strip() == password
    assert search({"stdout": stage.said.pop().encode()}, [password]) == ["stdout"]
    stage.rotator("rotate", "--yes", code=None)
    (new,) = stage.active() - {old}
    out = stage.home / "handed-over"
    stage.rotator("handover", BY_HAND, "--out", str(out))
    assert stage.leaks() == ["handed-over"]
    assert out.stat().st_mode & 0o777 == 0o600
    out.unlink()
    sealed = {path.name: path.read_bytes() for path in stage.world.place.state.iterdir() if path.is_file()}
    assert search(sealed, [stage.seal_key]) == ["seal.key"]
    assert search({"relay": stage.world.place.sasl_passwd.read_bytes()}, held_by(stage, new)[1:]) == ["relay"]


@needs_strace
def test_a_crash_in_the_middle_keeps_its_secrets(build_stage: Build, adopted: Path, zygote: Zygote) -> None:
    """The kernel gives no random bytes, where nobody foresaw it: a bug by its code, and a private, clean file."""
    stage = build_stage(calm=True, launcher=zygote, template=adopted)
    prepare(stage)
    codes = [struck(stage, f"getrandom:error=EIO:when={n}", *ROTATE, "--debug") for n in range(5, 14)]
    files = sorted((stage.home / "tmp").glob("rotator-crash-*"))
    assert codes.count(Exit.BUG) == len(files) >= 2
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert "PanicException" in "".join(file.read_text() for file in files)  # a Rust extension raises no Exception
    assert not [said for said in stage.said if "Traceback" in said and "this is a bug" not in said]
    live(stage, stage.held()["admin-alias"])


def failing(text: str) -> Exception:
    """A chain of errors with a secret in its messages, its notes and its locals."""
    local = {"password": text, "list": [text]}
    error = RuntimeError(f"sent {local}", text)
    error.__cause__ = KeyError(text)
    error.__cause__.add_note(f"while it held {text}")
    return error


def test_a_traceback_that_is_full_of_secrets(build_stage: Build, adopted: Path) -> None:
    """Messages, causes and notes of a chain of exceptions hold secrets in every form; the kept file holds none."""
    stage = build_stage(calm=True, template=adopted)
    texts = [form.decode("ascii") for one in stage.secrets() for form in forms(one) if form.isascii()]
    for number, text in enumerate(texts):
        try:
            raise failing(text)
        except RuntimeError as error:
            Path(keep(error)).rename(stage.home / f"kept-{number}.txt")
    assert len(list(stage.home.glob("kept-*"))) == len(texts) >= 20


def test_a_killed_process_leaves_no_core(build_stage: Build, adopted: Path) -> None:
    """With cores allowed and a fatal signal in the middle of a run: the limit is nought, and no core is written."""
    stage = build_stage(calm=True, template=adopted)
    prepare(stage)
    stage.world.record.hold("sendAs.patch", "before")
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        process = stage.start("rotate", "--yes")
        assert stage.world.record.wait_until_held(30) is not None
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        process.send_signal(signal.SIGSEGV)
        assert process.wait(30) == -signal.SIGSEGV
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    stage.world.record.release()
    assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")] == [["0", "0"]]
    assert list(Path.cwd().glob("core*")) == []


def test_the_process_is_closed_to_others_of_its_user() -> None:
    """Where dumps go through a pipe only `dumpable` counts; it also closes memory and environment to the same user."""
    ask = (
        "import ctypes; from rotator.cli import core_dumps; libc = ctypes.CDLL(None);"
        "before = libc.prctl(3, 0, 0, 0, 0); core_dumps.forbid(); print(before, libc.prctl(3, 0, 0, 0, 0))"
    )
    environment = {"PATH": os.defpath, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"]


@pytest.mark.parametrize("shown", ["repr", "str", "format", "json", "pickle", "vars"])
def test_a_secret_shows_itself_to_nobody(shown: str) -> None:
    """Every way Python has to show a value: the wrapper gives a mask, or refuses."""
    import pickle

    from rotator.core.secret import Secret

    text = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    ways: dict[str, Callable[[Secret], object]] = {
        "repr": repr, "str": str, "format": lambda one: f"{one:>50}", "json": json.dumps, "pickle": pickle.dumps,
        "vars": lambda one: [getattr(one, name, None) for name in dir(one) if not name.startswith("_")],
    }  # fmt: skip
    try:
        result = ways[shown](Secret(text))
    except (TypeError, ValueError) as refused:
        result = str(refused)
    assert text not in repr(result)
