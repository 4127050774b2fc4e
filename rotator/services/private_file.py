"""Files that hold secrets: born private, switched by one rename, never through a symlink or a directory of others.

A failed fsync is final, never tried again: what the disk then holds is not known.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rotator.core.ports import Deadline

WIDEST_MODE = 0o640
TEMPORARY = re.compile(r"\.rotator-[0-9a-f]{16}$")
LOCK_PAUSE_S = 0.05
SIZE_LIMIT = 1 << 20


class FileRefused(Exception):
    """The file was not written, or may not be read, and is as it was; the text says why."""


class FileLate(Exception):
    """There was no time left, or another writer was at work: nothing was written, try again."""


class FileUncertain(Exception):
    """The new content is in place, but the disk did not confirm that it will stay."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it stands: its content, permission bits and owner."""

    content: bytes
    mode: int
    uid: int
    gid: int


def check_directory(directory: Path) -> None:
    """Raise FileRefused unless `directory` is really there and no one else can swap what is in it.

    Every parent must belong to root or to us and be closed to other writers; a sticky one (/tmp) only above the
    directory itself.
    """
    if not directory.is_absolute():
        raise FileRefused(f"{directory}: not an absolute path")
    try:
        real = directory.resolve(strict=True)
        if real != directory:
            raise FileRefused(f"{directory}: leads through a symbolic link; name the real path, {real}")
        for place in (directory, *directory.parents):
            _check_place(place, place.stat(), sticky_is_fine=place != directory)
    except OSError as error:
        raise FileRefused(f"{directory}: {_why(error)}") from None


def _check_place(place: Path, status: os.stat_result, sticky_is_fine: bool) -> None:
    if not stat.S_ISDIR(status.st_mode):
        raise FileRefused(f"{place}: not a directory")
    if status.st_uid not in (0, os.geteuid()):
        raise FileRefused(f"{place}: belongs to another user")
    sticky = bool(status.st_mode & stat.S_ISVTX) and sticky_is_fine
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
        raise FileRefused(f"{place}: others can write to it; chmod go-w {place}")


def check_writable(directory: Path) -> None:
    """Raise FileRefused if we could not make a file in `directory`; writes nothing."""
    if not os.access(directory, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise FileRefused(f"{directory}: the service user may not write to it")


def check_program(path: Path) -> None:
    """Raise FileRefused unless `path` is a program that only root or we can change."""
    if not path.is_absolute():
        raise FileRefused(f"{path}: not an absolute path")
    try:
        real = path.resolve(strict=True)
        check_directory(real.parent)
        for place in path.parents:  # links are common here (/bin, alternatives): whoever made one must be trusted
            _check_place(place, place.stat(), sticky_is_fine=place != path.parent)
        if any(place.lstat().st_uid not in (0, os.geteuid()) for place in (path, *path.parents)):
            raise FileRefused(f"{path}: a part of the path belongs to another user")
        status = real.stat()
    except OSError as error:
        raise FileRefused(f"{path}: {_why(error)}") from None
    if not stat.S_ISREG(status.st_mode) or not os.access(path, os.X_OK):
        raise FileRefused(f"{path}: not an executable file")
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise FileRefused(f"{path}: others can change it")


def read(path: Path, private: bool = False) -> Found | None:
    """The file, or None if there is none.  Refuses links and special files; `private`: others' eyes too."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileRefused(f"{path}: {_why(error)}") from None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise FileRefused(f"{path}: not a regular file")
        if status.st_nlink > 1:
            raise FileRefused(f"{path}: has a second name (hard link), which a rename would leave behind")
        if private and (status.st_uid != os.geteuid() or status.st_mode & 0o077):
            raise FileRefused(f"{path}: must belong to the service user and be closed to others: chmod 600 {path}")
        content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise FileRefused(f"{path}: larger than {SIZE_LIMIT} bytes")
    return Found(content, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def rewrite(path: Path, change: Callable[[bytes], bytes], deadline: Deadline) -> None:
    """Replace the content by `change(content)` in one rename; owner and mode stay, never wider than 0640.

    A missing file counts as empty and is born 0600.  Other writers of the same directory that use this function
    wait for each other.  Raises FileRefused and FileLate (nothing changed) and FileUncertain.
    """
    check_directory(path.parent)
    with _locked(path.parent, deadline) as directory:
        _sweep(directory, path.name)
        found = read(path)
        content = change(found.content if found else b"")
        if deadline.over:
            raise FileLate(f"{path}: no time left, not written")
        _replace(directory, path.name, content, found)


def _replace(directory: int, name: str, content: bytes, found: Found | None) -> None:
    temporary = f".{name}.rotator-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(temporary, flags, 0o600, dir_fd=directory)
    except OSError as error:
        raise FileRefused(f"{name}: {_why(error)}") from None
    try:
        try:
            _fill(fd, content, found)
        finally:
            os.close(fd)
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise FileRefused(f"{name}: {_why(error)}; the file is as it was") from None
    try:
        os.fsync(directory)
    except OSError as error:
        raise FileUncertain(f"{name}: written, but the disk did not confirm it: {_why(error)}") from None


def _fill(fd: int, content: bytes, found: Found | None) -> None:
    if found is not None:
        if (found.uid, found.gid) != (os.geteuid(), os.getegid()):
            os.fchown(fd, found.uid, found.gid)
        os.fchmod(fd, found.mode & WIDEST_MODE)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
    os.fsync(fd)


def _sweep(directory: int, name: str) -> None:
    """Remove what a killed run left: our own temporary files for this file.  Runs under the lock."""
    for entry in os.listdir(directory):
        if entry.startswith(f".{name}.rotator-") and TEMPORARY.search(entry):
            with contextlib.suppress(OSError):
                os.unlink(entry, dir_fd=directory)


@contextlib.contextmanager
def _locked(place: Path, deadline: Deadline) -> Iterator[int]:
    try:
        directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise FileRefused(f"{place}: {_why(error)}") from None
    try:
        _lock(directory, place, deadline)
        yield directory
    finally:
        os.close(directory)


def _lock(directory: int, place: Path, deadline: Deadline) -> None:
    while True:
        try:
            return fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise FileRefused(f"{place}: cannot be locked: {_why(error)}") from None
        if deadline.over:
            raise FileLate(f"{place}: another writer is at work there")
        time.sleep(LOCK_PAUSE_S)


def _why(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a symbolic link"
    return (error.strerror or type(error).__name__).lower()
