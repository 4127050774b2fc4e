"""suppression.db: what it remembers, and for how long."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from rotator.core.access_keys import Instant
from rotator.core.policy import DAY_S
from rotator.core.suppression import Phase, StoreError, Suppressed
from rotator.services.suppression_store import SuppressionStore
from tests.suppression.conftest import REGION, Office

DAY = Instant(20_000 * DAY_S)


def test_growth_is_counted_a_day_and_a_reason(tmp_path: Path) -> None:
    """Rows that people were told of count on the day that they are of; nothing of it is an address."""
    with SuppressionStore(tmp_path / "state" / "s.db") as store:
        rows = [
            Suppressed("a@x.example", "BOUNCE", DAY),
            Suppressed("b@x.example", "BOUNCE", Instant(DAY + 5)),
            Suppressed("c@x.example", "COMPLAINT", Instant(DAY + DAY_S)),
        ]
        store.told(REGION, rows, Instant(DAY + 2 * DAY_S))
        assert store.growth(REGION, DAY) == [(DAY, "BOUNCE", 2), (DAY + DAY_S, "COMPLAINT", 1)]
        assert store.growth(REGION, Instant(DAY + DAY_S)) == [(DAY + DAY_S, "COMPLAINT", 1)]
        assert store.growth("eu-west-1", DAY) == []


def test_how_far_the_list_was_read_is_known(office: Office) -> None:
    """Never; up to an export; up to a look after it; and a region for itself."""
    office.suppress(1)
    with office.store() as store:
        assert store.seen(REGION) is None
    done = office.export().done
    with office.store() as store:
        assert store.seen(REGION) == done.finished
        store.told(REGION, [], Instant(done.finished + DAY_S))
        assert store.seen(REGION) == done.finished + DAY_S
        assert store.seen("eu-west-1") is None


def test_an_export_counts_no_day_twice(office: Office) -> None:
    """What a look has counted, and an export before, stays one."""
    office.suppress(4)
    rows = [office.rows(office.export()) for _ in range(2)][-1]
    with office.store() as store:
        store.told(REGION, rows, rows[0].at)
        assert sum(count for _, _, count in store.growth(REGION, Instant(0))) == 4


def test_nothing_stays_longer_than_it_is_kept(office: Office) -> None:
    """Addresses, counts and days of before go."""
    office.suppress(2)
    done = office.export().done
    with office.store() as store:
        store.told(REGION, [Suppressed("a@x.example", "BOUNCE", DAY)], DAY)
        store.forget(Instant(done.finished + 1))
        assert store.last(REGION) is None
        assert store.growth(REGION, DAY) == [(done.finished // DAY_S * DAY_S, "BOUNCE", 2)]
        assert list(store.rows(done.number)) == []


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """It holds people's addresses."""
    path = tmp_path / "state" / "s.db"
    with SuppressionStore(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(StoreError, match="others may reach it"):
        SuppressionStore(path)


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    """What it means is not known here."""
    path = tmp_path / "state" / "s.db"
    with SuppressionStore(path):
        pass
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match="newer rotator"):
        SuppressionStore(path)


BEFORE = """
PRAGMA user_version = 1;
CREATE TABLE export (
    number INTEGER PRIMARY KEY, region TEXT NOT NULL, began INTEGER NOT NULL, at INTEGER NOT NULL, phase TEXT NOT NULL,
    token TEXT NOT NULL, pages INTEGER NOT NULL, rows INTEGER NOT NULL, bounces INTEGER, complaints INTEGER
) STRICT;
CREATE TABLE page_row (
    export INTEGER NOT NULL REFERENCES export, address TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
    export INTEGER NOT NULL REFERENCES export, address TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (export, address)
) STRICT, WITHOUT ROWID;
INSERT INTO export VALUES (1, 'us-east-1', 5, 9, 'done', '', 1, 1, 1, 0),
    (2, 'us-east-1', 15, 19, 'collected', '', 1, 1, NULL, NULL);
INSERT INTO entry VALUES (1, 'a@x.example', 'BOUNCE', 3), (2, 'b@x.example', 'COMPLAINT', 12);
"""


def test_a_file_of_the_version_before_is_gone_on_with(tmp_path: Path) -> None:
    """What a finished export found is still known, and one that lacked only its files still does."""
    path = tmp_path / "s.db"
    before = sqlite3.connect(path)
    before.executescript(BEFORE)
    before.close()
    path.chmod(0o600)
    tmp_path.chmod(0o700)
    with SuppressionStore(path) as store:
        assert store.kept(REGION, "A@x.example") == (Suppressed("a@x.example", "BOUNCE", Instant(3)), 9)
        unfinished = store.unfinished(REGION)
        assert unfinished is not None
        assert unfinished.phase is Phase.READ
        assert [row for chunk in store.rows(2) for row in chunk] == [("b@x.example", "COMPLAINT", 12)]


def test_of_two_rows_of_an_address_the_latest_counts_and_then_the_complaint(tmp_path: Path) -> None:
    """However they came; what was kept of an address is that row too."""
    rows = [("a", "BOUNCE", 5), ("a", "COMPLAINT", 5), ("b", "COMPLAINT", 4), ("b", "BOUNCE", 6), ("a", "BOUNCE", 5)]
    with SuppressionStore(tmp_path / "state" / "s.db") as store:
        read = store.begin(REGION, Instant(9))
        store.keep(read, [Suppressed(address, reason, Instant(at)) for address, reason, at in rows])
        assert [row for chunk in store.rows(read.number) for row in chunk] == [
            ("a", "COMPLAINT", 5),
            ("b", "BOUNCE", 6),
        ]
        done = store.finish(read, {("COMPLAINT", 0): 1, ("BOUNCE", 0): 1})
        assert (done.complaints, done.bounces) == (1, 1)
        assert store.kept(REGION, "b") == (Suppressed("b", "BOUNCE", Instant(6)), done.finished)
        assert store.kept(REGION, "c") is None


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """With what to do: it may be deleted."""
    path = tmp_path / "s.db"
    path.write_bytes(b"no database at all, but long enough to be looked at as one" * 30)
    path.chmod(0o600)
    tmp_path.chmod(0o700)
    with pytest.raises(StoreError) as caught:
        SuppressionStore(path)
    assert "can be deleted" in caught.value.fix
