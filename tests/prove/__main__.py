"""`make prove`: run every proof, the long ones too, and print one table of what was tried.

Whatever is in the table was counted by the tests that did it.  Exit code 1 if anything failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.prove.figures import COLUMNS, DIRECTORY, Totals, totals

WIDTH = 12


def run(workers: str, figures: str) -> bool:
    """Pytest over `workers` processes (`timing` chooses what it runs); whether it is green."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--dist", "worksteal", "-p", "tests.prove.timing"]
    environ = {**os.environ, DIRECTORY: figures}
    return subprocess.run([*command, "-m", "not live", "tests"], env=environ, check=False).returncode == 0


def table(counted: Totals, wall_s: float) -> Iterator[str]:
    """The table, a line at a time: a row a suite, and below it its parts where it has several."""
    yield _row("", [*COLUMNS, "seconds"])
    for folder in sorted({folder for folder, _, _ in counted}):
        yield _row(folder, [*(_sum(counted, kind, folder) for kind in COLUMNS), _sum(counted, "ms", folder) // 1000])
        parts = sorted({what for one, what, _ in counted if one == folder and what})
        for what in parts if len(parts) > 1 else ():
            yield _row(f"  {what}", [*(counted.get((folder, what, kind), 0) for kind in COLUMNS), 0])
    yield _row("all", [*(_sum(counted, kind) for kind in COLUMNS), int(wall_s)])


def _row(name: str, cells: list[str] | list[int]) -> str:
    told = (one if isinstance(one, str) else f"{one:,}" if one else "" for one in cells)
    return f"{name:<36}" + "".join(f"{one:>{WIDTH}}" for one in told)


def _sum(counted: Totals, kind: str, folder: str = "") -> int:
    return sum(n for (one, _, of), n in counted.items() if of == kind and folder in {"", one})


def main() -> int:
    """Run the proofs, print the table."""
    workers = sys.argv[1] if len(sys.argv) > 1 else "2"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rotator-figures-") as figures:
        green = run(workers, figures)
        counted = totals(Path(figures))
    print("\n".join(table(counted, time.monotonic() - began)))
    violations = _sum(counted, "violations")
    if not green and not violations:
        print("the proofs did not run to their end: see above")
        return 1
    print(f"violations {violations}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
