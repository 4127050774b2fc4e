"""A program of somebody's own: the secret on its standard input and nowhere else, and its end within the deadline."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from rotator.consumers.command import Command
from rotator.core.ports import Acknowledged, Deadline, NotReadable, Refused, Unknown
from rotator.core.smtp_credential import SmtpCredential
from tests.contract.consumer_contract import FIRST, ConsumerContract, Subject
from tests.contract.stores import pair_in
from tests.contract.test_credential_file import Endpoint, executable, has_ended
from tests.secrets.needles import search


class RegionalEndpoint(Endpoint):
    """The fake endpoint, with its region."""

    region = "us-east-1"


def command(push: list[str], check: list[str] | None = None, **options: Any) -> Command:
    """The consumer for these programs."""
    given: dict[str, Any] = {"name": "crm", "user": "jada", "endpoint": RegionalEndpoint()}
    return Command(**(given | options), push=push, check=check or [])


class OneProgram(Subject):
    """A hook that keeps what it was given in a file, and one that tells the key id from it."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.kept = directory, directory / "kept"
        self.hook = executable(directory / "push", self._keep())
        check = executable(directory / "check", f'sed \'s/.*"username": "\\([^"]*\\)".*/\\1/\' {self.kept}')
        self.consumer = command([str(self.hook)], [str(check)])

    def _keep(self) -> str:
        return f"umask 077; cat > {self.kept}"

    def stored(self) -> SmtpCredential | None:
        """What the hook kept."""
        return pair_in(json.loads(self.kept.read_text()))

    def snapshot(self) -> object:
        """The kept file."""
        return self.kept.read_bytes() if self.kept.exists() else None

    def lost_reply(self) -> AbstractContextManager[object]:
        """The hook does it, prints the secret and ends badly."""
        return self._instead(f"{self._keep()}; cat {self.kept}; cat {self.kept} >&2; exit 75")

    def refusing(self) -> AbstractContextManager[object]:
        """The hook turns the data down, and prints them."""
        return self._instead("cat; exit 65")

    @contextmanager
    def _instead(self, text: str) -> Iterator[None]:
        executable(self.hook, text)
        yield
        executable(self.hook, self._keep())


class TestCommand(ConsumerContract):
    """A program keeps the contract."""

    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        """Two programs in a private directory."""
        return OneProgram(tmp_path.resolve())


EXITS = {
    0: Acknowledged, 1: Unknown, 2: Unknown, 64: Unknown, 65: Refused, 69: Unknown, 70: Unknown, 75: Unknown,
    77: Refused, 78: Refused, 126: Unknown, 127: Unknown,
}  # fmt: skip


@pytest.mark.parametrize(("code", "answer"), EXITS.items(), ids=[f"exit {code}" for code in EXITS])
def test_exit_codes_say_what_happened(tmp_path: Path, code: int, answer: type) -> None:
    """Zero is a yes, three codes are a no, and everything else says nothing."""
    program = executable(tmp_path.resolve() / "push", f"echo why; exit {code}")
    given = command([str(program)]).push(FIRST, Deadline.after(20))
    assert isinstance(given, answer)
    if code:
        assert given.detail == f"{program}: exit code {code}: why"


def test_a_killed_program_is_unknown(tmp_path: Path) -> None:
    """A signal is no answer."""
    program = executable(tmp_path.resolve() / "push", "kill -9 $$")
    assert isinstance(command([str(program)]).push(FIRST, Deadline.after(20)), Unknown)


def test_what_the_program_is_given(tmp_path: Path) -> None:
    """One line of JSON with everything that it takes to feed a mail client."""
    subject = OneProgram(tmp_path.resolve())
    subject.consumer.push(FIRST, Deadline.after(20))
    (line,) = subject.kept.read_text().splitlines()
    assert json.loads(line) == {
        "version": 1,
        "action": "push",
        "user": "jada",
        "consumer": "crm",
        "endpoint": "us-east-1",
        "host": "email-smtp.us-east-1.amazonaws.com",
        "port": 587,
        "security": "starttls",
        "region": "us-east-1",
        "username": FIRST.key,
        "password": FIRST.password.reveal(),
    }


