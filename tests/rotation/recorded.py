"""Journals of unfinished runs, one per protocol step, kept as SQL text: newer code must finish every one of them.

`python -m tests.rotation.recorded` writes those of the current schema version anew; older versions are never rewritten.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rotator.core import events as ev
from rotator.core.access_keys import AccessKey, Instant, KeyId, LastUse, Status
from rotator.core.events import SCHEMA_VERSION
from rotator.core.parts import Parts
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential, derive_password
from rotator.journal.database import create_file
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import SqliteJournal, create, open_journal
from rotator.opening import Request, begin
from rotator.rotation import Rotation
from tests.rotation.memory_world import BY_HAND, DAY, FILE, REGION, WORKSPACE, Held, MemoryConsumer, MemoryWorld, build

JOURNALS = Path(__file__).parent / "journals"
SEAL = KeyFileSeal(b"a seal key of fixtures, 32 bytes")
ACCOUNT, USER = "123456789012", "jada"
TRAITS = (FILE, WORKSPACE, BY_HAND)
SNAPSHOTS: dict[str, type[ev.Event]] = {
    "01-lock": ev.RunOpened,
    "04-create-intended": ev.CreateIntended,
    "04-created": ev.KeyCreated,
    "05-verified": ev.Verified,
    "06-push-intended": ev.PushIntended,
    "06-pushed": ev.PushSettled,
    "07-canary-intended": ev.CanaryIntended,
    "07-canary": ev.CanarySettled,
    "07-attested": ev.Attested,
    "09-deactivation-intended": ev.EffectIntended,
    "09-deactivated": ev.EffectSettled,
    "09-refused": ev.OldRefused,
}


class Snap(BaseException):
    """The process dies right after the event that a snapshot is about was committed."""


class SnappingJournal(SqliteJournal):
    """A journal that dies after the first event of one kind."""

    at: type[ev.Event] | None = None

    def append(self, event: ev.Event) -> None:
        super().append(event)
        if self.at is not None and type(event) is self.at:
            raise Snap

    def append_sealed(self, event: ev.Event, secrets: object) -> None:
        super().append_sealed(event, secrets)  # type: ignore[arg-type]
        if self.at is not None and type(event) is self.at:
            raise Snap


def _world_file(world: MemoryWorld, parts: Parts) -> str:
    keys = [[one.key.id, one.key.status, one.key.created, one.used.at] for one in world.keys.values()]
    held = {name: one.held.key for name, one in parts.consumers.items()}  # type: ignore[attr-defined]
    return json.dumps({"now": world.now, "keys": keys, "held": held, "made": world.made}, indent=1) + "\n"


def _raw(key_id: str) -> str:
    world = MemoryWorld()
    world.add(key_id)
    return world.keys[key_id].secret


def record(name: str, at: type[ev.Event], directory: Path) -> None:
    """Play a rotation on a real journal until the first `at`, and keep journal and world."""
    world, parts = build(*TRAITS)
    adopted = parts.journal.events()[0]
    credential = parts.journal.vault.open(KeyId(adopted.key), REGION)  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "journal.db"
        with create(path, SEAL, ACCOUNT, USER, adopted, [(REGION, credential)]) as journal:  # type: ignore[arg-type, list-item]
            journal.__class__ = SnappingJournal
            journal.at = at  # type: ignore[attr-defined]
            _play_until_snapped(world, replace(parts, journal=journal))
        with closing(sqlite3.connect(path)) as database:
            (directory / f"{name}.sql").write_text("\n".join(database.iterdump()) + "\n")
    (directory / f"{name}.json").write_text(_world_file(world, parts))


def _play_until_snapped(world: MemoryWorld, parts: Parts) -> None:
    from rotator import interventions
    from rotator.core import steps

    try:
        begin(Rotation(parts), Request(), "run-1")
        for _ in range(30):
            step = Rotation(parts).go_on().step
            if isinstance(step, steps.Ask):
                rotation = Rotation(parts)
                handed = interventions.hand_over(rotation, BY_HAND.name, "jada")
                parts.consumers[BY_HAND.name].held = handed.credential  # type: ignore[attr-defined]
                interventions.confirm(rotation, BY_HAND.name, "jada")
            else:
                world.tick(DAY)
    except Snap:
        return
    raise AssertionError("the run ended before the snapshot")


def reopen(dump: Path, scratch: Path) -> tuple[MemoryWorld, Callable[[], Parts]]:
    """The world beside a kept journal, and what opens a copy of it like a new process does."""
    path = scratch / "journal.db"
    create_file(path)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(dump.read_text())
    kept = json.loads(dump.with_suffix(".json").read_text())
    world, parts = build(*TRAITS)
    world.now, world.made = kept["now"], kept["made"]
    world.keys = {
        key: Held(AccessKey(KeyId(key), Status(status), Instant(created)), _raw(key), LastUse(used))
        for key, status, created, used in kept["keys"]
    }
    consumers = {
        one.traits.name: MemoryConsumer(world, one.traits, _credential(kept["held"][one.traits.name]))
        for one in parts.consumers.values()
    }
    return world, lambda: replace(
        parts, journal=open_journal(path, SEAL, ACCOUNT, USER), consumers=consumers
    )


def _credential(key: str) -> SmtpCredential:
    return SmtpCredential(KeyId(key), derive_password(Secret(_raw(key)), REGION))


def main() -> None:
    """Write the journals of the current schema version."""
    directory = JOURNALS / f"v{SCHEMA_VERSION}"
    directory.mkdir(parents=True, exist_ok=True)
    for name, at in SNAPSHOTS.items():
        record(name, at, directory)


if __name__ == "__main__":
    main()
