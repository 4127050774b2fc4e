"""Other people's programs: an argument list, no shell, an empty environment, a deadline, and no secret but on stdin."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from rotator.core.ports import Deadline

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
OUTPUT_LIMIT = 200  # characters of a program's last words that are shown


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: `code` None means that it was killed at the deadline."""

    code: int | None
    output: str  # the end of what it printed, printable, on one line; the caller masks secrets

    def __str__(self) -> str:
        how = "killed at its deadline" if self.code is None else f"exit code {self.code}"
        return f"{how}: {self.output}" if self.output else how


class CannotStart(Exception):
    """The program was not started at all."""


def run(argv: Sequence[str], deadline: Deadline, stdin: bytes = b"") -> Ended:
    """Run `argv` (an absolute path first) in its own process group, which is killed when it ends or time is up.

    Raises CannotStart.
    """
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell; the path and its owner were checked
                list(argv), stdin=given, stdout=words, stderr=subprocess.STDOUT, env=ENVIRONMENT, cwd="/",
                start_new_session=True, close_fds=True,
            )  # fmt: skip
        except OSError as error:
            raise CannotStart(f"{argv[0]}: {(error.strerror or type(error).__name__).lower()}") from None
        code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(deadline.left)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what it left behind in its group
        process.wait()
        words.seek(max(0, words.seek(0, os.SEEK_END) - 4 * OUTPUT_LIMIT))
        text = " ".join(words.read().decode("utf-8", "replace").split())
    return Ended(code, "".join(sign for sign in text if sign.isprintable())[-OUTPUT_LIMIT:])
