"""`rotator handover` and `confirm`: whose place is meant, and what a person's word changes."""

from __future__ import annotations

from pathlib import Path

import yaml

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run, add_user, with_laptop


def test_the_only_user_with_that_place_is_meant(adopted: World, run: Run, tmp_path: Path) -> None:
    """With two users in the file a place that only one of them has needs no user beside it."""
    with_laptop(adopted)
    run("rotate")
    add_user(adopted.place.config, "another-user")
    file = yaml.safe_load(adopted.place.config.read_text("utf-8"))
    file["users"][1]["consumers"] = [one for one in file["users"][1]["consumers"] if one["name"] != "laptop"]
    adopted.place.config.write_text(yaml.safe_dump(file), "utf-8")
    assert run("handover", "laptop", "--out", str(tmp_path / "given")).code == 0
    assert run("confirm", "laptop").code == 0
    done = run("handover", "relay", "--out", str(tmp_path / "other"))
    assert (done.code, "--user NAME" in done.err) == (Exit.USAGE, True)


def test_a_person_s_word_ends_the_wait_for_a_person(adopted: World, run: Run, tmp_path: Path) -> None:
    """After `confirm` the place is acknowledged and attested, and the run says what it waits for now."""
    with_laptop(adopted)
    run("rotate")
    assert "  laptop               waiting for a person   none" in run("status").out
    run("handover", "laptop", "--out", str(tmp_path / "given"))
    run("confirm", "laptop")
    done = run("status")
    assert "  laptop               acknowledged           attested" in done.out
    assert "waiting for a person" not in done.out
    assert "  now: grace until " in done.out
