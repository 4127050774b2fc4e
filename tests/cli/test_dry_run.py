"""What `rotate --dry-run` shows."""

from __future__ import annotations

import re

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run


def test_a_place_that_is_read_back_has_its_proof_in_the_plan(adopted: World, run: Run) -> None:
    """Between being told and the grace: step 7 leaves nobody out."""
    lines = run("rotate", "--dry-run").out.splitlines()
    told, proven, grace = (
        next(n for n, line in enumerate(lines) if re.match(pattern, line))
        for pattern in (r"  6 push +relay$", r"  7 confirm +relay +read back$", r"  8 grace ")
    )
    assert told < proven < grace


def test_a_refusal_is_told_once(adopted: World, run: Run) -> None:
    """In full at the end, and not among what was checked as well."""
    adopted.place.sasl_passwd.parent.chmod(0o777)
    done = run("rotate", "--dry-run")
    assert done.code != Exit.OK
    (seen,) = (line.removeprefix("✗ ") for line in done.err.splitlines() if line.startswith("✗"))
    assert seen not in done.out
