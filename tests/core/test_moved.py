"""What a rotation did between two looks, for those who look without its lock."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.history.moved import moved
from tests.core.telling import (
    DAY,
    GRACE,
    NEW,
    OLD,
    OTHER,
    T,
    adopted,
    created,
    deactivated,
    mail,
    opened,
    pushed,
    switched,
    verified,
)

IDLE = (adopted(OLD, "gmail", "file"),)
OPEN = (*IDLE, opened(OLD, "gmail", "file"))
KNOWN = (*OPEN, *created(), *verified())
TOLD = (*KNOWN, *pushed("gmail"), *pushed("file"))
ROTATED = (*TOLD, ev.RunFinished(T + DAY, "run", "rotated"))
AGAIN = ev.RunOpened(T + 2 * DAY, "again", 0, "", NEW, ("gmail", "file"))
LATER = T + 3 * DAY
TRIED = (ev.LoginIntended(LATER, OLD, "here", LATER + 21, "gmail"), ev.LoggedIn(LATER, OLD, "here"))
STRANGER_TRIED = (ev.LoginIntended(LATER, OTHER, "here", LATER + 21, "file"), ev.LoggedIn(LATER, OTHER, "here"))
STRAY = switched(ev.Effect.DELETE, OTHER, LATER)
KEPT = ev.AuditSettled(LATER, "gmail", "arrived", OLD, LATER)

# sentence -> what was known at the first look, what came after it, what is said of it to whoever tries gmail
CASES: dict[str, tuple[Sequence[ev.Event], Sequence[ev.Event], str]] = {
    "nothing has happened": (IDLE, (), ""),
    "our own login, and its entry": (IDLE, (*TRIED, KEPT), ""),
    "our own login beside an open run": (TOLD, TRIED, ""),
    "another place, which holds a stranger's key, was tried": (IDLE, STRANGER_TRIED, ""),
    "the same once the stranger's key was known": ((*IDLE, *STRANGER_TRIED), STRANGER_TRIED, ""),
    "a run was opened": (IDLE, OPEN[1:], "run run was opened meanwhile"),
    "a run was opened and has a new key already": (IDLE, KNOWN[1:], "run run was opened meanwhile"),
    "one was finished, and another one opened": (TOLD, (ROTATED[-1], AGAIN), "run again was opened meanwhile"),
    "the open run has a new key": (OPEN, created(), "run run went on meanwhile"),
    "the open run became an incident": (TOLD, (ev.ModeRaised(T + 9, 1, "leaked"),), "run run went on meanwhile"),
    "a person asked for the end of the run": (KNOWN, (ev.AbortAsked(T + 9, "mistaken"),), "run run went on meanwhile"),
    "the run was finished": (TOLD, ROTATED[-1:], "a rotation was finished meanwhile"),
    "the run was aborted": (OPEN, (ev.RunFinished(T + 9, "run", "aborted"),), "a rotation was finished meanwhile"),
    "a whole rotation": (IDLE, ROTATED[1:], "a rotation was finished meanwhile"),
    "the place may have been told": (KNOWN, pushed("gmail")[:1], "gmail was told a key meanwhile"),
    "the place was told": (KNOWN, pushed("gmail"), "gmail was told a key meanwhile"),
    "the place was told a second time": (TOLD, pushed("gmail", at=T + 50), "gmail was told a key meanwhile"),
    "a person pasted": (TOLD, (ev.Attested(T + 50, "gmail", NEW, "jada"),), "gmail was told a key meanwhile"),
    "another place was told": (KNOWN, pushed("file"), ""),
    "a test mail of the run's": (TOLD, mail("gmail", at=T + 50), ""),
    "the old key is perhaps off": (TOLD, deactivated(GRACE)[:1], "a key was switched or deleted meanwhile"),
    "the old key is off": (TOLD, deactivated(GRACE), "a key was switched or deleted meanwhile"),
    "a stray key is perhaps deleted, without any run": (
        IDLE, STRAY[:1], "a key was switched or deleted meanwhile"),
    "a stray key of which it becomes known that it was deleted": (
        (*IDLE, STRAY[0]), STRAY[1:], "a key was switched or deleted meanwhile"),
    "the new key leaked": (
        TOLD, (ev.Compromised(T + 50, NEW, "leaked"),), "a key was reported as leaked meanwhile"),
    "a stray key came and went between the looks": (IDLE, STRAY, ""),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "said"), CASES.values(), ids=CASES.keys())
def test_what_has_moved_is_said(before: Sequence[ev.Event], after: Sequence[ev.Event], said: str) -> None:
    """Whoever tried a place hears what makes the try worthless, and nothing else counts."""
    assert moved(fold(before), fold([*before, *after]), "gmail") == said


def test_who_tries_no_place_is_not_stopped_by_one_that_is_told() -> None:
    """A login with a key of its own does not depend on what places hold."""
    assert moved(fold(KNOWN), fold(TOLD)) == ""
