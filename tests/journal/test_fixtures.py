"""Journals that stopped after each step, kept as text, open again."""

from __future__ import annotations

from pathlib import Path

import pytest

from rotator.journal.sqlite import open_journal
from tests.journal.journal_contract import LOGGED_IN
from tests.journal.make_fixtures import SEAL, STORY, restore, write
from tests.journal.samples import ACCOUNT, ADOPTED, KEY, NEXT_KEY, REGION, USER, credential

STEPS = list(STORY)


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as this version writes them."""
    directory = tmp_path_factory.mktemp("dumps")
    write(directory)
    return directory


@pytest.mark.parametrize("step", STEPS)
def test_a_journal_that_stopped_there_goes_on(dumps: Path, path: Path, step: str) -> None:
    """Restored from its text it verifies, has the events up to that step and its secrets, and takes the next event."""
    restore(dumps / f"{step}.sql", path)
    before = [event for name in STEPS[: STEPS.index(step) + 1] for event in STORY[name]]
    erased, created = STEPS.index(step) >= STEPS.index("11-deleted"), STEPS.index(step) >= STEPS.index("04-created")
    with open_journal(path, SEAL, ACCOUNT, USER) as journal:
        assert list(journal.events()) == [ADOPTED, *before]
        assert journal.vault.open(KEY, REGION) == (None if erased else credential(KEY, "old"))
        assert journal.vault.open(NEXT_KEY, REGION) == (credential(NEXT_KEY, "new") if created else None)
        journal.append(LOGGED_IN)
        journal.verify()


def test_a_kept_file_is_never_written_again(dumps: Path) -> None:
    """Writing once more leaves every file as it is."""
    before = {file: file.read_bytes() for file in dumps.iterdir()}
    write(dumps)
    assert {file: file.read_bytes() for file in dumps.iterdir()} == before
    assert len(before) == len(STORY)
