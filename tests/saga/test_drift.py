"""A relay's file comes back from a backup, during a rotation and after it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from rotator.core.errors import Exit
from tests.saga.launching import Zygote
from tests.saga.living import live
from tests.saga.stage import Stage, prepare


def test_a_restored_relay_is_found_out_and_told_again(
    build_stage: Callable[..., Stage], adopted: Path, zygote: Zygote
) -> None:
    """An open run tells it again by itself; after the run a person hears of it every day until a new one is begun."""
    stage = build_stage(calm=True, launcher=zygote, template=adopted)
    prepare(stage)
    stage.configure(defaults={"grace": "24h", "quiet": "0s", "watch": "2d"})
    file = stage.world.place.sasl_passwd
    backup = stage.home / "postfix" / "sasl_passwd"
    backup.parent.mkdir(mode=0o700)
    shutil.copy2(file, backup)
    (old,) = stage.keys()
    stage.rotator("rotate", "--yes", code=None)
    (new,) = set(stage.keys()) - {old}
    shutil.copy2(backup, file)
    assert _behind(stage) == {"relay": _masked(old)}
    stage.rotator("rotate", "--if-due", code=None)
    assert stage.held()["relay"] == new
    assert _behind(stage) == {}
    stage.advance(hours=25)
    live(stage, old)
    assert set(stage.keys()) == {new}
    shutil.copy2(backup, file)
    for _ in range(2):
        done = stage.rotator("rotate", "--if-due", "--no-input", code=Exit.HELP_NEEDED)
        assert f"relay holds {_masked(old)}, which is not Active" in done.err
        stage.advance(days=1)
    stage.rotator("status", "--check", code=Exit.FAILED)
    assert set(stage.keys()) == {new}
    assert stage.held()["relay"] == old
    stage.rotator("rotate", "--yes", code=None)
    (newest,) = set(stage.keys()) - {new}
    assert stage.held()["relay"] == newest
    assert _behind(stage) == {}


def _behind(stage: Stage) -> dict[str, str]:
    (user,) = stage.rotator("status", "--json", code=None).json["users"]
    return {one["consumer"]: one["holds_masked"] for one in user["behind"]}


def _masked(key: str) -> str:
    return re.sub(r"^(.{4}).*(.{4})$", r"\1…\2", key)
