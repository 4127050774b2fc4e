"""Seal secrets with a key that lies in a file, and derive from it the keys of the chain and of the fingerprints.

AES-256-GCM with a random 96-bit nonce per seal (NIST SP 800-38D allows 2^32 such seals a key).  Sealed form:

    "RS"  format version (1 byte)  seal key id (8 bytes)  nonce (12 bytes)  ciphertext and tag

The associated data is format version, account, user, key id and field, each with its length before it, so that a
sealed secret opens only where it was put.  Sealing protects backups, copies and screens; whoever can read the
service user's files has both the journal and the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

from rotator.core.errors import SealError
from rotator.journal.private_files import create_whole, make_private_directory, open_private

MAGIC = b"RS"
FORMAT_VERSION = 1
KEY_BYTES, NONCE_BYTES, TAG_BYTES, KEY_ID_BYTES = 32, 12, 16, 8
HEADER_BYTES = len(MAGIC) + 1 + KEY_ID_BYTES
KEY_FILE_LIMIT = 100  # bytes; a key file has 45


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed secret belongs; it opens nowhere else.  `field` is the endpoint's region."""

    account: str
    user: str
    key: str
    field: str

    def associated_data(self) -> bytes:
        """The unambiguous encoding that AES-GCM authenticates."""
        parts = (self.account, self.user, self.key, self.field)
        return encode(bytes([FORMAT_VERSION]), *(part.encode() for part in parts))


class Seal(Protocol):
    """What the journal needs of a sealing key, wherever it lives."""

    key_id: str

    def seal(self, plain: bytes, place: Place) -> bytes:
        """`plain`, to be opened at `place` only."""
        ...

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Raises SealError for anything that this key did not seal for this very place."""
        ...

    def chain(self, previous: bytes, record: bytes) -> bytes:
        """The MAC of `record` after an event whose MAC is `previous`."""
        ...

    def fingerprint(self, sealed: bytes) -> str:
        """A keyed digest of a sealed secret, in hex, that says nothing about it."""
        ...


class KeyFileSeal:
    """A seal whose 32-byte key was read from a 0600 file or a systemd credential."""

    __slots__ = ("_chain_key", "_fingerprint_key", "_sealing_key", "key_id")

    def __init__(self, key: bytes) -> None:
        """Derive the sub-keys.  Raises SealError for a key of another length."""
        if len(key) != KEY_BYTES:
            raise SealError(f"a seal key has {KEY_BYTES} bytes, not {len(key)}")
        self.key_id = hmac.digest(key, b"rotator seal key id", "sha256")[:KEY_ID_BYTES].hex()
        self._sealing_key = derive_key(key, b"rotator sealing 1")
        self._chain_key = derive_key(key, b"rotator chain 1")
        self._fingerprint_key = derive_key(key, b"rotator fingerprint 1")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> KeyFileSeal:
        """Read the key file; SealError names what is wrong with it, and never quotes it."""
        return cls(_decode(Path(path), _read_key_file(Path(path))))

    def seal(self, plain: bytes, place: Place) -> bytes:
        """`plain`, sealed for `place`, under a fresh nonce."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # slow to import, seldom needed

        nonce = os.urandom(NONCE_BYTES)
        ciphertext = AESGCM(self._sealing_key).encrypt(nonce, plain, place.associated_data())
        return self._header() + nonce + ciphertext

    def open(self, sealed: bytes, place: Place) -> bytes:
        """The secret again; SealError if one bit differs from what was sealed for `place`."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._refuse_foreign(sealed)
        nonce, ciphertext = sealed[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES], sealed[HEADER_BYTES + NONCE_BYTES :]
        try:
            return AESGCM(self._sealing_key).decrypt(nonce, ciphertext, place.associated_data())
        except InvalidTag:
            raise SealError("a sealed secret was changed, or moved from another place in the journal") from None

    def chain(self, previous: bytes, record: bytes) -> bytes:
        """HMAC-SHA256 over the previous MAC (32 bytes, so the join is unambiguous) and the record."""
        return hmac.digest(self._chain_key, previous + record, "sha256")

    def fingerprint(self, sealed: bytes) -> str:
        """HMAC-SHA256 of the sealed form, in hex."""
        return hmac.digest(self._fingerprint_key, sealed, "sha256").hex()

    def _header(self) -> bytes:
        return MAGIC + bytes([FORMAT_VERSION]) + bytes.fromhex(self.key_id)

    def _refuse_foreign(self, sealed: bytes) -> None:
        if len(sealed) < HEADER_BYTES + NONCE_BYTES + TAG_BYTES or sealed[: len(MAGIC)] != MAGIC:
            raise SealError("a sealed secret was changed: it does not begin like one of ours")
        if sealed[len(MAGIC)] != FORMAT_VERSION:
            raise SealError(f"sealed secret of format {sealed[len(MAGIC)]}; this program knows only {FORMAT_VERSION}")
        if (found := sealed[len(MAGIC) + 1 : HEADER_BYTES].hex()) != self.key_id:
            raise SealError(f"sealed with the key {found}, and this key is {self.key_id}")

    def __repr__(self) -> str:
        return f"KeyFileSeal({self.key_id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a seal key cannot be pickled or copied out of the process")


def encode(*parts: bytes) -> bytes:
    """The parts with their lengths (4 bytes, big-endian) before them: no two lists encode alike."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def derive_key(key: bytes, purpose: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869), no salt, one block of output: 32 bytes."""
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, purpose + b"\x01", "sha256")


def create_key_file(path: str | os.PathLike[str]) -> KeyFileSeal:
    """Make a new key file, 0600 and on the disk when this returns.  Raises SealError; never overwrites one.

    It appears whole or not at all, so that a process killed here leaves nothing that looks like a lost key.
    """
    target, key = Path(path), os.urandom(KEY_BYTES)
    make_private_directory(target.parent, SealError)
    create_whole(target, base64.b64encode(key) + b"\n", SealError)
    return KeyFileSeal(key)


def _read_key_file(path: Path) -> bytes:
    descriptor = open_private(path, os.O_RDONLY, SealError, lambda found: _allowed_bits(path, found))
    with os.fdopen(descriptor, "rb") as file:
        return file.read(KEY_FILE_LIMIT + 1)


def _allowed_bits(path: Path, found: os.stat_result) -> int:
    """A systemd credential is root's, mode 0440 by the mask of the ACL that lets the service user read it."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    is_credential = bool(directory) and path.parent == Path(str(directory))
    return stat.S_IRGRP if is_credential and found.st_uid == 0 and found.st_gid == 0 else 0


def _decode(path: Path, content: bytes) -> bytes:
    try:
        key = base64.b64decode(content.removesuffix(b"\n"), validate=True)
    except binascii.Error:
        raise SealError(f"{path} is not a seal key: one line of base64 was expected") from None
    if len(key) != KEY_BYTES:
        raise SealError(f"{path} is not a seal key: it holds {len(key)} bytes, not {KEY_BYTES}")
    return key