STRANGE = ["; touch escaped", "$(touch escaped)", "`touch escaped`", "two\nlines", "*", "'\"", ""]


def test_the_secret_is_in_no_argument_and_no_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that shows its command line and environment shows no secret, and no shell read its arguments."""
    monkeypatch.setenv("SECRET_OF_OURS", "x")
    out = tmp_path.resolve() / "out"
    shows = f"cat /proc/$$/cmdline > {out}.argv; cat /proc/$$/environ > {out}.env"
    program = executable(tmp_path.resolve() / "push", shows)
    names: dict[str, Any] = {"name": "a;$(touch escaped)\n`id`", "user": "u;$()\nv"}
    answer = command([str(program), *STRANGE], **names).push(FIRST, Deadline.after(20))
    assert isinstance(answer, Acknowledged)
    argv = Path(f"{out}.argv").read_text().split("\0")[:-1]
    assert argv[-len(STRANGE) :] == STRANGE
    environment = dict(one.split("=", 1) for one in Path(f"{out}.env").read_text().split("\0")[:-1])
    assert {name: value for name, value in environment.items() if name != "PATH"} == {
        "ROTATOR_HOOK_ACTION": "push",
        "ROTATOR_HOOK_USER": names["user"],
        "ROTATOR_HOOK_CONSUMER": names["name"],
        "ROTATOR_HOOK_KEY_ID": FIRST.key,
    }
    shown = "".join(Path(f"{out}.{kind}").read_text() for kind in ("argv", "env"))
    assert FIRST.password.reveal() not in shown
    assert not list(tmp_path.rglob("escaped*"))


def test_the_secret_waits_in_a_pipe(tmp_path: Path) -> None:
    """Not in a file either, nameless or not: standard input is a pipe."""
    program = executable(tmp_path.resolve() / "push", "readlink /proc/$$/fd/0 | grep -q '^pipe:' || exit 65")
    assert isinstance(command([str(program)]).push(FIRST, Deadline.after(20)), Acknowledged)


PRINTS = {
    "as it came": "cat",
    "at the cut of what is shown": "sed 's/.*\"password\": \"//' | head -c 44; printf '%0180d' 0",
    "with escaped slashes": "sed 's,/,\\\\/,g'",
    "on standard error": "cat >&2",
    "at the cut of what is read": "sed 's/.*\"password\": \"//' | head -c 44; printf '%65500d' 0",
}


@pytest.mark.parametrize("text", PRINTS.values(), ids=PRINTS.keys())
def test_what_a_program_prints_is_masked(tmp_path: Path, text: str) -> None:
    """A hook that prints its input does not put the secret into our journal, not even half of it."""
    program = executable(tmp_path.resolve() / "push", f"{text}; exit 75")
    answer = command([str(program)]).push(FIRST, Deadline.after(20))
    assert isinstance(answer, Unknown)
    secret = FIRST.password.reveal()
    pieces = {secret[at : at + 12] for at in range(len(secret) - 11)}
    assert [piece for piece in pieces if piece in answer.detail.replace("\\/", "/")] == []


OLD = "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"  # what the place held, which the consumer is never told
PRINTS_OTHERWISE = {
    "the old password": f"echo was {OLD}",
    "the old password, as a URL quotes it": f"echo was {quote(OLD, safe='')}",
    "a piece of the old password": f"echo was {OLD[:20]}",
    "base64 of what it was given": "base64",
    "base64 in one line": "base64 -w0",
    "base64 in short lines": "base64 -w16",
    "as a URL quotes it": "sed 's,/,%2F,g; s,+,%2B,g'",
    "in hexadecimal": "od -An -v -tx1 | tr -d ' \\n'",
}


@pytest.mark.parametrize("text", PRINTS_OTHERWISE.values(), ids=PRINTS_OTHERWISE.keys())
def test_no_secret_in_any_dress_is_shown(tmp_path: Path, text: str) -> None:
    """Neither the old password nor an encoded new one comes back, and ordinary words do."""
    program = executable(tmp_path.resolve() / "push", f"{text}; echo cannot reach crm.example.org:443 >&2; exit 75")
    answer = command([str(program)]).push(FIRST, Deadline.after(20))
    assert isinstance(answer, Unknown)
    assert answer.detail.endswith("cannot reach crm.example.org:443")
    assert search({"detail": answer.detail.encode()}, [FIRST.password.reveal(), OLD]) == []
    shown = answer.detail.replace(str(program), "")
    given = json.dumps({"password": FIRST.password.reveal()}).encode()
    for secret in (OLD, FIRST.password.reveal(), base64.b64encode(given).decode(), given.hex()):
        assert not any(secret[at : at + 12] in shown for at in range(len(secret) - 11))


HANGS = {
    "it sleeps": "echo $$ > {mark}; sleep 30",
    "it forks": "(sleep 30; touch {mark}.late) & echo $! > {mark}; sleep 30",
    "it forks twice and ends": "( (sleep 30; touch {mark}.late) & echo $! > {mark} ) & wait; exit 0",
    "it ignores being asked": "trap '' TERM INT HUP; echo $$ > {mark}; while :; do sleep 1; done",
}


@pytest.mark.parametrize(("how", "text"), HANGS.items(), ids=HANGS.keys())
def test_nothing_of_a_hook_outlives_its_deadline(tmp_path: Path, how: str, text: str) -> None:
    """The whole process group is killed, and nobody waits for it."""
    mark = tmp_path.resolve() / "mark"
    program = executable(tmp_path.resolve() / "push", text.format(mark=mark))
    deadline = Deadline.after(20)
    began = deadline.monotonic()
    answer = command([str(program)], timeout_s=0.7).push(FIRST, deadline)
    assert isinstance(answer, Acknowledged if how.endswith("ends") else Unknown)
    assert deadline.monotonic() - began < 5
    assert has_ended(int(mark.read_text()))


def test_a_process_that_leaves_the_group_is_not_waited_for(tmp_path: Path) -> None:
    """A daemon in a session of its own is the hook's business; the push ends without it."""
    program = executable(tmp_path.resolve() / "push", "setsid sleep 3 & exit 0")
    deadline = Deadline.after(20)
    assert isinstance(command([str(program)]).push(FIRST, deadline), Acknowledged)
    assert deadline.left > 18


