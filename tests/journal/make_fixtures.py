"""Write the journal of a rotation that stopped after each step of the protocol, as SQL text to be kept for ever.

    python -m tests.journal.make_fixtures tests/journal/fixtures/v1

Newer code must open and finish what an older version left, so a file is written once, by the version it is named
after; files that exist are left alone.  SQL text instead of SQLite's pages: a reviewer can read it.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from rotator.core.events import (
    CanaryIntended,
    CanarySettled,
    CreateIntended,
    EffectIntended,
    EffectSettled,
    Event,
    KeyCreated,
    LoggedIn,
    OldRefused,
    PushIntended,
    PushSettled,
    RunFinished,
    Verified,
)
from rotator.journal.database import create_file
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import SqliteJournal, create
from tests.journal.samples import ACCOUNT, ADOPTED, KEY, NEXT_KEY, OPENED, REGION, USER, credential

SEAL = KeyFileSeal(bytes(range(32)))
HOUR = 3600
T = ADOPTED.at
CONSUMER = ADOPTED.consumers[0]

# what the protocol's numbered step has left when it is done
STORY: dict[str, tuple[Event, ...]] = {
    "00-adopted": (),
    "03-opened": (OPENED,),
    "04-create-intended": (CreateIntended(T + 110, (KEY,), T + 130),),
    "04-created": (KeyCreated(T + 112, NEXT_KEY),),
    "05-verified": (LoggedIn(T + 120, NEXT_KEY, REGION), Verified(T + 121, NEXT_KEY, REGION)),
    "06-push-intended": (PushIntended(T + 130, CONSUMER, NEXT_KEY, T + 150),),
    "06-pushed": (PushSettled(T + 132, CONSUMER, NEXT_KEY, "done"),),
    "07-canary-intended": (CanaryIntended(T + 140, CONSUMER, "token-1", T + 160),),
    "07-confirmed": (CanarySettled(T + 145, CONSUMER, "token-1", "arrived", T + 141),),
    "09-deactivate-intended": (EffectIntended(T + 80 * HOUR, "deactivate", KEY, T + 80 * HOUR + 20),),
    "09-deactivated": (
        EffectSettled(T + 80 * HOUR + 1, "deactivate", KEY, "done"),
        OldRefused(T + 80 * HOUR + 300, KEY, seen=True),
    ),
    "10-watched": (
        CanaryIntended(T + 81 * HOUR, CONSUMER, "token-2", T + 81 * HOUR + 20),
        CanarySettled(T + 81 * HOUR + 9, CONSUMER, "token-2", "arrived", T + 81 * HOUR + 1),
    ),
    "11-delete-intended": (EffectIntended(T + 260 * HOUR, "delete", KEY, T + 260 * HOUR + 20),),
    "11-deleted": (EffectSettled(T + 260 * HOUR + 1, "delete", KEY, "done"),),
    "11-finished": (RunFinished(T + 260 * HOUR + 2, OPENED.run, "rotated"),),
}


def write(directory: Path) -> None:
    """Write `<step>.sql` for every step of the story that is not there yet."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "journal.db"
        with create(path, SEAL, ACCOUNT, USER, ADOPTED, [(REGION, credential(KEY, "old"))]) as journal:
            for step, events in STORY.items():
                for event in events:
                    _append(journal, event)
                _dump(path, directory / f"{step}.sql")


def restore(dump: Path, path: Path) -> None:
    """Make the journal file that `dump` is the text of; `path` must not exist."""
    create_file(path)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(dump.read_text())


def _append(journal: SqliteJournal, event: Event) -> None:
    if isinstance(event, KeyCreated):
        journal.append_sealed(event, [(REGION, credential(NEXT_KEY, "new"))])
    elif isinstance(event, EffectSettled) and event.effect == "delete":
        journal.append_erased(event, KEY)
    else:
        journal.append(event)


def _dump(path: Path, target: Path) -> None:
    if not target.exists():
        with closing(sqlite3.connect(path)) as database:
            target.write_text("\n".join(database.iterdump()) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
