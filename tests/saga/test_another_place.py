"""One word of a place's setting is changed: what the next turn does, what it says, and how a person goes on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.saga.stage import Stage, prepare
from tests.saga.test_every_place import change, consume, program

LEFT = re.compile(r"crm@[0-9a-f]{6}")


@pytest.fixture
def green(stage: Stage, tmp_path: Path) -> Stage:
    """A program was told of the new key with one word, and then the file got another word."""
    prepare(stage)
    push = program(tmp_path / "push", f"umask 077; cat > {tmp_path}/kept-$1")
    consume(stage, {"type": "command", "name": "crm", "push": [push, "blue"]})
    stage.adopt()
    stage.rotator("rotate", "--yes", code=3)
    assert sorted(one.name for one in tmp_path.glob("kept-*")) == ["kept-blue"]
    change(stage, "crm", push=[push, "green"])
    return stage


def test_another_word_is_another_place(green: Stage, tmp_path: Path) -> None:
    """The new place is told at once; the one of before bars the end until a person says that it holds nothing."""
    assert "push comes next" in green.rotator("status").text
    done = green.rotator("rotate", "--if-due", code=1)
    assert "✓ push        crm acknowledged" in done.text
    assert "✓ push        news-alias" not in done.text
    assert (tmp_path / "kept-green").read_text() == (tmp_path / "kept-blue").read_text()
    (name,) = set(LEFT.findall(done.text))
    assert f"{name} (where crm pointed before) may hold the credential" in done.text
    assert f"rotator forget jada-ses-smtp {name} --reason" in done.text
    assert len(green.active()) == 2
    assert name in green.rotator("status").text
    green.rotator("forget", name, "--reason", "blue is switched off")
    assert "grace" in green.rotator("rotate", "--yes", code=3).text
    green.advance(days=2)
    for _ in range(3):
        green.rotator("rotate", "--if-due", code=None)
        green.advance(days=1)
    assert len(green.keys()) == 1


def test_the_word_put_back_is_another_place_again(green: Stage, tmp_path: Path) -> None:
    """Before anything was told the other place nothing happened; afterwards that one is the one that is left."""
    push = str(tmp_path / "push")
    change(green, "crm", push=[push, "blue"])
    green.rotator("rotate", "--yes", code=3)
    assert not (tmp_path / "kept-green").exists()
    change(green, "crm", push=[push, "green"])
    (blue,) = set(LEFT.findall(green.rotator("rotate", "--yes", code=1).text))
    change(green, "crm", push=[push, "blue"])
    again = green.rotator("rotate", "--yes", code=1).text
    assert "✓ push        crm acknowledged" in again
    (left,) = set(LEFT.findall(again))
    assert left != blue
    green.rotator("forget", left, "--reason", "green was a mistake")
    assert "grace" in green.rotator("rotate", "--yes", code=3).text
