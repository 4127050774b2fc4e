"""The lines for a lost journal or seal key, with the paths of a sandbox in place of the machine's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.docs.stage import Stage, staged
from tests.gates.source_tree import ROOT

RESTORE = ROOT / "runbooks" / "restore.md"


def here(text: str, stage: Stage) -> str:
    """The block's lines for a world whose files are the reader's own: no sudo, no service user, another place."""
    text = text.replace("sudo ", "").replace(" -o rotator", "")
    return text.replace("/var/lib/rotator", str(stage.world.place.state))


def block(start: str, stage: Stage) -> str:
    """The page's block that begins so."""
    return here(next(one.text for one in blocks(RESTORE, "sh") if one.text.startswith(start)), stage)


def run(stage: Stage, command: str) -> list[str]:
    """What it says; it has to go well."""
    code, lines = stage.shell(command)
    assert code == 0, lines
    return lines


@pytest.mark.parametrize("key_is_lost", [False, True], ids=["with the old seal key", "with a new seal key"])
def test_starting_over_ends_with_a_journal_that_works(tmp_path: Path, key_is_lost: bool) -> None:
    """Typed as printed, the old journal is kept aside and a new one takes the key that the consumers hold."""
    with staged(tmp_path) as stage:
        run(stage, "rotator adopt --no-input")
        run(stage, block("sudo sh -c 'cd /var/lib/rotator && d=", stage))
        (kept,) = stage.world.place.state.glob("before-*/journal.db")
        assert kept.parent.stat().st_mode & 0o777 == 0o700
        assert not list(stage.world.place.state.glob("journal.db*"))
        if key_is_lost:
            stage.world.place.seal_key.unlink()
            run(stage, block("sudo install", stage))
            assert stage.world.place.seal_key.stat().st_mode & 0o777 == 0o600
        run(stage, 'rotator adopt --no-input --key "$KEY"')
        assert any("due" in line for line in run(stage, "rotator status"))


def test_a_moved_journal_is_whole(tmp_path: Path) -> None:
    """Packed and unpacked as printed: both directories, readable by nobody else on the way, and the chain is whole."""
    with staged(tmp_path) as stage:
        run(stage, "rotator adopt --no-input")
        state, config = stage.world.place.state, stage.world.place.config
        directories = {"var/lib/rotator": state, "etc/rotator": config.parent}
        pack, unpack = block("umask 077", stage), block("sudo tar -C / -xpf", stage)
        for printed, there in directories.items():
            assert printed in pack
            pack = pack.replace(printed, str(there.relative_to("/")))
        newhost = tmp_path / "newhost"
        newhost.mkdir(mode=0o700)
        run(stage, pack.replace("scp -p moved.tar newhost:", ""))
        assert (stage.home / "moved.tar").stat().st_mode & 0o777 == 0o600
        run(stage, unpack.replace("-C /", f"-C {newhost}"))
        assert (newhost / config.relative_to("/")).is_file()
        shutil.rmtree(state)
        (newhost / state.relative_to("/")).rename(state)
        assert "is whole" in run(stage, "rotator history --verify")[-1]
