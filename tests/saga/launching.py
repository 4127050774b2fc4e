"""Two ways to start the program: as a person does, and as a fork of a process that has imported it already.

A fork is a process of its own, with its own memory, descriptors and pid; the SIGKILL that ends it is the kernel's.
It lacks only what most of a short run's time goes into: the interpreter's start and a second of imports.  What
looks at the command line or the environment of a process starts it the ordinary way.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

PROGRAM = "rotator"
ANSWER_BYTES = 4096
Streams = tuple[int, int, int]  # descriptors for standard input, output and error


class Process(Protocol):
    """A running program: what `subprocess.Popen` and `Fork` have in common."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended.  Raises subprocess.TimeoutExpired."""
        ...

    def send_signal(self, number: int) -> None:
        """Send a signal to it."""
        ...

    def kill(self) -> None:
        """SIGKILL."""
        ...


class Launcher(Protocol):
    """Starts the program."""

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], streams: Streams) -> Process:
        """The program with these arguments, in exactly this environment."""
        ...


@dataclass(frozen=True, slots=True)
class Started:
    """As a person starts it: a fresh interpreter, its own command line.  `under` is a program that runs it."""

    under: tuple[str, ...] = ()

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], streams: Streams) -> Process:
        """`[UNDER…] python -m rotator ARGUMENTS…`."""
        command = [*self.under, sys.executable, "-m", PROGRAM, *arguments]
        stdin, stdout, stderr = streams
        return subprocess.Popen(command, env=dict(environment), stdin=stdin, stdout=stdout, stderr=stderr)

    def works(self, environment: Mapping[str, str]) -> bool:
        """Whether `under` can run anything on this machine."""
        nowhere = subprocess.DEVNULL
        return self.start(["--version"], environment, (nowhere, nowhere, nowhere)).wait() == 0


class Zygote:
    """A process that has imported the program and forks one child a run."""

    def __init__(self) -> None:
        """Start it; it ends with `close`, or with this process."""
        self._control, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn = threading.Lock()
        with its_end:
            environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONPATH": str(Path.cwd())}
            command = [sys.executable, "-m", "tests.saga.zygote", str(its_end.fileno())]
            self._process = subprocess.Popen(command, env=environment, pass_fds=[its_end.fileno()])
        assert self._receive() == {"ready": True}

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], streams: Streams) -> Process:
        """A child of the zygote that runs the program."""
        request = {"run": list(arguments), "environment": dict(environment)}
        with self._turn:
            socket.send_fds(self._control, [json.dumps(request).encode() + b"\n"], list(streams))
            return Fork(self._receive()["pid"], self)

    def reap(self, pid: int) -> int:
        """The exit code of a child that has ended."""
        with self._turn:
            self._control.sendall(json.dumps({"reap": pid}).encode() + b"\n")
            code: int = self._receive()["code"]
            return code

    def close(self) -> None:
        """End it."""
        self._control.close()
        self._process.wait()

    def _receive(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._control.recv(ANSWER_BYTES))
        return answer


class Fork:
    """One run of the program as a child of the zygote."""

    def __init__(self, pid: int, zygote: Zygote) -> None:
        self.pid = pid
        self._zygote = zygote
        self._handle = os.pidfd_open(pid)  # readable once the process has ended
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended.  Raises subprocess.TimeoutExpired."""
        if self._code is None:
            ended, _, _ = select.select([self._handle], [], [], timeout)
            if not ended:
                raise subprocess.TimeoutExpired(PROGRAM, timeout or 0)
            self._code = self._zygote.reap(self.pid)
            os.close(self._handle)
        return self._code

    def send_signal(self, number: int) -> None:
        """Send a signal to it; none if it has ended."""
        if self._code is None:
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)
