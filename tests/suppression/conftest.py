"""A calm world with AWS alone, and what an export needs: the list as the product reads it, a store, a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rotator.core.suppression import Suppressed
from rotator.sandbox.suppression import Reason
from rotator.sandbox.world import World
from rotator.services.aws import AwsSession
from rotator.services.suppression_exports import PrivateFiles
from rotator.services.suppression_list import SesSuppressionList
from rotator.services.suppression_store import SuppressionStore
from rotator.suppression.export import Export, Exported
from rotator.suppression.pacing import Pace
from tests.worlds import lived_in

REGION = "us-east-1"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A calm world of AWS alone; its environment is the test's."""
    with lived_in(tmp_path, monkeypatch) as started:
        yield started


@dataclass(slots=True)
class Office:
    """Somebody who exports: what was waited for stands in `slept`, in seconds."""

    world: World
    directory: Path
    page_size: int = 3
    slept: list[float] = field(default_factory=list)
    session: AwsSession = field(init=False)

    def __post_init__(self) -> None:
        self.session = AwsSession(sleep=self.slept.append)

    def suppress(self, count: int, reason: Reason = "BOUNCE", prefix: str = "user") -> list[str]:
        """Put made-up addresses on the list."""
        names = [f"{prefix}{n}@mail{n % 3}.example.org" for n in range(count)]
        for name in names:
            self.world.ses.suppress(name, reason, self.world.clock.now())
        return names

    def source(self) -> SesSuppressionList:
        """The list, as the product reads it."""
        return SesSuppressionList(session=self.session, region=REGION, page_size=self.page_size)

    def store(self) -> SuppressionStore:
        """The file; closed by the caller."""
        return SuppressionStore(self.directory / "suppression.db")

    def pace(self) -> Pace:
        """No waiting, but everything that would be waited is written down."""
        return Pace(calls_per_second=1e9, sleep=self.slept.append)

    def export(self, style: str = "csv", wrap: Callable[[Any], Any] = lambda part: part) -> Exported:
        """One process's export; `wrap` stands between it and each of its parts."""
        with ExitStack() as stack:
            store = stack.enter_context(self.store())
            files = PrivateFiles(self.directory / "out")
            return Export(wrap(self.source()), wrap(store), wrap(files), style, self.pace()).run()

    def rows(self, done: Exported) -> list[Suppressed]:
        """What the store holds of a finished export."""
        with self.store() as store:
            return [Suppressed(*row) for chunk in store.rows(done.done.number) for row in chunk]


@pytest.fixture
def office(world: World, tmp_path: Path) -> Office:
    """The office of one test."""
    return Office(world, tmp_path / "state")


def addresses(done: Exported) -> list[str]:
    """The addresses in an export's files, in their order; the files are CSV."""
    lines = [line for path in done.files for line in Path(path).read_text("utf-8").splitlines()]
    return [line.rpartition(",")[0] for line in lines]
