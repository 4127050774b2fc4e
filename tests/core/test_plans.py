"""A dry run foretells the steps that would come, and when."""

from __future__ import annotations

import pytest

from rotator.core import predict
from rotator.core.access_keys import Instant
from rotator.core.history.fold import fold
from rotator.core.next_step import decide, next_step
from rotator.core.policy import Policy
from rotator.core.situation import Observed
from tests.core.plans import STORIES, TEXT, foretold, text
from tests.core.telling import GMAIL, WHO, T, on, run


def test_every_plan_is_the_one_written_down() -> None:
    """What a dry run shows is written beside the tests; a change of it is reviewed there."""
    assert text() == TEXT.read_text("utf-8")


@pytest.mark.parametrize("story", STORIES)
def test_a_plan_comes_to_an_end(story: str) -> None:
    """Every plan ends: finished, refused, or waiting for something that only a person can mend."""
    last = foretold(STORIES[story])[-1]
    assert "Finish(" in last or "Refuse(" in last or "Ask(" in last or ("Wait(" in last and "True" in last)
    assert len(foretold(STORIES[story])) < predict.STEPS_AT_MOST == 300


def test_the_next_step_is_what_the_first_rule_says() -> None:
    """`next_step` is the decision without the name of the rule."""
    asked = (fold(run()), Observed(WHO, (on("AKIA-OLD"),), T), Policy("ses", "1", (GMAIL,)), Instant(T))
    step, rule = decide(*asked)
    assert next_step(*asked) == step
    assert rule == "preflight_before_create"
