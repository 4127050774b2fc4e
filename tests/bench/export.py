"""What an export of the suppression list costs, beside a bare boto3 loop and the AWS CLI on the same server.

The server has no rate here: at SES's one call a second both would do nothing but wait.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rotator.sandbox.scenario import Scenario
from rotator.sandbox.suppression import Synthetic
from rotator.sandbox.world import World
from tests.bench.processes import Cost, Failed, clean_environment, measure

CLI_PAGES = 20
EXPORT = ["rotator", "suppression", "export", "--rate", "10000", "--no-input"]


@dataclass(frozen=True, slots=True)
class Exported:
    """An export of ours and the loop, one after the other on one server."""

    rows: int
    ours: Cost
    bare: Cost

    @property
    def ratio(self) -> float:
        """Wall clock of ours over the loop's."""
        return self.ours.wall_s / self.bare.wall_s

    @property
    def cpu_ratio(self) -> float:
        """All CPU of ours, imports included, over the loop's: what a busy machine and a slow disk do not touch."""
        return self.ours.cpu_s / self.bare.cpu_s


@contextmanager
def listing(rows: int) -> Iterator[World]:
    """A world whose suppression list has so many rows, made as they are asked for."""
    with (
        tempfile.TemporaryDirectory() as directory,
        World.start(Path(directory, "world"), calm=True, scenario=Scenario(gmail=False)) as world,
    ):
        world.ses.suppression.synthetic = Synthetic(rows, world.clock.now())
        yield world


def exported(world: World) -> Exported:
    """Both, metered.  Raises Failed, and AssertionError if an address is missing or there twice."""
    assert world.ses.suppression.synthetic is not None
    rows = world.ses.suppression.synthetic.count
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory).resolve()
        ours = measure([*EXPORT, "-o", str(out / "ours")], environ=world.environment(), metered=True)
        bare = measure(["tests.bench.bare_export"], environ=world.environment(), given=str(out / "bare"), metered=True)
        found = [line for path in sorted((out / "ours").iterdir()) for line in path.read_text("utf-8").splitlines()]
        assert len(found) == len(set(found)) == rows
    return Exported(rows, ours, bare)


def cli_version() -> str | None:
    """`aws-cli/2.9.19`; None where it is not installed.

    It is no dependency of ours: from PyPI it would pin the botocore that it comes with.  Debian's package is `awscli`.
    """
    program = shutil.which("aws")
    if program is None:
        return None
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60)
    return told.stdout.split()[0]


def by_aws_cli(world: World) -> float:
    """Seconds that the AWS CLI takes for the first pages, one process a page.  Raises Failed."""
    program = shutil.which("aws")
    assert program is not None
    environment = clean_environment() | world.environment()
    token, began = "", time.perf_counter()
    for _ in range(CLI_PAGES):
        command = [program, "sesv2", "list-suppressed-destinations", "--page-size", "1000", "--output", "json"]
        done = subprocess.run(
            [*command, *(["--next-token", token] if token else [])],
            env=environment | {"HOME": os.environ.get("HOME", "/")}, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"aws: {done.stderr.decode(errors='replace')[-2000:]}")
        token = json.loads(done.stdout)["NextToken"]
    return time.perf_counter() - began
