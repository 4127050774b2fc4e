"""Sealed SMTP credentials beside the events that vouch for them.

One row per key and region.  The event that put a row there holds the row's fingerprint, so a row that was edited,
swapped, put back after its erasure or taken from an older copy is found out before it is opened.
"""

from __future__ import annotations

import hmac
import os
import sqlite3
from collections.abc import Sequence

from rotator.core.access_keys import KeyId
from rotator.core.errors import JournalError, SealError
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from rotator.journal.chain import Chain, Sealed
from rotator.journal.database import Database
from rotator.journal.reading import catch_up
from rotator.journal.sealing import Place, Seal

PROBE_BYTES = 32
PROBE_PLACE = "probe"  # no key id and no region is called that

Rows = list[tuple[Sealed, bytes]]  # what the event says, and the sealed form itself


class SqliteVault:
    """The vault of one user: implements `ports.Vault`, and what the journal needs inside its transactions."""

    def __init__(self, database: Database, seal: Seal, chain: Chain, *, writable: bool) -> None:
        """`chain` is the journal's own, so that the vault sees each event as it is appended."""
        self._database, self._seal, self._chain, self._writable = database, seal, chain, writable
        self._whose = (chain.account, chain.user)

    def open(self, key: KeyId, region: str) -> SmtpCredential | None:
        """The credential, or None if it was never sealed here or is erased.

        Raises SealError if the row is not the one its event vouches for, JournalError if it cannot be read.
        """
        query = "SELECT ciphertext FROM vault WHERE account = ? AND user = ? AND key_id = ? AND field = ?"
        with self._database.snapshot():
            if not self._writable:
                catch_up(self._database, self._chain)  # the owner of the lock may have gone on
            rows = self._database.rows(query, (*self._whose, key, region))
        sealed = rows[0][0] if rows else None
        self._refuse_unvouched(key, region, sealed)
        if sealed is None:
            return None
        return SmtpCredential(key, Secret(self._seal.open(sealed, self._place(key, region)).decode()))

    def probe(self) -> None:
        """Seal a probe, commit it, read it back through another connection, open it, remove it.

        A journal opened for reading only seals and opens it in memory.  Raises SealError or JournalError.
        """
        plain, place = os.urandom(PROBE_BYTES), self._place(PROBE_PLACE, PROBE_PLACE)
        sealed = self._seal.seal(plain, place)
        found = self._stored_probe(sealed) if self._writable else sealed
        if not hmac.compare_digest(self._seal.open(found, place), plain):
            raise SealError("a sealed probe came back as something else")

    def sweep(self) -> None:
        """Remove the probe that a killed process left."""
        if self._database.rows("SELECT 1 FROM probe WHERE account = ? AND user = ?", self._whose):
            self._remove_probe()

    def check(self) -> None:
        """Raises SealError unless the rows of this user are exactly those that the events vouch for."""
        query = "SELECT key_id, field, ciphertext FROM vault WHERE account = ? AND user = ?"
        with self._database.snapshot():
            catch_up(self._database, self._chain)
            rows = self._database.rows(query, self._whose)
        found = {(key, region): sealed for key, region, sealed in rows}
        for key, region in sorted(found.keys() | self._chain.fingerprints.keys()):
            self._refuse_unvouched(key, region, found.get((key, region)))

    def sealed(self, secrets: Sequence[tuple[str, SmtpCredential]]) -> Rows:
        """(region, credential) pairs of one key, sealed.  Raises JournalError for none, or for several keys."""
        if len({credential.key for _, credential in secrets}) != 1:
            raise JournalError("exactly one key's credentials are sealed with an event")
        if len({region for region, _ in secrets}) != len(secrets):
            raise JournalError("a region's credential is sealed once with an event")
        rows = []
        for region, credential in secrets:
            place = self._place(credential.key, region)
            sealed = self._seal.seal(credential.password.reveal().encode(), place)
            rows.append((Sealed(credential.key, region, self._seal.fingerprint(sealed)), sealed))
        return rows

    def put(self, connection: sqlite3.Connection, rows: Rows) -> None:
        """Store sealed rows in the caller's transaction; the same key and region again replaces the old row."""
        for entry, sealed in rows:
            values = (*self._whose, entry.key, entry.region, sealed)
            connection.execute("INSERT OR REPLACE INTO vault VALUES (?, ?, ?, ?, ?)", values)

    def erasure(self, key: KeyId) -> list[Sealed]:
        """What the erasing event says: no fingerprint any more for what was sealed of `key`."""
        known = self._chain.fingerprints
        return [Sealed(owner, region, None) for owner, region in sorted(known) if owner == key]

    def erase(self, connection: sqlite3.Connection, key: KeyId) -> None:
        """Remove every row of `key` in the caller's transaction."""
        connection.execute("DELETE FROM vault WHERE account = ? AND user = ? AND key_id = ?", (*self._whose, key))

    def _place(self, key: str, region: str) -> Place:
        return Place(*self._whose, key, region)

    def _refuse_unvouched(self, key: str, region: str, sealed: bytes | None) -> None:
        expected = self._chain.fingerprints.get((key, region))
        what = f"the sealed secret of {key} for {region}"
        if sealed is None and expected is not None:
            raise SealError(f"{what} is missing from the vault")
        if sealed is not None and expected is None:
            raise SealError(f"{what} is in the vault, and no event put it there, or one erased it")
        if sealed is not None and expected is not None and not self._matches(sealed, expected):
            raise SealError(f"{what} is not the one that its event put there")

    def _matches(self, sealed: object, fingerprint: str) -> bool:
        return isinstance(sealed, bytes) and hmac.compare_digest(self._seal.fingerprint(sealed), fingerprint)

    def _stored_probe(self, sealed: bytes) -> bytes:
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO probe VALUES (?, ?, ?)", (*self._whose, sealed))
        try:
            query = "SELECT ciphertext FROM probe WHERE account = ? AND user = ?"
            rows = self._database.seen_from_outside(query, self._whose)
        finally:
            self._remove_probe()
        if not rows:
            raise JournalError("a sealed probe was committed and could not be read back")
        return bytes(rows[0][0])

    def _remove_probe(self) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM probe WHERE account = ? AND user = ?", self._whose)
