"""Where the time of one process goes: `python -m tests.bench.meter REPORT MODULE ARGUMENTS...` runs a module and tells.

Every moment is charged to exactly one part, the innermost that is at work: imports, building clients, outside calls,
waiting, or the rest, which is the program's own code with its journal.  The clocks stand at the edge of the libraries
(boto3, googleapiclient, smtplib, ssl), so what an adapter adds to a call counts as the program's own; nothing of the
program is touched.  REPORT gets one JSON object: `wall_s` and `cpu_s` by part, `counts` by library call, `memory_mb`,
`modules` (the top-level names imported).
"""

from __future__ import annotations

import functools
import importlib._bootstrap as machinery
import json
import re
import runpy
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

IMPORTS, CLIENTS, CALLS, WAITING, REST = "imports", "clients", "calls", "waiting", "rest"

# module -> what to put a clock on in it, and the part that its time is charged to
CLOCKS: dict[str, dict[str, str]] = {
    "boto3.session": {"Session.__init__": CLIENTS, "Session.client": CLIENTS},
    "botocore.client": {"BaseClient._make_api_call": CALLS},
    "google.auth._service_account_info": {"from_dict": CLIENTS},  # reads and checks the RSA key
    "googleapiclient.discovery": {"build": CLIENTS},
    "googleapiclient.http": {"HttpRequest.execute": CALLS},
    "smtplib": {"SMTP.getreply": CALLS, "SMTP.send": CALLS},
    "socket": {"create_connection": CALLS},
    "ssl": {"create_default_context": CLIENTS, "SSLContext.wrap_socket": CALLS},
    "time": {"sleep": WAITING},
}


class Meter:
    """The running account of one process; single-threaded, as the program is."""

    def __init__(self) -> None:
        self.wall: defaultdict[str, float] = defaultdict(float)
        self.cpu: defaultdict[str, float] = defaultdict(float)
        self.counts: Counter[str] = Counter()
        self._at_work = [REST]
        self._since = (time.perf_counter(), time.process_time())

    def charge(self) -> None:
        """Charge what passed since the last time to the part that is at work."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.wall[self._at_work[-1]] += wall - self._since[0]
        self.cpu[self._at_work[-1]] += cpu - self._since[1]
        self._since = (wall, cpu)

    def clocked(self, function: Callable[..., Any], part: str, name: str) -> Callable[..., Any]:
        """The function, its time charged to `part` and its calls counted."""

        @functools.wraps(function)
        def run(*args: Any, **named: Any) -> Any:
            self.charge()
            self.counts[name] += 1
            self._at_work.append(part)
            try:
                return function(*args, **named)
            finally:
                self.charge()
                self._at_work.pop()

        return run

    def install(self) -> None:
        """Put the clocks on: on modules that are there at once, on the others when they have been imported."""
        for name in CLOCKS:
            if name in sys.modules:
                self._put_on(name)
        import_one = self.clocked(machinery._find_and_load, IMPORTS, "import")  # type: ignore[attr-defined]

        def find_and_load(name: str, *more: Any) -> Any:
            """Imports of every kind that have to load something end up here."""
            before = name in sys.modules
            module = import_one(name, *more)
            if not before and name in CLOCKS:
                self._put_on(name)
            return module

        machinery._find_and_load = find_and_load  # type: ignore[attr-defined]

    def _put_on(self, name: str) -> None:
        for path, part in CLOCKS[name].items():
            *inside, attribute = path.split(".")
            place = functools.reduce(getattr, inside, sys.modules[name])
            setattr(place, attribute, self.clocked(getattr(place, attribute), part, f"{name}.{path}"))


def highest_memory_mb() -> float:
    """The most memory this process ever had.  Not ru_maxrss: that begins with what the parent had when it forked."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    return int(found[1]) / 1024 if found else float("nan")


def main() -> None:
    """Run the module as `python -m` would, and write the report whatever becomes of it."""
    report, module, *arguments = sys.argv[1:]
    sys.argv[1:] = arguments
    meter = Meter()
    meter.install()
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        meter.charge()
        told = {
            "wall_s": meter.wall,
            "cpu_s": meter.cpu,
            "counts": meter.counts,
            "memory_mb": highest_memory_mb(),
            "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        }
        Path(report).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main()
