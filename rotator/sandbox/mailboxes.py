"""Where mail ends up: one pile of raw messages an address, and those who want to be told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage


class Mailboxes:
    """All the world's recipients.  Addresses are compared without case.  Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._raw: dict[str, list[bytes]] = {}
        self._told: dict[str, Callable[[bytes], None]] = {}

    def register(self, address: str, callback: Callable[[bytes], None]) -> None:
        """Hand every later mail for `address` to `callback` too (it is kept here in any case)."""
        with self._lock:
            self._told[address.lower()] = callback

    def deliver(self, rcpt: str, raw: bytes) -> None:
        """Put a mail into the recipient's mailbox, and tell whoever registered for it."""
        with self._lock:
            self._raw.setdefault(rcpt.lower(), []).append(raw)
            callback = self._told.get(rcpt.lower())
        if callback is not None:
            callback(raw)

    def messages(self, address: str) -> list[EmailMessage]:
        """What arrived for `address`, oldest first, parsed."""
        with self._lock:
            raws = list(self._raw.get(address.lower(), []))
        return [message_from_bytes(raw, policy=policy.default) for raw in raws]

    def count(self) -> int:
        """How many mails were delivered in all."""
        with self._lock:
            return sum(len(raws) for raws in self._raw.values())
