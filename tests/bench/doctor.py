"""The doctor's own CPU after imports: `python -m tests.bench.doctor RUNS` runs it in this process and tells each run's.

The first run loads what is loaded when it is used, so it is left out.  The CPU of all threads counts; what building
clients and TLS contexts costs is told apart, by the same clocks as of `rotate`.  Standard output gets one JSON object
with two lists of seconds, `own_s` and `clients_s`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from rotator.cli.main import main
from tests.bench.meter import CLIENTS, CLOCKS


class Clients:
    """CPU seconds of all threads inside what builds clients; what one of them calls of another counts once."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._lock, self._inside = threading.Lock(), threading.local()

    def clocked(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a clock on it."""

        @functools.wraps(function)
        def run(*args: Any, **named: Any) -> Any:
            if getattr(self._inside, "at_work", False):
                return function(*args, **named)
            self._inside.at_work, began = True, time.thread_time()
            try:
                return function(*args, **named)
            finally:
                self._inside.at_work = False
                with self._lock:
                    self.cpu_s += time.thread_time() - began

        return run

    def install(self) -> None:
        """Put the clocks on everything that builds clients."""
        for name, paths in CLOCKS.items():
            for path in (path for path, part in paths.items() if part == CLIENTS):
                *inside, attribute = path.split(".")
                place = functools.reduce(getattr, inside, importlib.import_module(name))
                setattr(place, attribute, self.clocked(getattr(place, attribute)))


def run_once() -> float:
    """CPU seconds of one `rotator doctor`, its output thrown away.  Raises RuntimeError if it did not do its work."""
    began = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main(["doctor"])
    if code:
        raise RuntimeError(f"doctor: exit code {code}")
    return time.process_time() - began


def several(runs: int) -> dict[str, list[float]]:
    """The figures of some runs, after one that is not counted."""
    clients = Clients()
    clients.install()
    run_once()
    told: dict[str, list[float]] = {"own_s": [], "clients_s": []}
    for _ in range(runs):
        clients.cpu_s = 0.0
        total = run_once()
        told["own_s"].append(total - clients.cpu_s)
        told["clients_s"].append(clients.cpu_s)
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(several(int(sys.argv[1]))))
