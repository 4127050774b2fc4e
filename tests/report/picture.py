"""`python -m tests.report.picture` draws README's picture of the report anew: docs/report.png, by Chromium."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from rotator.core.history.events import Event, RunOpened
from rotator.report.content import report
from rotator.report.page import html
from rotator.report.snapshot import Snapshot
from tests.report.snapshots import AUDITS, HALF_WAY, OVERDUE, ROTATED, YEAR, user

PICTURE = Path(__file__).parents[2] / "docs" / "report.png"
SIZE = "960,1850"


def quiet(events: list[Event]) -> list[Event]:
    """The same events without the hostile reason that the tests give."""
    return [replace(one, reason="") if isinstance(one, RunOpened) else one for one in events]


def shown() -> Snapshot:
    """One key that is well, one that waits for a person."""
    waits = "admin-alias has to be given the new password by hand: rotator handover app-smtp admin-alias"
    late = replace(OVERDUE, events=quiet(HALF_WAY), questions=(waits,))
    return Snapshot(YEAR.at, (late, user(events=quiet([*ROTATED, *AUDITS]))), YEAR.rates[:1], YEAR.growth[:1])


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as directory:
        page = Path(directory) / "report.html"
        page.write_text(html(report(shown())), "utf-8")
        chromium = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        subprocess.run(
            [*chromium, f"--window-size={SIZE}", f"--screenshot={PICTURE}", page.as_uri()],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main()
