"""Which places an audit sends through at all."""

from __future__ import annotations

import pytest

from rotator.audit.users import why_not
from rotator.core.access_keys import KeyId
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.ports import Holding, NotReadable, Unknown
from tests.core.telling import HOUR, NEW, OLD, T, adopted, deactivated, opened, told

OPEN = [adopted(), opened(), *told("gmail")]
OFF = [*OPEN, *deactivated(T + HOUR), ev.OldRefused(T + HOUR + 9, OLD, seen=True)]
HOLDINGS: dict[str, tuple[list[ev.Event], Holding, bool]] = {
    "no run is open": ([adopted()], NotReadable(), True),
    "a run is open, and the place shows the new key": (OPEN, KeyId(NEW), True),
    "a run is open, and the place shows the old key": (OPEN, KeyId(OLD), False),
    "a run is open, and the place shows nothing": (OPEN, NotReadable(), False),
    "a run is open, and the place could not be asked": (OPEN, Unknown("x"), False),
    "the old key is off, and the place shows nothing": (OFF, NotReadable(), True),
    "the old key is off, and the place shows it": (OFF, KeyId(OLD), False),
}


@pytest.mark.parametrize(("events", "holds", "may"), HOLDINGS.values(), ids=HOLDINGS.keys())
def test_while_a_run_is_open_nothing_logs_in_with_the_old_key(
    events: list[ev.Event], holds: Holding, *, may: bool
) -> None:
    """A login would move its last use, on which the run's decisions stand."""
    assert (why_not(fold(events), target_sends=True, holds=holds) == "") is may


def test_a_place_that_cannot_send_is_left_out() -> None:
    """A person's mail client, a program."""
    assert why_not(fold([adopted()]), target_sends=False, holds=NotReadable())
