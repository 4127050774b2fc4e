"""`rotator status`: what a person sees first, and what a monitor acts on."""

from __future__ import annotations

import pytest

from rotator.core.errors import Exit
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.cli.conftest import Run, add_user

DAY_S = 86400


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_a_key_has_age_due_date_use_and_holders(adopted: World, run: Run) -> None:
    """One row a key, under the headers that people know."""
    done = run("status")
    header, row, *_ = done.out.splitlines()
    assert _cells(header) == ["USER", "KEY", "AGE", "DUE", "LAST USED", "CONSUMERS", "STATE"]
    held = adopted.keys.now_held(adopted.scenario.user)[0].id
    masked = f"{held[:4]}…{held[-4:]}"
    assert _cells(row) == ["jada-ses-smtp", masked, "81 d", "24 h ago", "0 min ago", "relay", "due"]


def test_a_key_that_is_past_its_limit_is_shouted(adopted: World, run: Run) -> None:
    """Overdue stands in the table, in the last line with the command that ends it, and in the code of --check."""
    assert run("status", "--check").code == 0
    Sandbox(adopted.admin_url).advance(10 * DAY_S)
    done = run("status", "--check")
    assert done.code == Exit.FAILED
    assert "OVERDUE (limit 90 d)" in done.out
    assert done.out.splitlines()[-1] == "1 overdue.  Next: rotator rotate --user jada-ses-smtp"
    assert run("status").code == 0  # looking is no alarm


def test_an_open_run_shows_every_consumers_rung(adopted: World, run: Run) -> None:
    """Where each consumer stands on the ladder, and what the run waits for."""
    assert run("rotate").code == 0
    done = run("status")
    assert "being replaced" in done.out
    assert "new, being handed out" in done.out
    assert [line.split() for line in done.out.splitlines() if line.startswith("  relay")] == [
        ["relay", "acknowledged", "read_back"]
    ]
    assert "  now: grace until " in done.out


@pytest.mark.parametrize(("fault", "code"), [("iam_500", Exit.RETRY), ("access_denied", Exit.ACCESS)])
def test_what_the_journal_knows_is_shown_without_aws(adopted: World, run: Run, fault: str, code: Exit) -> None:
    """A look-up that fails is said to have failed: nothing is guessed, and a monitor is told by --check."""
    adopted.faults.arm(fault, 20)
    done = run("status", "--check")
    assert (done.code, "the journal's part only" in done.err) == (code, True)
    assert "unknown: IAM could not be asked" in done.out
    assert run("status").code == 0


def test_a_strangers_key_is_called_that(adopted: World, run: Run) -> None:
    """A second key that nobody adopted stands in the table as what it is."""
    adopted.keys.create(adopted.scenario.user)
    assert [_cells(line)[-1] for line in run("status").out.splitlines()[1:3]] == ["due", "not ours"]


def test_a_user_that_was_never_adopted_has_a_row(adopted: World, run: Run) -> None:
    """Beside others it is one line with the next command; alone it is the error that says how to begin."""
    add_user(adopted.place.config, "newcomer")
    done = run("status")
    assert "not adopted: rotator adopt" in done.out
    assert done.out.splitlines()[-1] == "Next: rotator adopt --user newcomer"
    assert run("status", "--user", "newcomer").code == Exit.USAGE


def test_after_the_deactivation_the_watch_is_shown(adopted: World, run: Run) -> None:
    """The old key is inactive, with the day on which it may be deleted."""
    assert run("rotate", "--grace", "0s").code == 0
    Sandbox(adopted.admin_url).advance(2 * DAY_S)
    assert run("rotate", "--grace", "0s").code == 0
    rows = [_cells(line) for line in run("status").out.splitlines()]
    assert any("inactive" in row and row[-1].startswith("watch until ") for row in rows)
