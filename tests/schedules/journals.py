"""Where a schedule keeps its journal between processes: in memory for the many, in the shipped file for one fault."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rotator.core.access_keys import KeyId
from rotator.core.facts import Facts
from rotator.core.history import events as ev
from rotator.core.history.fold import fold
from rotator.core.ports import Journal, Vault
from rotator.core.smtp_credential import SmtpCredential
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import create, open_journal
from tests.journal.memory import MemoryJournal
from tests.schedules.edges import WHO
from tests.schedules.world import World, credential

SEAL = KeyFileSeal(b"the seal key of schedules: 32 b.")
NUMBERS = itertools.count()
Rows = frozenset[tuple[str, str]]  # (key id, region) of every sealed secret


class Store(Protocol):
    """The journal at rest between two processes."""

    facts: Facts  # the fold of everything recorded
    sealed: Rows

    def copy(self) -> Store:
        """The same journal for another schedule."""
        ...

    def process(self, world: World) -> AbstractContextManager[Journal]:
        """The journal as one process opens it, every record a call that can go wrong; facts follow it."""
        ...


@dataclass
class MemoryStore:
    """What was recorded, folded; a process sees only what it appends itself (the rest stands in `facts`)."""

    facts: Facts
    sealed: Rows

    def copy(self) -> MemoryStore:
        return MemoryStore(self.facts, self.sealed)

    @contextmanager
    def process(self, world: World) -> Iterator[Journal]:
        yield FoldedJournal(self, world)


class FoldedJournal(MemoryJournal):
    """Over a `MemoryStore`; every record is a call that can go wrong, and the facts follow it."""

    def __init__(self, store: MemoryStore, world: World) -> None:
        super().__init__(store.facts.run.id if store.facts.run else "")
        self.store, self.world = store, world
        self.vault = DerivedVault(store)

    def append(self, event: ev.Event) -> None:
        self.world.call(f"record {type(event).__name__}")
        super().append(event)
        self.store.facts = fold([event], self.store.facts)

    def keep(self, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        self.store.sealed |= {(one.key, region) for region, one in secrets}

    def erase(self, key: KeyId) -> None:
        self.store.sealed = frozenset(one for one in self.store.sealed if one[0] != key)


@dataclass(frozen=True)
class DerivedVault:
    """Implements `ports.Vault`: what is sealed is a derived password, which can be derived again."""

    store: MemoryStore

    def open(self, key: KeyId, region: str) -> SmtpCredential | None:
        return credential(key, region) if (key, region) in self.store.sealed else None

    def probe(self) -> None:
        """Memory holds what it is given."""


@dataclass
class FileStore:
    """The shipped journal in its file: opened, verified, locked and closed by every process."""

    path: Path
    facts: Facts
    sealed: Rows

    @classmethod
    def adopt(cls, directory: Path, adopted: ev.Adopted, secrets: Sequence[tuple[str, SmtpCredential]]) -> FileStore:
        """A new journal file with the adoption in it."""
        path = directory / str(next(NUMBERS)) / "journal.db"
        with create(path, SEAL, WHO.account, WHO.user, adopted, secrets):
            return cls(path, fold([adopted]), frozenset((one.key, region) for region, one in secrets))

    def copy(self) -> FileStore:
        path = self.path.parent.with_name(str(next(NUMBERS))) / "journal.db"
        path.parent.mkdir(mode=0o700)
        shutil.copy(self.path, path)  # 0600 like the original; its log is empty, for its process has closed it
        return FileStore(path, self.facts, self.sealed)

    @contextmanager
    def process(self, world: World) -> Iterator[Journal]:
        with open_journal(self.path, SEAL, WHO.account, WHO.user) as journal:
            assert fold(journal.events()) == self.facts, "the file does not add up to what was recorded"
            yield Witnessed(journal, self, world)


@dataclass
class Witnessed:
    """The shipped journal, each of its records seen by the world first."""

    journal: Journal
    store: FileStore
    world: World

    @property
    def vault(self) -> Vault:
        return self.journal.vault

    def events(self) -> Sequence[ev.Event]:
        return self.journal.events()

    def append(self, event: ev.Event) -> None:
        self._seen(event)
        self.journal.append(event)
        self.store.facts = fold([event], self.store.facts)

    def append_sealed(self, event: ev.Event, secrets: Sequence[tuple[str, SmtpCredential]]) -> None:
        self._seen(event)
        self.journal.append_sealed(event, secrets)
        self.store.facts = fold([event], self.store.facts)
        self.store.sealed |= {(one.key, region) for region, one in secrets}

    def append_erased(self, event: ev.Event, key: KeyId) -> None:
        self._seen(event)
        self.journal.append_erased(event, key)
        self.store.facts = fold([event], self.store.facts)
        self.store.sealed = frozenset(one for one in self.store.sealed if one[0] != key)

    def check_lock(self) -> None:
        self.journal.check_lock()

    def _seen(self, event: ev.Event) -> None:
        self.world.call(f"record {type(event).__name__}")
