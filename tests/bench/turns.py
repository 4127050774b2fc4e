"""What a turn costs: decide and record on SQLite in a file, beside a bare SQLite commit; and the explorer's speed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median

from rotator.core.history import events as ev
from rotator.core.next_step import decide
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import create
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from tests.bench.processes import Cost
from tests.explorer.moves import Configuration
from tests.explorer.search import explore
from tests.rotation.memory_world import FILE, OLD, REGION, START, WORKSPACE, build

TURNS = 200
ROW_BYTES = 300  # an event's row with its MAC


def a_turn(directory: Path) -> Cost:
    """The median of decide + record in a run that waits in its grace, where most rules are asked."""
    world, parts = build(FILE, WORKSPACE)
    adopted = ev.Adopted(START, "123456789012", "jada", "AIDAJADA", OLD, ("relay", "news"), sealed=True)
    credential = parts.journal.vault.open(world.keys[OLD].key.id, REGION)
    assert credential is not None
    secrets = [(REGION, credential)]
    with create(directory / "journal.db", KeyFileSeal(bytes(32)), "123456789012", "jada", adopted, secrets) as journal:
        rotation = Rotation(replace(parts, journal=journal))
        begin(rotation, Request(), "run-1")
        assert rotation.go_on().rule == "wait_out_the_grace"

        def turn() -> None:
            now = rotation.time.now()
            decide(rotation.facts, rotation.observed, rotation.parts.policy, now)
            rotation.record(ev.LoggedIn(now, rotation.facts.current, REGION))

        return _middle(turn)


def a_commit(directory: Path) -> Cost:
    """The median of one bare insert, as durable as the journal's."""
    with closing(sqlite3.connect(directory / "bare.db", isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE rows (value BLOB)"):
            connection.execute(statement)

        def commit() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO rows VALUES (?)", (bytes(ROW_BYTES),))
            connection.execute("COMMIT")

        return _middle(commit)


def states_per_second() -> float:
    """States a second of CPU of the explorer, on one consumer and one fault."""
    configuration = Configuration((replace(FILE, endpoint="here"),), faults=1)
    began = time.process_time()
    found = explore(configuration)
    return found.states / (time.process_time() - began)


def _middle(act: Callable[[], None]) -> Cost:
    walls, cpus = [], []
    for _ in range(TURNS):
        wall, cpu = time.perf_counter(), time.process_time()
        act()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Cost(median(walls), median(cpus))
