"""The table of the proofs says what was counted, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.prove.__main__ import table
from tests.prove.figures import count, suite_of, totals
from tests.prove.timing import NO_PROOF, PROOFS, chosen


def write(directory: Path, name: str, *lines: tuple[str, str, str, int]) -> None:
    """One process's figures."""
    told = [json.dumps(dict(zip(("folder", "what", "kind", "n"), line, strict=True))) for line in lines]
    (directory / name).write_text("\n".join(told) + "\n")


def test_every_process_is_added_up(tmp_path: Path) -> None:
    """What several processes counted is one figure a suite, and the last row is the sum of all."""
    write(tmp_path, "1.jsonl", ("saga", "", "kills", 1200), ("saga", "", "ms", 3000), ("explorer", "", "states", 7))
    write(tmp_path, "2.jsonl", ("saga", "", "kills", 34), ("explorer", "", "ms", 1000))
    rows = [line.split() for line in table(totals(tmp_path), wall_s=9)]
    assert rows == [
        ["states", "transitions", "schedules", "kills", "seconds"],
        ["explorer", "7", "1"],
        ["saga", "1,234", "3"],
        ["all", "7", "1,234", "9"],
    ]


def test_parts_of_a_suite_have_rows_of_their_own(tmp_path: Path) -> None:
    """Two parts of one suite stand below it."""
    write(tmp_path, "1.jsonl", ("schedules", "in memory", "schedules", 5), ("schedules", "on file", "schedules", 6))
    names = [line[:30].rstrip() for line in table(totals(tmp_path), wall_s=1)]
    assert names == ["", "schedules", "  in memory", "  on file", "all"]


def test_a_suite_is_the_folder_of_its_test() -> None:
    """A figure belongs to the folder of the test that counted it."""
    assert suite_of("tests/saga/test_kill_everywhere.py::test_it (call)") == "saga"
    assert suite_of("tests/test_packaging.py::test_it") == "tests"


def test_an_unknown_column_is_an_error() -> None:
    """A figure that the table has no column for would be lost without a word."""
    with pytest.raises(ValueError, match="no column for 'miles'"):
        count("miles", 1)


CHOSEN = {
    "a proof, quick or slow": ("tests/saga/test_processes.py::test_it", False, True),
    "a whole rotation that nothing disturbs": ("tests/saga/test_whole_rotation.py::test_it", False, False),
    "a part of a longer proof": ("tests/saga/test_syscalls.py::test_killed_before_some_system_calls[0]", False, False),
    "what is slow elsewhere": ("tests/year/test_year.py::test_it[two dozen]", True, True),
    "what CI runs and is no proof": ("tests/cli/test_status.py::test_it", False, False),
}


@pytest.mark.parametrize(("node", "slow", "wanted"), CHOSEN.values(), ids=CHOSEN)
def test_the_proofs_are_run_whole_and_what_is_slow_elsewhere(node: str, slow: bool, wanted: bool) -> None:
    """Neither more nor less; each place that is named exists."""
    assert chosen(node, slow=slow) is wanted
    assert all(Path(one.partition("::")[0]).exists() for one in (*PROOFS, *NO_PROOF))
