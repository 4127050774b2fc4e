"""An error says what was seen, and what its kind says unless it knows better."""

from __future__ import annotations

from rotator.core.error_ids import error_id
from rotator.core.errors import NoJournal, RotatorError, SealError, StopError


def test_an_error_says_what_its_kind_says() -> None:
    """Without words of its own an error brings those of its class."""
    error = NoJournal("there is no journal")
    assert str(error) == "there is no journal"
    assert (error.why, error.fix, error.id, error.runbook) == (
        NoJournal.why,
        NoJournal.fix,
        NoJournal.id,
        NoJournal.runbook,
    )
    assert error.fix


def test_an_error_may_know_better_than_its_kind() -> None:
    """Words that are given, empty ones too, replace those of the class."""
    error = NoJournal("seen", why="because", fix="", id="own", runbook="runbooks/own.md")
    assert (error.why, error.fix, error.id, error.runbook) == ("because", "", "own", "runbooks/own.md")
    assert isinstance(StopError("x"), RotatorError)


def test_an_error_that_is_looked_up_by_its_id_says_the_same() -> None:
    """The cause of its kind in the words that a run shows."""
    found = error_id(SealError.id)
    assert found is not None
    assert (found.cause, found.fix, found.runbook) == (SealError.why, SealError.fix, SealError.runbook)
