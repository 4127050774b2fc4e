"""What a run must hold at every moment and come to in the end, whatever was done to its processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.saga.stage import CONSUMERS, Stage

TURNS_AT_MOST = 12
LOOK_S = 0.02


class Auditor(threading.Thread):
    """Looks at the world again and again: nobody on a deleted key, the relay's file never on an Inactive one."""

    def __init__(self, stage: Stage, consumers: Sequence[str] = CONSUMERS) -> None:
        super().__init__(daemon=True)
        self._stage, self._consumers, self._enough = stage, consumers, threading.Event()
        self.broken: list[str] = []

    def run(self) -> None:
        while not self._enough.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """One look; a key counts as deleted only if it is gone before and after the consumers were read."""
        before, held, after = self._stage.keys(), self._stage.held(), self._stage.keys()
        for name in self._consumers:
            key = held[name]
            if key not in before and key not in after:
                self.broken.append(f"{name} holds {key}, which is deleted")
        relay = held["relay"]
        if before.get(relay) == after.get(relay) == "Inactive":
            self.broken.append(f"the relay's file holds {relay}, which is Inactive")

    def end(self) -> None:
        """Stop looking."""
        self._enough.set()
        self.join()


@contextmanager
def audited(stage: Stage) -> Iterator[Auditor]:
    """An auditor at work."""
    auditor = Auditor(stage)
    auditor.start()
    try:
        yield auditor
    finally:
        auditor.end()


def live(stage: Stage, old: str) -> None:
    """Turns until the run is over: one Active key, not the old one, and nothing left to do."""
    for _ in range(TURNS_AT_MOST):
        done = stage.rotator("rotate", "--yes", "--if-due", "--json", code=None)
        if done.code == 0 and done.json["outcome"] in ("rotated", "nothing due"):
            return
        if "whose" in done.out:
            (orphan,) = set(stage.keys()) - {old}
            stage.rotator("discard", "--key", orphan, "--reason", "nobody has it", code=None)
        stage.advance(hours=5)
    raise AssertionError(f"wedged: {stage.said[-1]}")


@contextmanager
def survived(stage: Stage, where: str) -> Iterator[None]:
    """What happens inside breaks no promise, and the next runs finish: one Active key, and everybody has it."""
    old = next(iter(stage.keys()))
    with audited(stage) as auditor:
        yield
        live(stage, old)
    auditor.look()
    assert auditor.broken == [], where
    (key,) = stage.keys()
    assert stage.active() == {key} != {old}, where
    assert {stage.held()[name] for name in CONSUMERS} == {key}, where
