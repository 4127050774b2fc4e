"""Configuration to what works on the suppression list: SES, the file beside the journal, the directory of exports.

Neither the journal nor the seal is opened: the list is watched also where nothing was adopted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rotator.core.access_keys import Instant
from rotator.core.suppression import Alerting
from rotator.suppression.alert import Look, Looked, must_export
from rotator.suppression.asking import Answer, Listed, listed
from rotator.suppression.export import Export, Exported, Progress
from rotator.suppression.pacing import Pace, patiently
from rotator.wiring.parts import aws_session

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.services.suppression_exports import PrivateFiles
    from rotator.services.suppression_list import SesSuppressionList
    from rotator.services.suppression_store import SuppressionStore

FILE, DIRECTORY = "suppression.db", "suppression"


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of the wanted regions, and the file that remembers them."""

    sources: Sequence[SesSuppressionList]
    store: SuppressionStore
    files: PrivateFiles
    pace: Pace
    retain_s: int

    def export(self, style: str, observer: Callable[[Progress], None]) -> Iterator[Exported]:
        """Export one region after the other.  Raises LockHeld, AccessError, RemoteFault, StoreError."""
        for source in self.sources:
            with self.store.alone(f"export-{source.region}"):
                done = Export(source, self.store, self.files, style, self.pace, observer).run()
            self._forget(done.done.finished)
            yield done

    def look(self, notifier: Alerting, alert_on: Sequence[str]) -> Iterator[Looked]:
        """Look at one region after the other.  Raises LockHeld, AccessError, RemoteFault, StoreError."""
        for source in self.sources:
            with self.store.alone(f"look-{source.region}"):
                yield Look(source, self.store, notifier, alert_on, self.pace).run()

    def only(self, region: str) -> Lists:
        """The same for one of its regions."""
        return replace(self, sources=[one for one in self.sources if one.region == region])

    def must_export(self, looked: Looked) -> bool:
        """Whether the list has to be saved now."""
        return must_export(looked.standing, self.store.last(looked.region))

    def why(self, address: str) -> list[Answer]:
        """What SES and the latest export know of an address, region by region."""
        return [
            Answer(one.region, patiently(self.pace, partial(one.find, address)), self.store.kept(one.region, address))
            for one in self.sources
        ]

    def listed(self, limit: int, reasons: Sequence[str], since: Callable[[Instant], Instant | None]) -> list[Listed]:
        """The rows of each region; `since` is given AWS's time."""
        found = []
        for one in self.sources:
            earliest = since(patiently(self.pace, one.standing).now)
            found.append(listed(one, self.pace, limit, reasons=reasons, since=earliest))
        return found

    def _forget(self, now: Instant) -> None:
        self.store.forget(Instant(now - self.retain_s))
        self.files.forget(Instant(int(time.time()) - self.retain_s))  # file times are this machine's


@contextmanager
def lists(
    configuration: Configuration,
    region: str | None = None,
    *,
    calls_per_second: float = 1.0,
    directory: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Lists]:
    """The lists of `region`, or of all that are configured.  Raises StoreError."""
    from rotator.services.suppression_exports import PrivateFiles
    from rotator.services.suppression_list import SesSuppressionList
    from rotator.services.suppression_store import SuppressionStore

    session = aws_session(configuration)
    beside = Path(configuration.state).parent
    regions = (region,) if region else configuration.suppression.regions
    with SuppressionStore(beside / FILE) as store:
        yield Lists(
            sources=[SesSuppressionList(session=session, region=one) for one in regions],
            store=store,
            files=PrivateFiles(Path(directory).absolute() if directory else beside / DIRECTORY),
            pace=Pace(calls_per_second, sleep=sleep),
            retain_s=configuration.suppression.retain,
        )
