"""A journal adds up to the same facts in every version of the program."""

from __future__ import annotations

import pytest

from rotator.core.history import events as ev
from tests.core.stories import STORIES, TEXT, text


def test_every_story_adds_up_to_what_was_written_down() -> None:
    """What each event changes is written beside the tests; a fold that changes it is reviewed there, line by line."""
    assert text() == TEXT.read_text("utf-8")


@pytest.mark.parametrize("kind", ev.KINDS)
def test_every_event_occurs_in_a_story(kind: str) -> None:
    """No event is folded that no story tells of."""
    assert any(type(event).__name__ == kind for story in STORIES.values() for event in story)
