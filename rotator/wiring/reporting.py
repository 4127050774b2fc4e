"""Configuration to what the report shows beside keys and runs: SES's rates, and how the suppression list grew.

Nothing here fails the report: what could not be looked up is said in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rotator.config.report_policy import regions
from rotator.core.access_keys import Instant
from rotator.core.errors import AccessError, RotatorError
from rotator.core.foreign_text import harmless
from rotator.core.policy import DAY_S
from rotator.core.reputation import RATES
from rotator.core.suppression import Reason
from rotator.report.content import YEAR_S
from rotator.report.snapshot import Growth, Rate
from rotator.wiring.parts import aws_session
from rotator.wiring.suppression import FILE

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.services.aws import AwsSession
    from rotator.services.suppression_store import SuppressionStore

REGIONS_AT_ONCE = 8
NO_MAIL = "CloudWatch has no figures: SES publishes them from the first mail on"
ALLOWED_BY = "rotator infra policy role prints what allows it"
NEVER_READ = "it was never read here: rotator suppression alert, or export"


def rates(configuration: Configuration, now: int) -> tuple[Rate, ...]:
    """Both rates of every region that users send in, over the twelve months before `now` (UTC epoch seconds)."""
    session = aws_session(configuration)
    with ThreadPoolExecutor(REGIONS_AT_ONCE) as pool:
        found = pool.map(lambda region: tuple(_rates(session, region, now)), regions(configuration))
        return tuple(one for region in found for one in region)


def _rates(session: AwsSession, region: str, now: int) -> Iterator[Rate]:
    from rotator.services.reputation import ReputationRates

    try:
        read, missing = ReputationRates(session=session, region=region).read(Instant(now - YEAR_S), Instant(now)), ""
    except AccessError as error:
        read, missing = {}, f"CloudWatch could not be asked: {harmless(str(error))}; {ALLOWED_BY}"
    except RotatorError as error:
        read, missing = {}, f"CloudWatch could not be asked: {harmless(str(error))}"
    for one in RATES:
        points = read.get(one.metric, ())
        yield Rate(one.name, region, one.review, one.pause, points, missing or ("" if points else NO_MAIL))


def growth(configuration: Configuration, now: int) -> tuple[Growth, ...]:
    """Every watched region's list over the twelve months before `now`, from the file beside the journal."""
    from rotator.services.suppression_store import SuppressionStore

    watched, path = configuration.suppression.regions, Path(configuration.state).parent / FILE
    if not path.exists():  # opening would make it
        return tuple(Growth(region, missing=NEVER_READ) for region in watched)
    try:
        with SuppressionStore(path) as store:
            return tuple(_growth(store, region, now) for region in watched)
    except RotatorError as error:
        return tuple(Growth(region, missing=harmless(str(error))) for region in watched)


def _growth(store: SuppressionStore, region: str, now: int) -> Growth:
    """Day by day up to the last time that the list was read; what came after is not known."""
    seen = store.seen(region)
    if seen is None:
        return Growth(region, missing=NEVER_READ)
    since = max(0, now - YEAR_S)
    counted: dict[int, list[int]] = {}
    for day, reason, addresses in store.growth(region, Instant(since)):
        counted.setdefault(day, [0, 0])[reason == Reason.COMPLAINT] += addresses
    first = min([*counted, seen // DAY_S * DAY_S])
    days = range(first, max([seen, *counted]) + 1, DAY_S)
    return Growth(region, tuple((day, *counted.get(day, (0, 0))) for day in days), seen=seen)
