"""suppression.db: what was read of the suppression list, on disk and apart from the journal.

Nothing stays longer than `forget` is told.  The file can be deleted at any time: what AWS has is read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rotator.core.access_keys import Instant
from rotator.core.policy import DAY_S
from rotator.core.suppression import Done, Open, Phase, Reason, Row, Standing, Suppressed
from rotator.services.suppression_database import SuppressionFile

DONE = "done"
ROWS_AT_A_TIME = 1000
# Of the rows of an address the one of the highest time stands beside it: SQLite takes the other columns from there.
LATEST = "SELECT address, reason, max(at * 2 + (reason = 'COMPLAINT')) / 2 FROM page_row"


class SuppressionStore(SuppressionFile):
    """Implements ExportStore and LookStore; raises StoreError and LockHeld."""

    # --- exports ---------------------------------------------------------------------------------------------------

    def unfinished(self, region: str) -> Open | None:
        """The export that was begun and not finished."""
        found = self.ask(
            "SELECT number, region, began, at, phase, token, pages, rows FROM export "
            "WHERE region = ? AND phase <> ? ORDER BY number DESC LIMIT 1",
            region, DONE,
        )  # fmt: skip
        return None if not found else _open(found[0])

    def begin(self, region: str, at: Instant) -> Open:
        """A new export, in place of one that was open."""
        with self.change() as db:
            for (number,) in db.execute("SELECT number FROM export WHERE region = ? AND phase <> ?", (region, DONE)):
                self._drop(number)
            made = db.execute(
                "INSERT INTO export VALUES (NULL, ?, ?, ?, ?, '', 0, 0, NULL, NULL)", (region, at, at, Phase.LIST.value)
            )
            return Open(int(made.lastrowid or 0), region, at, at)

    def keep(self, further: Open, rows: Sequence[Suppressed]) -> None:
        """A page and the place of the next, in one transaction."""
        with self.change() as db:
            db.executemany("INSERT INTO page_row VALUES (?, ?, ?, ?)", [(further.number, *row) for row in rows])
            self._move(further)

    def rows(self, number: int) -> Iterator[Sequence[Row]]:
        """Each address once with its latest row, sorted on the disk; of two at the same time a complaint counts."""
        with self.told_as("cannot be read"):
            found = self.db.execute(f"{LATEST} WHERE export = ? GROUP BY address ORDER BY address", (number,))
            while chunk := found.fetchmany(ROWS_AT_A_TIME):
                yield chunk

    def finish(self, read: Open, counts: Mapping[tuple[str, int], int]) -> Done:
        """This export counts from now on; the rows of those before it go, their counts stay."""
        total = sum(counts.values())
        complaints = sum(count for (reason, _), count in counts.items() if reason == Reason.COMPLAINT)
        with self.change() as db:
            db.execute(
                "UPDATE export SET phase = ?, token = '', bounces = ?, complaints = ? WHERE number = ?",
                (DONE, total - complaints, complaints, read.number),
            )
            db.execute(
                "DELETE FROM page_row WHERE export IN "
                "(SELECT number FROM export WHERE region = ? AND phase = ? AND number < ?)",
                (read.region, DONE, read.number),
            )
            db.executemany(
                "INSERT INTO day VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET addresses = max(addresses, excluded.addresses)",
                [(read.region, day, reason, count) for (reason, day), count in counts.items()],
            )
        done = self.last(read.region)
        assert done is not None  # noqa: S101 - it was just written
        return done

    def last(self, region: str) -> Done | None:
        """The latest finished export."""
        found = self.ask(
            "SELECT number, region, began, at, bounces, complaints FROM export WHERE region = ? AND phase = ? "
            "ORDER BY number DESC LIMIT 1",
            region, DONE,
        )  # fmt: skip
        return Done(*found[0]) if found else None

    def kept(self, region: str, address: str) -> tuple[Suppressed, Instant] | None:
        """An address's row in the latest finished export, and when that was."""
        done = self.last(region)
        if done is None:
            return None
        query = f"{LATEST} WHERE export = ? AND address = ? GROUP BY address"
        found = self.ask(query, done.number, address.lower())
        return (Suppressed(*found[0]), done.finished) if found else None

    # --- looks -----------------------------------------------------------------------------------------------------

    def mark(self, region: str) -> Instant | None:
        """Up to when people were told."""
        found = self.ask("SELECT mark FROM look WHERE region = ?", region)
        return found[0][0] if found else None

    def untold(self, region: str, rows: Sequence[Suppressed]) -> Sequence[Suppressed]:
        """The rows that nobody was told of, each once."""
        query = "SELECT 1 FROM told WHERE region = ? AND address = ? AND at >= ?"
        fresh = [row for row in rows if not self.ask(query, region, row.address, row.at)]
        return list({row.address: row for row in sorted(fresh, key=lambda row: row.at)}.values())

    def told(self, region: str, rows: Sequence[Suppressed], mark: Instant) -> None:
        """People were told, and the mark moves."""
        with self.change() as db:
            db.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", [(region, *row) for row in rows])
            db.executemany(
                "INSERT INTO day VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET addresses = addresses + 1",
                [(region, row.at // DAY_S, row.reason) for row in self._uncounted(region, rows)],
            )
            db.execute(
                "INSERT INTO look (region, mark) VALUES (?, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark",
                (region, mark),
            )

    def _uncounted(self, region: str, rows: Sequence[Suppressed]) -> list[Suppressed]:
        """The rows that the latest export has not counted on their day; it is read once for all of them."""
        done = self.last(region) if rows else None
        if done is None:
            return list(rows)
        query = (
            "SELECT address, max(at) FROM page_row WHERE export = ? AND address IN (SELECT value FROM json_each(?)) "
            "GROUP BY address"
        )
        counted = dict(self.ask(query, done.number, json.dumps([row.address for row in rows])))
        return [row for row in rows if counted.get(row.address, -1) < row.at]

    def standing(self, region: str) -> Standing | None:
        """How the account stood, and since when."""
        found = self.ask("SELECT status, status_since FROM look WHERE region = ? AND status IS NOT NULL", region)
        return Standing(*found[0]) if found else None

    def stands(self, region: str, standing: Standing, *, told: bool) -> None:
        """Remember how it stands since `standing.now`."""
        with self.change() as db:
            db.execute(
                "INSERT INTO look (region, status, status_since, status_told) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET status = excluded.status, status_since = excluded.status_since, "
                "status_told = excluded.status_told",
                (region, standing.status, standing.now, told),
            )

    def standing_told(self, region: str) -> bool:
        """Whether people were told how it stands."""
        found = self.ask("SELECT status_told FROM look WHERE region = ?", region)
        return bool(found and found[0][0])

    def seen(self, region: str) -> Instant | None:
        """Up to when the list was read here, by an export or a look; None if it never was."""
        done, mark = self.last(region), self.mark(region)
        read = [one for one in (done.finished if done else None, mark) if one is not None]
        return max(read, default=None)

    def growth(self, region: str, since: Instant) -> Sequence[tuple[int, str, int]]:
        """(day as its first second, reason, addresses whose row is of that day), oldest first."""
        query = "SELECT day * ?, reason, addresses FROM day WHERE region = ? AND day >= ? ORDER BY day, reason"
        return self.ask(query, DAY_S, region, since // DAY_S)

    def forget(self, before: Instant) -> None:
        """Remove everything that was last true before `before`."""
        with self.change() as db:
            old = [n for (n,) in db.execute("SELECT number FROM export WHERE at < ?", (before,))]
            for number in old:
                self._drop(number)
            db.execute("DELETE FROM told WHERE at < ?", (before,))
            db.execute("DELETE FROM day WHERE day < ?", (before // DAY_S,))

    def _drop(self, number: int) -> None:
        self.db.execute("DELETE FROM page_row WHERE export = ?", (number,))
        self.db.execute("DELETE FROM export WHERE number = ?", (number,))

    def _move(self, to: Open) -> None:
        self.db.execute(
            "UPDATE export SET at = ?, phase = ?, token = ?, pages = ?, rows = ? WHERE number = ?",
            (to.at, to.phase.value, to.token, to.pages, to.rows, to.number),
        )


def _open(row: tuple[Any, ...]) -> Open:
    number, region, began, at, phase, token, pages, rows = row
    return Open(number, region, began, at, Phase(phase), token, pages, rows)
