"""Which places are behind, and which are not accused of it."""

from __future__ import annotations

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.drift import drifted
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.policy import Policy
from rotator.core.ports import Holding, NotReadable, Unknown
from tests.core.telling import FILE, NEW, OLD, OTHER, WHO, T, adopted, run

POLICY = Policy(WHO.user, WHO.account, (FILE,))
IDLE = (adopted(OLD, "file"),)
CREATED = (*run(names=("file",)), ev.KeyCreated(T + 1, NEW))
ASKED = (*CREATED, ev.PushIntended(T + 2, "file", NEW, T + 22))
TOLD = (*ASKED, ev.PushSettled(T + 3, "file", NEW, ev.Outcome.DONE))
UNCLEAR = (*ASKED, ev.PushSettled(T + 3, "file", NEW, ev.Outcome.UNKNOWN))
ROTATED = (*TOLD, ev.RunFinished(T + 9, "run", "rotated"))

# sentence -> the past, what the place says, the key it should have ("" = it is not behind)
CASES: dict[str, tuple[tuple[ev.Event, ...], Holding, str]] = {
    "no run: it has what it was told": (IDLE, KeyId(OLD), ""),
    "no run: a stranger's key": (IDLE, KeyId(OTHER), OLD),
    "after a rotation: the new key": (ROTATED, KeyId(NEW), ""),
    "after a rotation: back on the old one": (ROTATED, KeyId(OLD), NEW),
    "it cannot say": (ROTATED, NotReadable(), ""),
    "it could not say this time": (ROTATED, Unknown("timed out"), ""),
    "new in the file and never told": ((adopted(OLD, "another"),), KeyId(OTHER), ""),
    "adopted without any key": ((adopted("", "file"),), KeyId(OTHER), ""),
    "a run is open and has not told it: the old key": (CREATED, KeyId(OLD), ""),
    "a run is open and has not told it: a stranger's": (CREATED, KeyId(OTHER), OLD),
    "told in the open run: the new key": (TOLD, KeyId(NEW), ""),
    "told in the open run: back on the old one": (TOLD, KeyId(OLD), NEW),
    "told with an unclear end: the old key": (UNCLEAR, KeyId(OLD), ""),
    "told with an unclear end: the new key": (UNCLEAR, KeyId(NEW), ""),
    "told with an unclear end: a stranger's": (UNCLEAR, KeyId(OTHER), NEW),
}


@pytest.mark.parametrize(("past", "says", "should"), CASES.values(), ids=CASES.keys())
def test_who_is_behind(past: tuple[ev.Event, ...], says: Holding, should: str) -> None:
    """Only a place that was told one key and says that it has another."""
    found = drifted(fold(past), POLICY, {"file": says}, frozenset({OLD}))
    assert [(one.consumer, one.owed) for one in found] == ([("file", should)] if should else [])


@pytest.mark.parametrize(("active", "says"), [((OLD, NEW), "still works"), ((NEW,), "its mail is refused")])
def test_whether_its_mail_goes_out_is_said(active: tuple[str, ...], says: str) -> None:
    """An older key that is Active sends; one that is off or gone does not."""
    (one,) = drifted(fold(ROTATED), POLICY, {"file": KeyId(OLD)}, frozenset(active))
    assert says in one.sentence
    assert one.text == f"file holds {OLD}!"