def test_the_step_s_own_deadline_counts_too(tmp_path: Path) -> None:
    """A long time-out does not make a push outlive its step."""
    program = executable(tmp_path.resolve() / "push", "sleep 30")
    deadline = Deadline.after(0.5)
    answer = command([str(program)], timeout_s=20).push(FIRST, deadline)
    assert isinstance(answer, Unknown)
    assert "killed" in answer.detail
    assert deadline.monotonic() - deadline.at < 5


CHECKS = {
    "the key id": (f"echo {FIRST.key}", FIRST.key),
    "blanks around it": (f"printf '  {FIRST.key}\\n\\n'", FIRST.key),
    "a warning beside it": (f"echo careful >&2; echo {FIRST.key}", FIRST.key),
    "another key": ("echo AKIAAAAAAAAAAAAAAAAA", "AKIAAAAAAAAAAAAAAAAA"),
    "nothing": (":", None),
    "words": ("echo no key here", None),
    "two ids": (f"echo {FIRST.key} {FIRST.key}", None),
    "the key id and a failure": (f"echo {FIRST.key}; exit 1", None),
}


@pytest.mark.parametrize(("text", "key"), CHECKS.values(), ids=CHECKS.keys())
def test_only_a_key_id_is_evidence(tmp_path: Path, text: str, key: str | None) -> None:
    """One key id and exit 0, or nothing is known."""
    program = executable(tmp_path.resolve() / "check", text)
    holding = command([str(program)], [str(program)]).holds(Deadline.after(20))
    assert holding == key if key else isinstance(holding, Unknown)


def test_check_is_not_given_the_secret(tmp_path: Path) -> None:
    """It only has to look."""
    out = tmp_path.resolve() / "out"
    program = executable(tmp_path.resolve() / "check", f"cat > {out}")
    command([str(program)], [str(program)]).holds(Deadline.after(20))
    given = json.loads(out.read_text())
    assert given["action"] == "check"
    assert not {"username", "password"} & given.keys()


