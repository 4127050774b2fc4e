"""The journal that tests keep in memory is a journal: what they prove with it holds for the file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rotator.core.ports import Journal
from tests.journal.journal_contract import JournalContract
from tests.journal.memory import MemoryJournal
from tests.journal.samples import ADOPTED


class TestContract(JournalContract):
    """The same suite as the file's."""

    @pytest.fixture
    def journal(self) -> Journal:
        """One event."""
        made = MemoryJournal()
        made.append(ADOPTED)
        return made

    @pytest.fixture
    def reopen(self, journal: Journal) -> Callable[[], Journal]:
        """The test keeps it, so the next process finds the same."""
        return lambda: journal
