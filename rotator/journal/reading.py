"""Read one user's events from the file into a verified chain, always as of one moment."""

from __future__ import annotations

from rotator.core.errors import JournalError
from rotator.journal.chain import Chain, Row
from rotator.journal.database import Database
from rotator.journal.sealing import Seal

EVENTS = "SELECT n, kind, schema, data, sealed, mac FROM events WHERE account = ? AND user = ? AND n > ? ORDER BY n"
OPEN_RUN = "SELECT run FROM runs WHERE account = ? AND user = ? AND finished IS NULL"


def read(database: Database, seal: Seal, account: str, user: str) -> Chain:
    """The whole chain.  Raises JournalError naming the first event that is missing, changed or unknown."""
    chain = Chain(seal, account, user)
    catch_up(database, chain)
    return chain


def catch_up(database: Database, chain: Chain) -> None:
    """Add what was appended since `chain` was read; raises JournalError as `read` does."""
    whose = (chain.account, chain.user)
    with database.snapshot():
        for row in database.rows(EVENTS, (*whose, len(chain.events))):
            chain.add(Row(*row))
        open_runs = [run for (run,) in database.rows(OPEN_RUN, whose)]
    if open_runs != ([chain.open_run.run] if chain.open_run else []):
        raise JournalError(f"the table of runs says that {open_runs or 'none'} is open, the events say otherwise")
