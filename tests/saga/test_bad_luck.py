"""What bad input and bad luck get: a clear answer, the exit code of its class, and nothing changed.

Every case starts from a user that was adopted, whose key is due, and whose consumers all hold it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.core.errors import Exit
from tests.saga.arranging import nothing, state
from tests.saga.bad_luck import BAD_LUCK, ROTATE, Luck
from tests.saga.launching import Started, Zygote
from tests.saga.stage import Done, Stage, prepare

ROOT = Path(__file__).parents[2]
ON_A_FULL_DISK = """
mount -t tmpfs -o size=256k,mode=700 full "$0" && cp -a "$1/." "$0" && shift &&
! cat /dev/zero >"$0/filler" 2>/dev/null && exec "$@"
"""
Build = Callable[..., Stage]


def refused(done: Done, luck: Luck) -> None:
    """The answer is of its class and says, in this order, what was seen, what to do, where to read, and what works."""
    assert done.code == luck.code, done.err
    order = (rf"✗ .*{luck.seen}", rf"{luck.fix}", rf"see   runbooks/{luck.runbook}\.md", luck.flows)
    assert re.search(".*".join(order), done.err, re.DOTALL) or all(re.search(one, done.err) for one in order), done.err
    assert re.search(r"^    why   \S", done.err, re.MULTILINE)
    assert re.search(r"^    fix   \S", done.err, re.MULTILINE)
    assert (ROOT / "runbooks" / f"{luck.runbook}.md").is_file()
    assert done.err.rstrip().endswith(f"(exit {int(luck.code)})")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("luck", BAD_LUCK.values(), ids=BAD_LUCK.keys())
def test_bad_luck_is_told_and_nothing_is_changed(
    build_stage: Build, adopted: Path, zygote: Zygote, luck: Luck
) -> None:
    """What was seen, why, what to do, the page, whether mail flows; no key and no consumer is another one."""
    stage = build_stage(calm=True, launcher=zygote, template=None if luck.first_use else adopted)
    prepare(stage)
    luck.arrange(stage)
    before = (stage.keys(), stage.held(), stage.world.keys.creations)
    refused(stage.rotator(*luck.command.split(), code=None), luck)
    script = stage.rotator(*luck.command.split(), "--json", code=luck.code)
    assert script.json["exit_code"] == luck.code
    assert not script.json["ok"]
    assert (stage.keys(), stage.held(), stage.world.keys.creations) == before


def test_a_lock_that_is_held_names_its_owner(build_stage: Build, adopted: Path, zygote: Zygote) -> None:
    """Another run is at work: who, since when and whether it moves; a timer sees a code of its own."""
    stage = build_stage(calm=True, launcher=zygote, template=adopted)
    prepare(stage)
    stage.world.record.hold("sts:GetCallerIdentity", "before")
    owner = stage.start("rotate", "--yes")
    assert stage.world.record.wait_until_held(30) is not None
    before = (stage.keys(), stage.held(), stage.world.keys.creations)
    seen = rf"locked by pid {owner.pid} on .*, running"
    luck = Luck(nothing, Exit.LOCKED, seen, "wait for it", "ses-smtp-key-rotation")
    refused(stage.rotator("rotate", "--yes", code=None), luck)
    assert (stage.keys(), stage.held(), stage.world.keys.creations) == before
    owner.kill()
    owner.wait()
    stage.world.record.release()
    stage.rotator("status")


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def test_a_place_on_a_read_only_disk_stops_before_anything_changes(build_stage: Build, adopted: Path) -> None:
    """The relay's directory cannot be written, whatever its mode says: no key is made for it."""
    stage = build_stage(calm=True, template=adopted)
    prepare(stage)
    directory = stage.world.place.sasl_passwd.parent
    inside = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, str(directory))
    stage.launcher = Started(inside)
    if not stage.launcher.works(stage.environment):
        pytest.skip("this machine lets nobody mount anything read-only for themselves")
    before = (stage.keys(), stage.held(), stage.world.keys.creations)
    seen = "the service user may not read and write it"
    luck = Luck(nothing, Exit.FAILED, seen, "only the service user", "consumer-push", flows="As far as keys go")
    refused(stage.rotator(*ROTATE.split(), code=None), luck)
    assert (stage.keys(), stage.held(), stage.world.keys.creations) == before


def test_a_full_disk_stops_before_anything_changes(build_stage: Build, adopted: Path) -> None:
    """No room for the journal: nothing is created that could not be remembered."""
    stage = build_stage(calm=True, template=adopted)
    prepare(stage)
    copy = stage.home / "copy"
    shutil.copytree(state(stage), copy)
    places = (str(state(stage)), str(copy))
    inside = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", ON_A_FULL_DISK, *places)
    stage.launcher = Started(inside)
    if not stage.launcher.works(stage.environment):
        pytest.skip("this machine lets nobody mount a tmpfs of their own")
    before = (stage.keys(), stage.held(), stage.world.keys.creations)
    luck = Luck(nothing, Exit.FAILED, "No space left|disk (failed or )?is full", "check the disk", "restore")
    refused(stage.rotator(*ROTATE.split(), code=None), luck)
    assert (stage.keys(), stage.held(), stage.world.keys.creations) == before
