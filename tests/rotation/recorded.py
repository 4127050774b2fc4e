"""Journals as runs leave them, one per protocol step and turn of fate, kept as SQL text: newer code must finish them.

`python -m tests.rotation.recorded` writes those of the current schema version that are missing; none is ever rewritten.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from rotator.core import steps
from rotator.core.access_keys import AccessKey, Instant, KeyId, LastUse, Status
from rotator.core.history import events as ev
from rotator.core.history.events import SCHEMA_VERSION
from rotator.core.parts import Parts
from rotator.core.policy import Mode
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential, derive_password
from rotator.journal.database import create_file
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import SqliteJournal, create, open_journal
from rotator.rotation import interventions
from rotator.rotation.loop import Rotation
from rotator.rotation.opening import Request, begin
from tests.rotation.memory_world import (
    BY_HAND,
    DAY,
    FILE,
    OLD,
    REGION,
    WORKSPACE,
    Held,
    MemoryConsumer,
    MemoryWorld,
    build,
)

JOURNALS = Path(__file__).parent / "journals"
SEAL = KeyFileSeal(b"a seal key of fixtures, 32 bytes")
ACCOUNT, USER = "123456789012", "jada"
TRAITS = (FILE, WORKSPACE, BY_HAND)
SCHEDULED = Request()


@dataclass(frozen=True, slots=True)
class Story:
    """How a run goes: what it is asked for, what goes wrong, and whether a person drops it."""

    request: Request = SCHEDULED
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    aborted: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """Right after the first event of a kind (and, of a change at IAM, of that effect) in a story."""

    kind: type[ev.Event]
    effect: str = ""
    story: Story = Story()

    def is_now(self, event: ev.Event) -> bool:
        """Whether this event is the one."""
        return type(event) is self.kind and self.effect in ("", getattr(event, "effect", ""))


LEAKED = Story(Request(Mode.EMERGENCY, OLD, "leaked"))
UNCLEAR = Story(faults={"create": ["reply_lost"]})
DROPPED = Story(faults={"soak": ["535"] * 100}, aborted=True)
SNAPSHOTS: dict[str, Moment] = {
    "01-lock": Moment(ev.RunOpened),
    "02-compromised": Moment(ev.Compromised, story=LEAKED),
    "04-create-intended": Moment(ev.CreateIntended),
    "04-create-unclear": Moment(ev.CreateSettled, story=UNCLEAR),
    "04-created": Moment(ev.KeyCreated),
    "05-verified": Moment(ev.Verified),
    "05-abort-asked": Moment(ev.AbortAsked, story=DROPPED),
    "05-discard-intended": Moment(ev.EffectIntended, ev.Effect.DELETE, DROPPED),
    "05-aborted": Moment(ev.RunFinished, story=DROPPED),
    "06-push-intended": Moment(ev.PushIntended),
    "06-pushed": Moment(ev.PushSettled),
    "07-canary-intended": Moment(ev.CanaryIntended),
    "07-canary": Moment(ev.CanarySettled),
    "07-attested": Moment(ev.Attested),
    "09-deactivation-intended": Moment(ev.EffectIntended, ev.Effect.DEACTIVATE),
    "09-deactivated": Moment(ev.EffectSettled, ev.Effect.DEACTIVATE),
    "09-refused": Moment(ev.OldRefused),
    "09-leaked-deactivated": Moment(ev.EffectSettled, ev.Effect.DEACTIVATE, LEAKED),
    "11-delete-intended": Moment(ev.EffectIntended, ev.Effect.DELETE),
    "11-deleted": Moment(ev.EffectSettled, ev.Effect.DELETE),
    "11-finished": Moment(ev.RunFinished),
}


class Snap(BaseException):
    """The process dies right after the event that a snapshot is about was committed."""


class SnappingJournal(SqliteJournal):
    """A journal that dies at its moment."""

    at: Moment | None = None

    def append(self, event: ev.Event) -> None:
        super().append(event)
        self._snap(event)

    def append_sealed(self, event: ev.Event, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        super().append_sealed(event, secrets)
        self._snap(event)

    def append_erased(self, event: ev.Event, key: KeyId) -> None:
        super().append_erased(event, key)
        self._snap(event)

    def _snap(self, event: ev.Event) -> None:
        if self.at is not None and self.at.is_now(event):
            raise Snap


def _world_file(world: MemoryWorld, parts: Parts) -> str:
    keys = [[one.key.id, one.key.status, one.key.created, one.used.at] for one in world.keys.values()]
    held = {name: one.held.key for name, one in parts.consumers.items()}  # type: ignore[attr-defined]
    return json.dumps({"now": world.now, "keys": keys, "held": held, "made": world.made}, indent=1) + "\n"


def _raw(key_id: str) -> str:
    world = MemoryWorld()
    world.add(key_id)
    return world.keys[key_id].secret


def record(name: str, at: Moment, directory: Path) -> None:
    """Play a story on a real journal until its moment, and keep journal and world."""
    world, parts = build(*TRAITS)
    world.faults.update({call: list(faults) for call, faults in at.story.faults.items()})
    adopted = parts.journal.events()[0]
    credential = parts.journal.vault.open(KeyId(adopted.key), REGION)  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "journal.db"
        with create(path, SEAL, ACCOUNT, USER, adopted, [(REGION, credential)]) as journal:  # type: ignore[arg-type, list-item]
            journal.__class__ = SnappingJournal
            journal.at = at  # type: ignore[attr-defined]
            _play_until_snapped(world, replace(parts, journal=journal), at.story)
        with closing(sqlite3.connect(path)) as database:
            (directory / f"{name}.sql").write_text("\n".join(database.iterdump()) + "\n")
    (directory / f"{name}.json").write_text(_world_file(world, parts))


def _play_until_snapped(world: MemoryWorld, parts: Parts, story: Story) -> None:
    try:
        begin(Rotation(parts), story.request, "run-1")
        for _ in range(30):
            step = Rotation(parts).go_on().step
            if story.aborted:
                interventions.abort(Rotation(parts), "the wrong day")
            elif isinstance(step, steps.Ask):
                _paste(Rotation(parts))
            else:
                world.tick(DAY)
    except Snap:
        return
    raise AssertionError("the run ended before the snapshot")


def _paste(rotation: Rotation) -> None:
    handed = interventions.hand_over(rotation, BY_HAND.name, "jada")
    rotation.parts.consumers[BY_HAND.name].held = handed.credential  # type: ignore[attr-defined]
    interventions.confirm(rotation, BY_HAND.name, "jada")


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
    """Write the journals of the current schema version that are missing."""
    directory = JOURNALS / f"v{SCHEMA_VERSION}"
    directory.mkdir(parents=True, exist_ok=True)
    for name, at in SNAPSHOTS.items():
        if not (directory / f"{name}.sql").exists():  # what a released version wrote stays as it was written
            record(name, at, directory)


if __name__ == "__main__":
    main()
