"""The file's endpoint changes in an open run, as a person meets it."""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run


def _endpoint(world: World, **changes: Any) -> None:
    """The only endpoint in the file, changed."""
    file = yaml.safe_load(world.place.config.read_text("utf-8"))
    file["users"][0]["endpoints"][0] |= changes
    world.place.config.write_text(yaml.safe_dump(file), "utf-8")


def test_a_host_that_changes_in_the_grace_is_proven_and_told(
    adopted: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay's file gets the line of the new host at the next turn; the one of the former host stays as it is."""
    assert run("rotate").code == 0
    table = adopted.place.sasl_passwd
    (told,) = table.read_text("utf-8").splitlines()
    monkeypatch.setenv("ROTATOR_TRUST_HOSTS", f"{os.environ['ROTATOR_TRUST_HOSTS']},localhost")
    _endpoint(adopted, host="localhost")
    done = run("rotate")
    assert (done.code, "✓ verify" in done.err, "✓ push        relay" in done.err) == (0, True, True)
    assert table.read_text("utf-8").splitlines() == [told, told.replace("127.0.0.1", "localhost")]
    done = run("rotate")
    assert (done.code, "push        relay" in done.err) == (0, False)


def test_a_region_that_is_new_in_an_open_run_is_told_with_the_way_out(adopted: World, run: Run) -> None:
    """What is missing, why, and the two ways on; the former endpoint put back, the run goes on as before."""
    assert run("rotate").code == 0
    right = adopted.place.config.read_text("utf-8")
    _endpoint(adopted, region="eu-west-1")
    done = run("rotate", "--json")
    document = done.document
    assert (done.code, document["exit_code"]) == (Exit.HELP_NEEDED, Exit.HELP_NEEDED)
    assert document["summary"].startswith("us-east-1 is in a region for which the new key has no password")
    assert "relay" in document["summary"]
    assert document["runbook"] == "runbooks/configuration.md#a-region-was-added-during-a-run"
    for way in ("put the former endpoint back", "take a place out that is new", "rotator rotate --user jada-ses-smtp"):
        assert way in document["fix"]
    adopted.place.config.write_text(right, "utf-8")
    assert run("rotate").code == 0
