"""What the suites count while they run, for the table that `make prove` prints: nothing in that table is typed in.

A test calls `count("schedules", n)`; the figures go to the directory that ROTATOR_FIGURES names, a line each, or
nowhere if it names none.  Several processes count at the same time: every process has its own file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

DIRECTORY = "ROTATOR_FIGURES"
COLUMNS = ("states", "transitions", "schedules", "kills")
KINDS = (*COLUMNS, "ms", "violations")
GIVEN = os.environ.get(DIRECTORY, "")  # read at import: the tests' own environment is emptied of foreign variables

Totals = dict[tuple[str, str, str], int]  # (folder, what, kind) -> how many


def count(kind: str, n: int, what: str = "", folder: str = "") -> None:
    """Note that `n` more of a kind were done; `what` names a part of the suite.  Raises ValueError for a new kind.

    The suite is the folder of the test that runs.
    """
    if kind not in KINDS:
        raise ValueError(f"no column for {kind!r}: {', '.join(KINDS)}")
    if not GIVEN:
        return
    folder = folder or suite_of(os.environ.get("PYTEST_CURRENT_TEST", ""))
    line = json.dumps({"folder": folder, "what": what, "kind": kind, "n": n}) + "\n"
    with (Path(GIVEN) / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(line)


def suite_of(test: str) -> str:
    """`tests/saga/test_x.py::test_y` belongs to the suite `saga`."""
    parts = test.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 else "tests"


def totals(directory: Path) -> Totals:
    """Everything that was counted, over all processes."""
    found: Totals = {}
    for file in sorted(directory.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            one = json.loads(line)
            at = (one["folder"], one["what"], one["kind"])
            found[at] = found.get(at, 0) + one["n"]
    return found
