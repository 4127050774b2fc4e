"""Past rotations as the journal tells them."""

from __future__ import annotations

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run, with_laptop


def test_a_run_is_told_as_a_timeline(adopted: World, run: Run) -> None:
    """Every line has time, protocol number and step; ids are masked, and the chain was checked on the way."""
    assert run("rotate").code == 0
    listed = run("history", "--json").document
    (row,) = listed["runs"]
    assert (row["outcome"], row["mode"], row["until"]) == ("open", "scheduled", None)
    told = run("history", row["run"], "--verify")
    assert told.code == 0
    assert [line.split()[4] for line in told.out.splitlines()[1:4]] == ["lock", "create", "create"]
    assert f"The chain of {listed['events']} events is whole; head {listed['head']}" in told.out
    assert adopted.keys.now_held(adopted.scenario.user)[0].id not in told.out


def test_only_recent_runs_on_request(adopted: World, run: Run) -> None:
    """--since takes a day or a span; a run that is not among them is not found."""
    assert run("rotate").code == 0
    (row,) = run("history", "--since", "2026-01-01", "--json").document["runs"]
    assert run("history", "--since", "2099-01-01", "--json").document["runs"] == []
    assert run("history", row["run"], "--since", "2099-01-01").code == Exit.USAGE


def test_a_run_that_was_raised_says_why(adopted: World, run: Run) -> None:
    """Both reasons stand in the list, that of the emergency and that of the revocation, each once."""
    with_laptop(adopted)
    (held,) = adopted.keys.now_held(adopted.scenario.user)
    run("rotate", "--emergency", "--key", held.id, "--reason", "laptop lost")
    run("rotate", "--revoke-first", "--key", held.id, "--reason", "abused now", "--grace", "1h")
    assert "laptop lost; abused now" in run("history").out
    (row,) = run("history", "--json").document["runs"]
    assert (row["mode"], row["reason"]) == ("revoke first", "laptop lost; abused now")
