"""What a place of several copies says that it holds while they do not agree."""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core.access_keys import KeyId


@dataclass(frozen=True, slots=True)
class Mixed:
    """`keys`: all that its copies hold, at least one; `detail` says what is wrong, some may be unreadable."""

    keys: tuple[KeyId, ...]
    detail: str = ""

    def but(self, told: str) -> KeyId | None:
        """The first copy's key that is not the one it was told: while there is one, the place is behind."""
        return next((key for key in self.keys if key != told), None)
