"""suppression.db: what was read of the suppression list, on disk and apart from the journal.

Nothing stays longer than `forget` is told.  The file can be deleted at any time: what AWS has is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rotator.core.access_keys import Instant
from rotator.core.suppression import Done, Open, Phase, Reason, Standing, Suppressed
from rotator.services.suppression_file import SuppressionFile

DAY_S = 24 * 3600
DONE = "done"


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

    def collect(self, read: Open) -> Open:
        """Each address once, with its latest row; of two at the same time a complaint counts."""
        with self.change() as db:
            db.execute(
                "INSERT INTO entry SELECT export, address, reason, max(at * 2 + (reason = 'COMPLAINT')) / 2 "
                "FROM page_row WHERE export = ? GROUP BY export, address",
                (read.number,),
            )
            db.execute("DELETE FROM page_row WHERE export = ?", (read.number,))
            collected = Open(read.number, read.region, read.began, read.at, Phase.COLLECTED, "", read.pages, read.rows)
            self._move(collected)
        return collected

    def rows(self, number: int) -> Iterator[Suppressed]:
        """The addresses of a collected export, one after the other."""
        with self.told_as("cannot be read"):
            query = "SELECT address, reason, at FROM entry WHERE export = ? ORDER BY address"
            yield from map(Suppressed._make, self.db.execute(query, (number,)))

    def finish(self, collected: Open) -> Done:
        """This export counts from now on; the rows of those before it go, their counts stay."""
        with self.change() as db:
            counts = dict(
                db.execute("SELECT reason, count(*) FROM entry WHERE export = ? GROUP BY reason", (collected.number,))
            )
            complaints = counts.pop(Reason.COMPLAINT.value, 0)
            db.execute(
                "UPDATE export SET phase = ?, token = '', bounces = ?, complaints = ? WHERE number = ?",
                (DONE, sum(counts.values()), complaints, collected.number),
            )
            db.execute(
                "DELETE FROM entry WHERE export IN "
                "(SELECT number FROM export WHERE region = ? AND phase = ? AND number < ?)",
                (collected.region, DONE, collected.number),
            )
            db.execute(
                "INSERT INTO day SELECT ?, at / ?, reason, count(*) AS n FROM entry WHERE export = ? GROUP BY 1, 2, 3 "
                "ON CONFLICT DO UPDATE SET addresses = max(addresses, excluded.addresses)",
                (collected.region, DAY_S, collected.number),
            )
        done = self.last(collected.region)
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
        query = "SELECT address, reason, at FROM entry WHERE export = ? AND address = ?"
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
                [(region, row.at // DAY_S, row.reason) for row in rows if not self._counted(region, row)],
            )
            db.execute(
                "INSERT INTO look (region, mark) VALUES (?, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark",
                (region, mark),
            )

    def _counted(self, region: str, row: Suppressed) -> bool:
        """Whether the latest export has counted the row on its day."""
        found = self.kept(region, row.address)
        return found is not None and found[0].at >= row.at

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
        for table in ("page_row", "entry"):
            self.db.execute(f"DELETE FROM {table} WHERE export = ?", (number,))  # noqa: S608 - two names of ours
        self.db.execute("DELETE FROM export WHERE number = ?", (number,))

    def _move(self, to: Open) -> None:
        self.db.execute(
            "UPDATE export SET at = ?, phase = ?, token = ?, pages = ?, rows = ? WHERE number = ?",
            (to.at, to.phase.value, to.token, to.pages, to.rows, to.number),
        )


def _open(row: tuple[Any, ...]) -> Open:
    number, region, began, at, phase, token, pages, rows = row
    return Open(number, region, began, at, Phase(phase), token, pages, rows)
