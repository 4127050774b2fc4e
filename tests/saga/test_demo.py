"""`rotator sandbox demo`, which a newcomer runs first, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.saga.test_whole_rotation import STEPS

DEMO_S = 240  # many times what it takes alone; a demo that hangs must not hold the suite up


def _demo(home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "rotator", "sandbox", "demo", *more],
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        encoding="utf-8",
        timeout=DEMO_S,
        check=False,
    )


def test_the_demo_shows_every_step_and_keeps_every_claim(tmp_path: Path) -> None:
    """It ends with 0, has shown all eleven steps, and leaves nothing behind."""
    done = _demo(tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert [name for name in STEPS if not re.search(rf"\b{name}\b", done.stdout)] == []
    assert "NOT SO" not in done.stdout
    assert "SANDBOX" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo_in_json_is_one_document(tmp_path: Path) -> None:
    """With --json standard output is one document with the claims that hold; the story is told on standard error."""
    done = _demo(tmp_path, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["schema"], document["ok"]) == (0, "rotator/demo/1", True)
    assert "all eleven step names were shown" in document["claims"]
    assert [claim for claim in document["claims"] if f"[checked] {claim}" not in done.stderr] == []
