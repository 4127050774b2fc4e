"""README's table of the kinds says what the contract suite comes to today."""

from __future__ import annotations

import subprocess
import sys

from tests.contract.matrix import BEGIN, END, README, Results
from tests.gates.source_tree import ROOT


def test_the_table_is_what_the_suite_says() -> None:
    """Run anew, the suite gives the very table that README shows; `make kinds` writes it."""
    told = README.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    command = [sys.executable, "-m", "tests.contract.matrix"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout
    assert done.stdout.partition(BEGIN)[2].partition(END)[0] == told


def test_only_what_passed_is_a_yes() -> None:
    """Not run, only skipped, or failed once: none of these is a proof."""
    ends = {"passed": ["passed", "skipped"], "skipped": ["skipped"], "failed": ["passed", "failed"], "not run": []}
    results = Results({("command", how): outcomes for how, outcomes in ends.items()})
    assert [how for how in ends if results.proven("command", how)] == ["passed"]
