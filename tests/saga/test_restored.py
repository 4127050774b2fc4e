"""An older journal comes back from a backup: nothing is deleted, nobody is cut off, whatever has happened since."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rotator.core.errors import Exit
from tests.saga.launching import Zygote
from tests.saga.living import TURNS_AT_MOST, Auditor
from tests.saga.stage import Stage, prepare

Build = Callable[..., Stage]
WRITES = ("iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey", "sendAs.patch")
ROTATE = ("rotate", "--yes", "--if-due")


class Backups:
    """Copies of the state directory, by what had happened when each was made."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._place = stage, stage.home / "backups"
        self._place.mkdir()
        self.moments: list[str] = []

    def make(self, moment: str) -> None:
        """Copy the state as it is now."""
        shutil.copytree(self._stage.world.place.state, self._place / moment)
        self.moments.append(moment)

    @contextmanager
    def restored(self, moment: str) -> Iterator[None]:
        """The state of that moment lies in the state directory; afterwards the present one does again."""
        state = self._stage.world.place.state
        state.rename(state.with_name("present"))
        shutil.copytree(self._place / moment, state)
        try:
            yield
        finally:
            shutil.rmtree(state)
            state.with_name("present").rename(state)


def test_every_older_journal_at_every_later_moment(build_stage: Build, adopted: Path, zygote: Zygote) -> None:
    """Two rotations; at each moment every earlier backup is put back and the program is run."""
    stage = build_stage(calm=True, launcher=zygote, template=adopted)
    prepare(stage)
    stage.configure(defaults={"grace": "24h", "quiet": "0s", "watch": "2d"})
    backups, auditor, harm = Backups(stage), Auditor(stage), []
    for moment in life(stage):
        for older in backups.moments:
            with backups.restored(older):
                harm += [f"{older} restored at {moment}: {one}" for one in looked_at(stage)]
        backups.make(moment)
        auditor.look()
    assert harm == []
    assert auditor.broken == []
    assert len(backups.moments) >= 9
    assert len(stage.active()) == 1


def life(stage: Stage) -> Iterator[str]:
    """Two rotations, turn by turn; the names of the moments between the turns."""
    yield "adopted"
    for rotation in ("first", "second"):
        (old,) = stage.keys()
        stage.advance(days=97)
        for turn in range(TURNS_AT_MOST):
            stage.rotator(*ROTATE, code=None)
            yield f"turn {turn} of the {rotation} rotation"
            if old not in set(stage.keys()):
                break
            stage.advance(hours=25)


def looked_at(stage: Stage) -> Iterator[str]:
    """Run on the restored journal: what was harmed; a careful program gives nothing."""
    before, since = (stage.keys(), stage.held()), stage.world.record.count()
    done = stage.rotator(*ROTATE, code=None)
    if done.code == Exit.BUG:
        yield f"a bug: {done.err}"
    deleted = set(before[0]) - set(stage.keys())
    if deleted:
        yield f"{deleted} deleted"
    if stage.held() != before[1]:
        yield f"{stage.held()} instead of {before[1]} is held"
    for name, key in stage.held().items():
        if name != "admin-alias" and stage.keys().get(key) != before[0].get(key):
            yield f"{name} holds {key}, which is {stage.keys().get(key)} now"
    made = [call for call in stage.calls(since) if call in WRITES]
    if made:
        yield f"{made}, exit {done.code}: {done.err[-300:]}"


def test_a_backup_of_before_the_rotation_stops(build_stage: Build, adopted: Path, zygote: Zygote) -> None:
    """The key that the journal knows is gone and one that it does not know is there: stop, and the page to follow."""
    stage = build_stage(calm=True, launcher=zygote, template=adopted)
    prepare(stage)
    backups = Backups(stage)
    for moment in life(stage):
        backups.make(moment)
        if moment.endswith("first rotation") and len(stage.keys()) == 1:
            break
    before, since = (stage.keys(), stage.held()), stage.world.record.count()
    with backups.restored("adopted"):
        done = stage.rotator("rotate", "--yes", code=Exit.FAILED)
    assert "restored from a backup" in done.err
    assert "whether mail flows on AKIA" in done.err
    assert "runbooks/restore.md" in done.err
    assert (stage.keys(), stage.held()) == before
    assert not set(stage.calls(since)) & set(WRITES)
