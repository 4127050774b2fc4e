"""Every schedule of one fault, and of two, over two rotations in a row: on the shipped loop, rules, effects and fold.

A fault at the n-th outside call, for every n: it fails before or after its effect, the effect comes late, the process
dies before or after it; reads fail or are stale, consumers lie, people paste late or wrongly.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rotator.core.policy import Mode, Traits
from tests.prove.figures import count
from tests.schedules.life import Configuration
from tests.schedules.search import Found, explore
from tests.schedules.world import ALIAS, DAY, FILE, MAILBOX, PERSON_ALONE, STORE

SCHEDULED, EMERGENCY, REVOKE_FIRST = Mode.SCHEDULED, Mode.EMERGENCY, Mode.REVOKE_FIRST
URGENT = (EMERGENCY, EMERGENCY)
PLACES = {
    "a file": (FILE,),
    "an alias": (ALIAS,),
    "a person": (PERSON_ALONE,),
    "a person's mailbox": (MAILBOX,),
    "a file and a mailbox": (FILE, MAILBOX),
    "two regions": (ALIAS, STORE),
}
TWO_ROTATIONS = {
    "a file": Configuration(),
    "a file, others create keys too": Configuration(sole_creator=False),
    "an alias": Configuration(consumers=(ALIAS,)),
    "a person's mailbox": Configuration(consumers=(MAILBOX,)),
    "an alias, leaked twice in a row": Configuration(consumers=(ALIAS,), modes=URGENT, between_s=0),
}
TWO_ROTATIONS_LONG = {
    "a person": Configuration(consumers=(PERSON_ALONE,)),
    "a file, leaked twice in a row": Configuration(modes=URGENT, between_s=0),
    "a mailbox, leaked twice in a row": Configuration(consumers=(MAILBOX,), modes=URGENT, between_s=0),
    "a file and an alias": Configuration(consumers=(FILE, ALIAS)),
    "a file and a mailbox": Configuration(consumers=(FILE, MAILBOX)),
    "two regions": Configuration(consumers=(ALIAS, STORE)),
    "an alias, an hour of lag at SES": Configuration(consumers=(ALIAS,), ses_lag_s=600),
    "an alias whose old password nobody knows": Configuration(consumers=(ALIAS,), sealed=False),
    "an alias where last-used says nothing": Configuration(consumers=(ALIAS,), last_used_tells=False),
    "an alias, every call takes a second": Configuration(consumers=(ALIAS,), call_s=1),
}


def one_rotation(places: tuple[Traits, ...]) -> dict[str, Configuration]:
    """Everything else that a life can be about, each for one rotation (or one after an abort)."""
    base: dict[str, Any] = {"consumers": places, "modes": (SCHEDULED,)}
    urgent: dict[str, Any] = {"consumers": places, "modes": (EMERGENCY,)}
    found = {
        "SES learns late": Configuration(**base, ses_lag_s=600),
        "SES learns late, leaked": Configuration(**urgent, ses_lag_s=600),
        "calls take a second": Configuration(**base, call_s=1),
        "nobody knows the old password": Configuration(**base, sealed=False),
        "nobody knows the old password, leaked": Configuration(**urgent, sealed=False),
        "last-used says nothing": Configuration(**base, last_used_tells=False),
        "a stranger's key is there": Configuration(**base, stranger=True),
        "revoke first": Configuration(consumers=places, modes=(REVOKE_FIRST,)),
    }
    for process in (2, 3):
        found[f"aborted before process {process}"] = Configuration(consumers=places, abort_before=process)
    for process in range(2, 7):
        found[f"an endpoint changes before process {process}"] = Configuration(**base, edit_before=process)
        for mode in (EMERGENCY, REVOKE_FIRST):
            for which in ("old", "new"):
                name = f"the {which} key leaks before process {process}, {mode.name.lower()}"
                found[name] = Configuration(**base, incident=(process, mode, which))
    return found


ONE_ROTATION = {
    f"{name}: {what}": one for name, places in PLACES.items() for what, one in one_rotation(places).items()
}
QUICK = tuple(name for name in ONE_ROTATION if not name.startswith(("a person:", "two regions:")))
EDITED = "an endpoint"  # two faults beside an edit: for the place that nobody can read back; one, for all
TWICE = tuple(
    name
    for name in ONE_ROTATION
    if name.startswith(("an alias:", "a person's mailbox:", "a file and"))
    and (EDITED not in name or name.startswith("an alias:"))
)


def keeps_every_promise(one: Configuration, faults: int, directory: Path | None = None) -> Found:
    """Search, count, and fail with the story of the first broken promise."""
    found = explore(one, faults, directory)
    print(found)
    what = "on the journal file" if directory else f"up to {faults} fault{'s' * (faults > 1)}, exhaustive"
    count("schedules", found.schedules, what)
    count("states", found.points, what)
    count("transitions", found.processes, what)
    assert not found.verdict, f"{one}\n{found}"
    assert found.schedules > 1
    return found


@pytest.fixture
def directory() -> Iterator[Path]:
    """A private directory on a file system in memory, if this machine has one: real files, no waiting for a disk."""
    shared = Path("/dev/shm")
    where = str(shared) if shared.is_dir() and os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="rotator-schedules-") as name:
        yield Path(name)


@pytest.mark.parametrize("name", QUICK)
def test_one_fault_anywhere_keeps_every_promise(name: str) -> None:
    """One fault at any call of one rotation, whatever else goes on: no promise breaks, and the run finishes."""
    keeps_every_promise(ONE_ROTATION[name], 1)


@pytest.mark.parametrize("sole_creator", [True, False], ids=["sole creator", "others may create"])
def test_one_fault_with_everybody_at_once(sole_creator: bool) -> None:
    """One fault at any call of two rotations with every kind of consumer at the same time."""
    everybody = (FILE, ALIAS, PERSON_ALONE, MAILBOX)
    keeps_every_promise(Configuration(consumers=everybody, sole_creator=sole_creator), 1)


@pytest.mark.parametrize("name", ["a file", "an alias", "a person's mailbox"])
def test_one_fault_anywhere_on_the_journal_file(name: str, directory: Path) -> None:
    """The same over two rotations on the shipped journal in its file, opened and verified by every process."""
    found = keeps_every_promise(Configuration(consumers=PLACES[name]), 1, directory)
    assert found.schedules > 150


@pytest.mark.parametrize("name", TWO_ROTATIONS)
def test_two_faults_in_two_rotations_keep_every_promise(name: str) -> None:
    """Any two faults at any two calls of two rotations in a row: no promise breaks, and both finish."""
    assert keeps_every_promise(TWO_ROTATIONS[name], 2).schedules > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("name", TWO_ROTATIONS_LONG)
def test_two_faults_in_two_rotations_of_everybody(name: str) -> None:
    """The same with more consumers, with lag, without evidence."""
    assert keeps_every_promise(TWO_ROTATIONS_LONG[name], 2).schedules > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ONE_ROTATION if name not in QUICK])
def test_one_fault_anywhere_in_the_other_lives(name: str) -> None:
    """The same with a person alone, and with two regions."""
    keeps_every_promise(ONE_ROTATION[name], 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", TWICE)
def test_two_faults_anywhere_keep_every_promise(name: str) -> None:
    """Two faults at any two calls of one rotation, whatever else goes on."""
    keeps_every_promise(ONE_ROTATION[name], 2)


def test_a_life_without_faults_is_one_schedule() -> None:
    """Nothing goes wrong: one schedule, and the days that pass."""
    found = explore(Configuration(modes=(SCHEDULED,), between_s=80 * DAY), 0)
    assert (found.schedules, found.verdict) == (1, "")