def test_without_a_check_it_cannot_be_read(tmp_path: Path) -> None:
    """A program that only pushes says so."""
    program = executable(tmp_path.resolve() / "push", "exit 0")
    consumer = command([str(program)])
    assert not consumer.traits.reads_back
    assert consumer.holds(Deadline.after(20)) == NotReadable()


def missing(program: Path) -> None:
    """It is not there."""
    program.unlink()


def not_executable(program: Path) -> None:
    """It cannot be run."""
    program.chmod(0o600)


def others_write(program: Path) -> None:
    """Others can change it."""
    program.chmod(0o777)


def others_swap(program: Path) -> None:
    """Others can put another one in its place."""
    program.parent.chmod(0o777)


def no_interpreter(program: Path) -> None:
    """Its interpreter is not there."""
    program.write_text("#!/usr/bin/no-such-python3\ntrue\n")


def windows_line_end(program: Path) -> None:
    """Its first line ends as on Windows, so that the interpreter has a name that nobody sees."""
    program.write_bytes(b"#!/bin/sh\r\ntrue\r\n")


def no_first_line(program: Path) -> None:
    """It is a script without a first line, which only a shell would start."""
    program.write_text("touch ran\n")


def interpreter_of_others(program: Path) -> None:
    """Its interpreter is one that others can change."""
    interpreter = executable(program.parent / "sh", 'exec /bin/sh "$@"')
    interpreter.chmod(0o777)
    program.write_text(f"#!{interpreter}\ntrue\n")


UNSAFE = {
    prepare.__doc__: prepare
    for prepare in (
        missing, not_executable, others_write, others_swap, no_interpreter, windows_line_end, no_first_line,
        interpreter_of_others,
    )
}  # fmt: skip


@pytest.mark.parametrize("prepare", UNSAFE.values(), ids=UNSAFE.keys())
def test_an_unsafe_program_is_found_beforehand_and_not_run(tmp_path: Path, prepare: Callable[[Path], None]) -> None:
    """What somebody else could have changed does not get the secret."""
    directory = tmp_path.resolve() / "hooks"
    directory.mkdir(mode=0o700)
    ran = tmp_path.resolve() / "ran"
    program = executable(directory / "push", f"touch {ran}")
    prepare(program)
    consumer = command([str(program)], [str(program)])
    problems = consumer.preflight(Deadline.after(20))
    assert [problem.id for problem in problems] == ["command", "command"]
    assert all(problem.fix for problem in problems)
    assert isinstance(consumer.push(FIRST, Deadline.after(20)), Refused)
    assert isinstance(consumer.holds(Deadline.after(20)), Unknown)
    assert not ran.exists()


def test_a_script_that_others_can_change_is_not_run(tmp_path: Path) -> None:
    """The interpreter is root's, the script it is given is not: that gets no secret either."""
    ran, script = tmp_path.resolve() / "ran", executable(tmp_path.resolve() / "push.sh", "true")
    script.write_text(f"touch {ran}\n")
    for argv in (["/bin/sh", str(script)], ["/usr/bin/env", "sh", str(script)]):
        consumer = command(argv)
        assert list(consumer.preflight(Deadline.after(20))) == []
        script.chmod(0o777)
        (problem,) = consumer.preflight(Deadline.after(20))
        assert str(script) in problem.seen
        assert isinstance(consumer.push(FIRST, Deadline.after(20)), Refused)
        assert not ran.exists()
        script.chmod(0o700)
    assert isinstance(command(["/bin/sh", str(script)]).push(FIRST, Deadline.after(20)), Acknowledged)
    assert ran.exists()


def test_preflight_runs_nothing(tmp_path: Path) -> None:
    """Being there and being executable is all that is asked beforehand."""
    ran = tmp_path.resolve() / "ran"
    program = executable(tmp_path.resolve() / "push", f"touch {ran}")
    assert list(command([str(program)], [str(program)]).preflight(Deadline.after(20))) == []
    assert not ran.exists()


def test_a_relative_path_is_refused() -> None:
    """PATH does not decide who gets the secret."""
    consumer = command(["push"])
    assert consumer.preflight(Deadline.after(20))
    assert isinstance(consumer.push(FIRST, Deadline.after(20)), Refused)
