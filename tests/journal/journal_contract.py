"""What every journal promises, whatever stores it: subclass `JournalContract` and give it the two fixtures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rotator.core.errors import JournalError
from rotator.core.history.events import EffectSettled, KeyCreated, LoggedIn, RunFinished
from rotator.core.ports import Journal
from rotator.core.smtp_credential import SmtpCredential
from tests.journal.samples import (
    ADOPTED,
    DIFFICULT,
    KEY,
    NEXT_KEY,
    OPENED,
    OTHER_REGION,
    REGION,
    credential,
    one_of_each,
)

LOGGED_IN = LoggedIn(1_700_000_200, KEY, REGION)
CREATED = KeyCreated(1_700_000_300, NEXT_KEY)
GONE = EffectSettled(1_700_000_400, "delete", KEY, "done")


class JournalContract:
    """The promises of `ports.Journal` and `ports.Vault`."""

    @pytest.fixture
    def journal(self) -> Journal:
        """A journal whose only event is `ADOPTED`."""
        raise NotImplementedError

    @pytest.fixture
    def reopen(self, journal: Journal) -> Callable[[], Journal]:
        """Ends the owner of `journal` and gives what the next process finds."""
        raise NotImplementedError

    def test_it_remembers_in_order(self, journal: Journal) -> None:
        """What was appended is there, in that order."""
        journal.append(OPENED)
        journal.append(LOGGED_IN)
        assert list(journal.events()) == [ADOPTED, OPENED, LOGGED_IN]

    def test_every_kind_of_event_survives(self, journal: Journal, reopen: Callable[[], Journal]) -> None:
        """An event of any kind comes back equal, in this process and in the next."""
        events = one_of_each()
        for event in events:
            journal.append(event)
        assert list(journal.events()) == [ADOPTED, *events]
        again = list(reopen().events())
        assert again == [ADOPTED, *events]
        assert [type(event) for event in again] == [type(event) for event in (ADOPTED, *events)]

    def test_what_it_gave_out_does_not_grow(self, journal: Journal) -> None:
        """A list of events taken before an append stays as it was."""
        before = journal.events()
        journal.append(LOGGED_IN)
        assert list(before) == [ADOPTED]

    def test_one_open_run(self, journal: Journal, reopen: Callable[[], Journal]) -> None:
        """A second run cannot be opened while one is open, in this process or the next."""
        journal.append(OPENED)
        with pytest.raises(JournalError, match="run-1 .* is open"):
            journal.append(replace(OPENED, run="run-2"))
        assert list(journal.events()) == [ADOPTED, OPENED]
        with pytest.raises(JournalError, match="run-1 .* is open"):
            reopen().append(replace(OPENED, run="run-2"))

    def test_a_finished_run_makes_room(self, journal: Journal) -> None:
        """Once a run is finished the next one may be opened."""
        for event in (OPENED, RunFinished(1, "run-1", "rotated"), replace(OPENED, run="run-2")):
            journal.append(event)
        assert len(journal.events()) == 4

    @pytest.mark.parametrize("opened", [True, False], ids=["another run is open", "no run is open"])
    def test_only_the_open_run_is_finished(self, journal: Journal, *, opened: bool) -> None:
        """A run that is not the open one cannot be finished."""
        if opened:
            journal.append(OPENED)
        before = list(journal.events())
        with pytest.raises(JournalError, match="run-9 .* is not open"):
            journal.append(RunFinished(1, "run-9", "rotated"))
        assert list(journal.events()) == before

    def test_a_sealed_secret_comes_back(self, journal: Journal, reopen: Callable[[], Journal]) -> None:
        """The event and each region's password are there, here and in the next process, letter for letter."""
        other = credential(NEXT_KEY, "another")
        journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY)), (OTHER_REGION, other)])

        def look(found: Journal) -> None:
            assert found.events()[-1] == CREATED
            assert found.vault.open(NEXT_KEY, REGION) == credential(NEXT_KEY, DIFFICULT)
            assert found.vault.open(NEXT_KEY, OTHER_REGION) == other

        look(journal)
        look(reopen())

    def test_what_was_never_sealed_is_absent(self, journal: Journal) -> None:
        """A key or a region without a sealed secret is None, which is no error."""
        journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY))])
        assert journal.vault.open(KEY, REGION) is None
        assert journal.vault.open(NEXT_KEY, OTHER_REGION) is None

    def test_sealing_again_replaces(self, journal: Journal, reopen: Callable[[], Journal]) -> None:
        """The secret sealed last for a key and region is the one that comes back."""
        journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY, "first"))])
        journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY, "second"))])
        assert reopen().vault.open(NEXT_KEY, REGION) == credential(NEXT_KEY, "second")

    def test_erasing_takes_one_key_whole(self, journal: Journal, reopen: Callable[[], Journal]) -> None:
        """Every region of the erased key is gone for good; the other key's secret stays."""
        journal.append_sealed(LOGGED_IN, [(REGION, credential(KEY)), (OTHER_REGION, credential(KEY))])
        journal.append_sealed(CREATED, [(REGION, credential(NEXT_KEY))])
        journal.append_erased(GONE, KEY)

        def look(found: Journal) -> None:
            assert found.vault.open(KEY, REGION) is None
            assert found.vault.open(KEY, OTHER_REGION) is None
            assert found.vault.open(NEXT_KEY, REGION) == credential(NEXT_KEY)
            assert found.events()[-1] == GONE

        look(journal)
        look(reopen())

    def test_erasing_what_was_never_sealed(self, journal: Journal) -> None:
        """A key without sealed secrets is erased without complaint."""
        journal.append_erased(GONE, KEY)
        assert journal.vault.open(KEY, REGION) is None

    def test_an_erased_key_can_be_sealed_again(self, journal: Journal) -> None:
        """Erasing says nothing about a secret that is sealed afterwards."""
        journal.append_sealed(LOGGED_IN, [(REGION, credential())])
        journal.append_erased(GONE, KEY)
        journal.append_sealed(LOGGED_IN, [(REGION, credential(password="anew"))])
        assert journal.vault.open(KEY, REGION) == credential(password="anew")

    @pytest.mark.parametrize(
        "secrets",
        [
            pytest.param([], id="none"),
            pytest.param([(REGION, credential(KEY)), (REGION, credential(NEXT_KEY))], id="two keys"),
            pytest.param([(REGION, credential(KEY)), (REGION, credential(KEY, "other"))], id="one region twice"),
        ],
    )
    def test_one_event_seals_one_key(self, journal: Journal, secrets: list[tuple[str, SmtpCredential]]) -> None:
        """No secret, or secrets of two keys, are refused and nothing is written."""
        with pytest.raises(JournalError):
            journal.append_sealed(CREATED, secrets)
        assert list(journal.events()) == [ADOPTED]
        assert journal.vault.open(KEY, REGION) is None

    def test_a_refused_event_seals_nothing(self, journal: Journal) -> None:
        """Event and secret are written both or neither."""
        journal.append(OPENED)
        with pytest.raises(JournalError):
            journal.append_sealed(replace(OPENED, run="run-2"), [(REGION, credential())])
        assert journal.vault.open(KEY, REGION) is None
        journal.append(LOGGED_IN)
        assert list(journal.events()) == [ADOPTED, OPENED, LOGGED_IN]

    def test_the_probe_is_no_event(self, journal: Journal, reopen: Callable[[], Journal]) -> None:
        """Trying whether a secret could be sealed leaves the journal as it was, as often as asked."""
        journal.vault.probe()
        journal.vault.probe()
        assert list(journal.events()) == [ADOPTED]
        assert list(reopen().events()) == [ADOPTED]

    def test_the_owner_passes_the_lock_check(self, journal: Journal) -> None:
        """The process that opened the journal owns the user's lock."""
        journal.check_lock()
