"""`make mutants`: change the program a little, thousands of times, and see whether a test notices.

    python -m tests.mutants                        # core whole; loop, effects and journal sampled
    python -m tests.mutants rotator/core/history/fold.py   # some modules, whole
    python -m tests.mutants --sample 0.1 --seed 7 rotator/core
    python -m tests.mutants --again out.txt rotator/core   # only those that survived according to an older output

Survivors are printed; those that cannot matter stand in `explained.toml` with the reason.  Exit code 1 if less than
95 % of what was tried in core is killed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.sites import Mutant, mutants
from tests.mutants.trying import Tried, measure, ours, prepare, stages, try_all

CORE = ("rotator/core",)
SAMPLED = ("rotator/rotation", "rotator/journal")
SAMPLE = 0.15  # of what is not core
ENOUGH = 0.95
EXPLAINED = Path(__file__).with_name("explained.toml")


@dataclass
class Score:
    """What became of one folder's mutants."""

    tried: int = 0
    killed: int = 0
    explained: int = 0
    survivors: list[Mutant] = field(default_factory=list)

    @property
    def part(self) -> float:
        """The part that was killed, or cannot matter."""
        return (self.killed + self.explained) / self.tried if self.tried else 1.0


def explanations() -> dict[tuple[str, str, str], str]:
    """(file, function, change) -> why that change cannot be noticed."""
    entries = tomllib.loads(EXPLAINED.read_text("utf-8")).get("mutant", [])
    return {(one["file"], one["inside"], one["says"]): one["why"] for one in entries}


def chosen(folders: tuple[str, ...], part: float, seed: int) -> list[Mutant]:
    """The mutants of some folders, or a seeded part of them."""
    found = [one for path in ours(folders) for one in mutants(path)]
    return found if part >= 1 else random.Random(seed).sample(found, round(len(found) * part))


def survived_before(output: Path, found: list[Mutant]) -> list[Mutant]:
    """Those of `found` that an older output names; lines may have moved since."""
    lines = [line.removeprefix("survived  ") for line in output.read_text("utf-8").splitlines()]
    names = {(line.partition(":")[0], line.partition(" ")[2]) for line in lines}
    return [one for one in found if (str(one.path), str(one).partition(" ")[2]) in names]


def run(title: str, wanted: list[Mutant], workers: int, most: int) -> Score:
    """Try them and tell every survivor as it is found."""
    score, known = Score(), explanations()
    limits: dict[Path, tuple[int, ...]] = {}
    by_stages: dict[object, tuple[int, ...]] = {}
    for path in sorted({one.path for one in wanted}):
        key = tuple(stage[-1] for stage in stages(path, most))
        by_stages[key] = by_stages.get(key) or measure(path, most)
        limits[path] = by_stages[key]
    began = time.monotonic()
    for tried in try_all(wanted, workers, limits):
        _note(score, tried, known)
    print(
        f"{title}: {score.tried} mutants, {score.killed} killed, {score.explained} explained, "
        f"{len(score.survivors)} survived: {100 * score.part:.1f} %, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return score


def _note(score: Score, tried: Tried, known: dict[tuple[str, str, str], str]) -> None:
    score.tried += 1
    mutant = tried.mutant
    if tried.killed_by:
        score.killed += 1
    elif (str(mutant.path), mutant.inside, mutant.says) in known:
        score.explained += 1
    else:
        score.survivors.append(mutant)
        print(f"survived  {mutant}", flush=True)
    if score.tried % 100 == 0:
        print(f"... {score.tried} tried, {len(score.survivors)} survived", file=sys.stderr, flush=True)


def parts(options: argparse.Namespace) -> Iterator[tuple[str, list[Mutant]]]:
    """What is to be tried: as asked for, or core whole and the rest sampled."""
    if options.paths:
        found = chosen(tuple(options.paths), options.sample or 1.0, options.seed)
        yield " ".join(options.paths), survived_before(options.again, found) if options.again else found
        return
    yield "core", chosen(CORE, options.sample or 1.0, options.seed)
    yield f"loop, effects, journal (sample of seed {options.seed})", chosen(SAMPLED, SAMPLE, options.seed)


def main() -> int:
    """Run it.  Exit code 1 if core falls short."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("paths", nargs="*", help="modules or folders; none: core whole, the rest sampled")
    parser.add_argument("--sample", type=float, help="the part to try, 0.0 to 1.0")
    parser.add_argument("--again", type=Path, help="an older output: only what survived there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stages", type=int, default=9, help="so many of the stages of tests, the quick ones first")
    options = parser.parse_args()
    prepare()
    scores = [run(title, wanted, options.workers, options.stages) for title, wanted in parts(options)]
    return 0 if scores[0].part >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
