"""`make bench`: what a command costs, beside a bare script doing the same, all measured in one run.

Each figure is the median of several runs.  A bound on CPU, counts or memory that is broken makes the exit code 1; a
bound on wall clock is only told, because the machine has other things to do.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench import audits, doctor_walls, export, meter, turns
from tests.bench.needed import CALLS, CONNECTIONS, RECORDED
from tests.bench.processes import PYTHON, Cost, bare, calls_since, calm_world, doctor, measure, middle, rotate

HELP_RUNS, ROTATE_RUNS, DOCTOR_RUNS = 11, 5, 7
HELP_RATIO, ROTATE_RATIO, AUDIT_RATIO, DOCTOR_WALL_RATIO = 12.0, 1.5, 1.2, 1.2
REST_CPU_S, DOCTOR_CPU_S, TURN_S, MEMORY_MB = 0.100, 0.150, 0.005, 150.0
EXPORTS, EXPORT_RATIO, GROWN_MB = (100_000, 1_000_000), 1.2, 4.0
HEAVY = {"boto3", "botocore", "google", "googleapiclient", "pydantic", "rich"}
EXPLORER_S = 60.0
EXPLORATION = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not live", "tests/explorer"]
HEADERS = ("", "wall", "CPU", "bare wall", "bare CPU", "ratio", "bound", "")
PARTS = {
    PYTHON: "python itself, start and end",
    meter.IMPORTS: "imports",
    meter.CLIENTS: "building clients and TLS context",
    meter.CALLS: f"outside calls ({len(CALLS)})",
    meter.WAITING: "waiting",
    meter.REST: "the rest: own code and journal",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.  `holds` is None without a bound; `binding`: a broken one makes the exit code 1."""

    what: str
    figures: tuple[str, str, str, str] = ("", "", "", "")  # as in HEADERS
    ratio: str = ""
    bound: str = ""
    holds: bool | None = None
    binding: bool = True

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        return (self.what, *self.figures, self.ratio, self.bound, {None: "", True: "ok", False: "over"}[self.holds])


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"


def _beside(cost: Cost, other: Cost) -> tuple[str, str, str, str]:
    return _ms(cost.wall_s), _ms(cost.cpu_s), _ms(other.wall_s), _ms(other.cpu_s)


def help_rows() -> Iterator[Row]:
    """The top-level help beside a bare interpreter, and the heavy libraries it loads."""
    modules = set(measure(["rotator", "--help"], metered=True).report["modules"])
    runs = [(measure(["-m", "rotator", "--help"]), measure(["-c", "pass"])) for _ in range(HELP_RUNS)]
    ours, empty = middle([one for one, _ in runs]), middle([other for _, other in runs])
    ratio = ours.cpu_s / empty.cpu_s
    yield Row(
        "rotator --help", _beside(ours, empty), f"{ratio:.1f} CPU", f"{HELP_RATIO:g} CPU", holds=ratio <= HELP_RATIO
    )
    loaded = ", ".join(sorted(modules & HEAVY))
    yield Row("  heavy libraries loaded", (loaded or "none", "", "", ""), bound="none", holds=not loaded)


def rotate_rows() -> Iterator[Row]:
    """One rotate up to the grace beside the same calls made by a bare script, part by part."""
    ours, others, calls = [], [], RECORDED
    for _ in range(ROTATE_RUNS):
        with calm_world() as world:
            since = world.record.count()
            ours.append(rotate(world))
            calls = tuple(calls_since(world, since))
        with calm_world(adopted=False) as world:
            others.append(bare(world, CALLS))
    cost, other = middle(ours), middle(others)
    ratio = cost.wall_s / other.wall_s
    yield Row(
        "rotate up to the grace",
        _beside(cost, other),
        f"{ratio:.2f} wall",
        f"{ROTATE_RATIO:g} wall",
        holds=ratio <= ROTATE_RATIO,
        binding=False,
    )
    for part, what in PARTS.items():
        yield _part(part, what, cost, other)
    connections = cost.report["counts"]["socket.create_connection"]
    yield Row(
        "  requests + SMTP connections",
        (f"{len(calls)} + {connections}", "", f"{len(RECORDED)} + {CONNECTIONS}", ""),
        bound="the list",
        holds=(calls, connections) == (RECORDED, CONNECTIONS),
    )
    memory = cost.report["memory_mb"]
    figures = (f"{memory:.0f} MB", "", f"{other.report['memory_mb']:.0f} MB", "")
    yield Row("  peak memory", figures, bound=f"{MEMORY_MB:.0f} MB", holds=memory < MEMORY_MB)


def _part(part: str, what: str, cost: Cost, other: Cost, *, bounded: bool = True) -> Row:
    inside, beside = (
        Cost(one.report["wall_s"].get(part, 0.0), one.report["cpu_s"].get(part, 0.0)) for one in (cost, other)
    )
    if part != meter.REST or not bounded:
        return Row(f"  {what}", _beside(inside, beside))
    holds = inside.cpu_s < REST_CPU_S
    return Row(f"  {what}", _beside(inside, beside), bound=f"{_ms(REST_CPU_S)} CPU", holds=holds)


