"""What a suite counts while it runs, for the table that `make prove` prints: nothing in that table is typed in.

A suite calls `count("schedules", n)`; the figures go to the directory that ROTATOR_FIGURES names, a line each, or
nowhere if it names none.  Processes and hosts of one run may write at the same time: every process has its own file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

DIRECTORY = "ROTATOR_FIGURES"
KINDS = ("states", "transitions", "schedules", "kills", "violations")
GIVEN = os.environ.get(DIRECTORY, "")  # read at import: the tests' own environment is emptied of foreign variables


def count(kind: str, n: int, suite: str = "") -> None:
    """Note that `n` more of a kind were done; `suite` names the line of the table.  ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"no column for {kind!r}: {', '.join(KINDS)}")
    if not GIVEN:
        return
    line = json.dumps({"suite": suite, "kind": kind, "n": n}) + "\n"
    with (Path(GIVEN) / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(line)


def totals(directory: Path) -> dict[tuple[str, str], int]:
    """(suite, kind) -> how many, over all processes."""
    found: dict[tuple[str, str], int] = {}
    for file in sorted(directory.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            one = json.loads(line)
            at = (one["suite"], one["kind"])
            found[at] = found.get(at, 0) + one["n"]
    return found
