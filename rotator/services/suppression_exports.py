"""The files of an export: 0600, whole or not there, and gone after a time if nobody took them away."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from rotator.core.access_keys import Instant
from rotator.core.suppression import StoreError
from rotator.path_trust import NotTrusted, check_way

OURS = re.compile(r"suppression-[a-z0-9-]+-\d{8}T\d{6}Z-\d{3,}\.(csv|ndjson)(\.part)?")


class PrivateFiles:
    """A directory of ours for exports.  Raises StoreError."""

    def __init__(self, directory: Path) -> None:
        """The directory is made (0700) at the first write."""
        self._directory = directory

    def write(self, name: str, lines: Iterable[str]) -> str:
        """Write one file under another name, then rename it."""
        final, part = self._directory / name, self._directory / f"{name}.part"
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_way(final)
            part.unlink(missing_ok=True)  # what a killed run left
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            part.rename(final)
        except (OSError, NotTrusted) as error:
            raise StoreError(f"{final} cannot be written: {error}", fix="check the directory and the disk") from error
        return str(final)

    def forget(self, before: Instant) -> None:
        """Remove exports last written before `before`; nothing else in the directory is touched."""
        if not self._directory.is_dir():
            return
        for one in self._directory.iterdir():
            if OURS.fullmatch(one.name) and one.lstat().st_mtime < before:
                one.unlink(missing_ok=True)
