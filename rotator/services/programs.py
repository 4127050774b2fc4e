"""Other people's programs: an argument list, no shell, an empty environment, a deadline, and no secret but on stdin."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from rotator.core.foreign_text import one_line
from rotator.core.ports import Deadline
from rotator.core.secret import Secret, without_secrets

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
OUTPUT_LIMIT = 200  # characters of a program's last words that are shown
WINDOW = 1 << 16  # bytes of its output that are looked at
LONGEST_SECRET = 256  # characters; an SMTP password has 44, and three times as many as a URL quotes it
STDIN_LIMIT = 4096  # bytes that any pipe takes at once (POSIX _POSIX_PIPE_BUF is 512, Linux and BSD give 4096 and more)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: `code` None means that it was killed at the deadline."""

    code: int | None
    output: str  # the end of what it printed, standard error last: printable, on one line, whatever looks secret masked
    answer: str = ""  # the end of its standard output, as it is: to be judged, not to be shown


    def __str__(self) -> str:
        how = "killed at its deadline" if self.code is None else f"exit code {self.code}"
        return f"{how}: {self.output}" if self.output else how


class CannotStart(Exception):
    """The program was not started at all."""


def run(
    argv: Sequence[str],
    deadline: Deadline,
    *,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
    hide: Sequence[Secret] = (),
) -> Ended:
    """Run `argv` (an absolute path first) in its own process group, which is killed when it ends or time is up.

    `variables` are added to an environment that holds PATH alone.  `hide` and all that looks like a secret (the old
    password, which we may not know) is masked in what is shown.  A process that leaves the group (setsid) is not
    killed; nobody waits for it either.  Raises CannotStart.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _started(argv, stdin, {**ENVIRONMENT, **(variables or {})}, out, err)
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(deadline.left)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what it left behind in its group
        process.wait()
        answer, words = _text(out), _text(err)
        shown = f"{without_secrets(answer, hide)} {without_secrets(words, hide)}"
    return Ended(code, shown.strip()[-OUTPUT_LIMIT:], answer[-OUTPUT_LIMIT:])


def _started(
    argv: Sequence[str], stdin: bytes, environment: Mapping[str, str], out: IO[bytes], err: IO[bytes]
) -> subprocess.Popen[bytes]:
    """The program, with `stdin` waiting in a pipe: what is secret never lies in a file, not even in a nameless one."""
    if len(stdin) > STDIN_LIMIT:
        raise CannotStart(f"{argv[0]}: more than {STDIN_LIMIT} bytes for its standard input")
    given, end = os.pipe()
    try:
        os.write(end, stdin)
        os.close(end)
        return subprocess.Popen(  # noqa: S603 - no shell; the path and its owner were checked
            list(argv), stdin=given, stdout=out, stderr=err, env=dict(environment), cwd="/",
            start_new_session=True, close_fds=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        why = error.strerror if isinstance(error, OSError) else "an argument that cannot be passed"
        raise CannotStart(f"{argv[0]}: {(why or type(error).__name__).lower()}") from None
    finally:
        os.close(given)


def _text(file: IO[bytes]) -> str:
    """The end of what was printed, on one line.  Without what stands at the cut: half a secret is not recognised."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - WINDOW))
    text = file.read().decode("utf-8", "replace")
    if size > WINDOW:
        text = text[LONGEST_SECRET:]
    return one_line(text)
