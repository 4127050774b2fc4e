"""Configuration to what surrounds the commands: who is pinged, where the metrics go.

Heavy libraries are imported inside functions, as in wiring.rotating.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.notices.metrics import Sample
    from rotator.notices.ping import Ping

    Figures = dict[Sample, float]


def ping(url: str, run: str) -> Ping:
    """The two requests of one run."""
    from rotator.notices.ping import Ping

    return Ping(url, run)


def series(name: str, **labels: str) -> Sample:
    """One series of the metrics."""
    from rotator.notices.metrics import sample

    return sample(name, **labels)


def write_metrics(configuration: Configuration, figures: Figures) -> str:
    """Put the figures into the file for Prometheus; "" or why not."""
    from rotator.notices.metrics import update

    path, users = Path(configuration.metrics_file or ""), frozenset(one.name for one in configuration.users)
    try:
        update(path, figures, users)
    except OSError as error:
        return f"{path}: {error.strerror or type(error).__name__}"
    return ""
