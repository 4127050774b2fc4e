"""The clock of this machine jumps by years: no waiting time becomes shorter, no key and no consumer is another one.

Decisions live by AWS's clock (the Date of a reply) and a process by its monotonic one, so a local jump can only
make TLS refuse a certificate.  libfaketime moves what the real program takes for the time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

import rotator
from tests.saga.launching import Zygote
from tests.saga.living import Auditor, live
from tests.saga.stage import Stage

Build = Callable[..., Stage]
LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
needs_faketime = pytest.mark.skipif(LIBRARY is None, reason="libfaketime (Debian: faketime) is not installed")
ROTATE = ("rotate", "--yes", "--if-due", "--json")
YEARS = ("-10y", "+10y")
DAYS = {"20 hours back": "-20h", "four weeks ahead": "+28d"}  # the sandbox's certificates are valid that long
WALL_CLOCKS = {"time", "time_ns", "now", "utcnow", "today", "localtime", "gmtime"}
# Where the program reads this machine's clock: what people, logs and Prometheus are shown, what is compared with file
# times or with Google's own "Retry after"; never in a decision.
FOR_DISPLAY = {
    "journal/lock.py", "cli/history.py", "cli/audit.py", "cli/around.py", "cli/render.py", "services/gmail_errors.py",
    "wiring/suppression.py", "cli/report.py",
}  # fmt: skip
VETO = {"cli/decisions.py"}  # correct-clock: a time that this machine contradicts is not believed


def jumped(by: str) -> dict[str, str]:
    """The environment of a process whose clock is wrong."""
    return {"LD_PRELOAD": str(LIBRARY), "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture
def waiting(build_stage: Build) -> Stage:
    """A relay's run in the middle of its grace."""
    stage = build_stage(calm=True)
    stage.keep_consumers("relay")
    stage.configure(defaults={"grace": "24h", "quiet": "0s", "watch": "2d"})
    stage.adopt()
    stage.rotator("rotate", "--yes", code=None)
    assert len(stage.active()) == 2
    stage.advance(hours=12)
    return stage


@needs_faketime
def test_a_jump_of_years_in_the_grace_changes_nothing(waiting: Stage) -> None:
    """Ten years ahead or back in the middle of the grace: the same answer, the same end of it, both keys Active."""
    undisturbed = waiting.rotator(*ROTATE, code=None).json
    before = (waiting.keys(), waiting.held())
    for jump in YEARS:
        found = waiting.rotator(*ROTATE, code=None, **jumped(jump)).json
        for field in ("outcome", "summary", "due", "mail_flows_on", "consumers", "exit_code"):
            assert found[field] == undisturbed[field], (jump, field)
        assert (waiting.keys(), waiting.held()) == before


@needs_faketime
def test_a_jump_of_years_at_any_turn_harms_nobody(waiting: Stage, zygote: Zygote) -> None:
    """The clock jumps both ways before every turn of the rest: nothing is deleted early, nobody is on a dead key."""
    old, auditor = next(iter(waiting.keys())), Auditor(waiting, ("relay",))
    for hours in (6, 7, 24, 23):  # the grace is over after the second, the watch not yet after the last
        waiting.advance(hours=hours)
        for jump in YEARS:
            waiting.rotator(*ROTATE, code=None, **jumped(jump))
            auditor.look()
        assert old in set(waiting.keys())
    waiting.launcher = zygote
    live(waiting, old)
    assert auditor.broken == []
    assert len(waiting.keys()) == 1


@needs_faketime
@pytest.mark.parametrize("jump", DAYS.values(), ids=DAYS.keys())
def test_with_a_wrong_clock_all_the_way(waiting: Stage, jump: str) -> None:
    """A whole life with a wrong clock: the old key goes off and is deleted when AWS's clock says so, not before."""
    old = next(iter(waiting.keys()))
    statuses = []
    for hours in (11, 2, 24, 23, 3):
        waiting.advance(hours=hours)
        waiting.rotator(*ROTATE, code=None, **jumped(jump))
        statuses.append(waiting.keys().get(old, "deleted"))
    assert statuses == ["Active", "Inactive", "Inactive", "Inactive", "deleted"]


def test_no_decision_can_read_this_machines_clock() -> None:
    """The wall clock is read for people's eyes, and once as a veto on a correction; the sandbox is another world."""
    root = Path(rotator.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        name = str(path.relative_to(root))
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        clocks = [one for one in calls if isinstance(one, ast.Attribute) and one.attr in WALL_CLOCKS]
        names = {ast.unparse(one.value) for one in clocks} & {"time", "datetime", "date", "datetime.datetime"}
        if names and not name.startswith("sandbox/"):
            found.add(name)
    assert found <= FOR_DISPLAY | VETO