def doctor_rows() -> Iterator[Row]:
    """The doctor's CPU on the calm sandbox after imports, of all its threads; building clients stands apart."""
    with calm_world() as world:
        figures = doctor(world, DOCTOR_RUNS)
        wall_s, least_s = doctor_walls.walls(world)
    own, clients = median(figures["own_s"]), median(figures["clients_s"])
    bound = f"{_ms(DOCTOR_CPU_S)} CPU"
    yield Row("doctor, after imports", ("", _ms(own), "", ""), bound=bound, holds=own < DOCTOR_CPU_S)
    yield Row("  building clients and TLS context", ("", _ms(clients), "", ""))
    ratio = wall_s / least_s
    yield Row(
        "  every service far away, beside the longest chain",
        (_ms(wall_s), "", _ms(least_s), ""),
        f"{ratio:.2f} wall",
        f"{DOCTOR_WALL_RATIO:g} wall",
        holds=ratio <= DOCTOR_WALL_RATIO,
        binding=False,
    )


def turn_rows() -> Iterator[Row]:
    """A turn beside a bare commit, whose wall is the disk's."""
    with tempfile.TemporaryDirectory() as directory:
        turn, commit = turns.a_turn(Path(directory)), turns.a_commit(Path(directory))
    ratio, bound = f"{turn.wall_s / commit.wall_s:.2f} wall", _ms(TURN_S)
    yield Row("a turn: decide, record", _beside(turn, commit), ratio, f"{bound} CPU", holds=turn.cpu_s < TURN_S)
    yield Row("  the disk included", bound=f"{bound} wall", holds=turn.wall_s < TURN_S, binding=False)
    yield Row("the explorer", ("", f"{turns.states_per_second():.0f} states/s", "", ""))
    whole, bound = measure(EXPLORATION), f"{EXPLORER_S:.0f} s CPU"
    figures = (f"{whole.wall_s:.0f} s", f"{whole.cpu_s:.0f} s", "", "")
    yield Row("  all that CI explores", figures, bound=bound, holds=whole.cpu_s < EXPLORER_S)


def audit_rows() -> Iterator[Row]:
    """Many places side by side, each as slow as a far SES, beside the sum of their times by the number of workers."""
    wall_s, least_s = audits.wall_s(), audits.LEAST_S
    ratio = wall_s / least_s
    yield Row(
        f"audit of {audits.PLACES} places",
        (_ms(wall_s), "", _ms(least_s), ""),
        f"{ratio:.2f} wall",
        f"{AUDIT_RATIO:g} wall",
        holds=ratio <= AUDIT_RATIO,
        binding=False,
    )


def export_rows() -> Iterator[Row]:
    """An export of a long list and of one ten times as long, beside the loop; and what the AWS CLI takes for pages."""
    found, version, cli_s = [], export.cli_version(), 0.0
    for length in EXPORTS:
        with export.listing(length) as world:
            found.append(export.exported(world))
            cli_s = cli_s or (export.by_aws_cli(world) if version else 0.0)
    for one in found:
        yield from _export(one)
    grown = found[-1].ours.report["memory_mb"] - found[0].ours.report["memory_mb"]
    figures = (f"{grown:.1f} MB", "", "", "")
    yield Row("  more for ten times the list", figures, bound=f"{GROWN_MB:.0f} MB", holds=grown < GROWN_MB)
    per_page = _ms(found[-1].ours.wall_s / (found[-1].rows / 1000))
    told = _ms(cli_s / export.CLI_PAGES) if version else "not installed"
    beside = f"{version}, {export.CLI_PAGES} pages" if version else "aws sesv2 (Debian's awscli)"
    yield Row(f"  a page of 1,000, beside {beside}", (per_page, "", told, ""))


def _export(one: export.Exported) -> Iterator[Row]:
    """Wall clock as it came, CPU bound, our own part apart, memory."""
    what, ratio = f"suppression export, {one.rows:,} addresses", f"{one.ratio:.2f} wall"
    bound, cpu_bound = f"{EXPORT_RATIO:g} wall", f"{EXPORT_RATIO:g} CPU"
    yield Row(what, _beside(one.ours, one.bare), ratio, bound, holds=one.ratio <= EXPORT_RATIO, binding=False)
    holds = one.cpu_ratio <= EXPORT_RATIO
    yield Row("  all of it, in CPU", ratio=f"{one.cpu_ratio:.2f} CPU", bound=cpu_bound, holds=holds)
    for part in (meter.CALLS, meter.REST):
        yield _part(part, PARTS[part] if part == meter.REST else "outside calls", one.ours, one.bare, bounded=False)
    memory, other = one.ours.report["memory_mb"], one.bare.report["memory_mb"]
    figures = (f"{memory:.0f} MB", "", f"{other:.0f} MB", "")
    yield Row("  peak memory", figures, bound=f"{MEMORY_MB:.0f} MB", holds=memory < MEMORY_MB)


def table(rows: list[Row]) -> str:
    """The rows as aligned columns."""
    lines = [HEADERS, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *figures = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *figures]).rstrip()


def main() -> int:
    """Measure everything and print one table."""
    rows = [*help_rows(), *rotate_rows(), *doctor_rows(), *turn_rows(), *audit_rows(), *export_rows()]
    print(table(rows))
    runs = f"{HELP_RUNS} (help), {ROTATE_RUNS} (rotate), {DOCTOR_RUNS} (doctor) and {turns.TURNS} (turn)"
    print(f"Medians of {runs} runs.")
    return int(any(row.binding and row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
