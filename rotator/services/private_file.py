"""Files that hold secrets: born private, switched by one rename, never through a symlink or a directory of others.

What a file had before is kept beside it as `.NAME.previous`.  A failed fsync is final, never tried again: what the disk
then holds is not known.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rotator import path_trust
from rotator.core.ports import Deadline
from rotator.path_trust import NotTrusted

WIDEST_MODE = 0o640
TEMPORARY = re.compile(r"\.rotator-[0-9a-f]{16}$")
LOCK_PAUSE_S = 0.05
SIZE_LIMIT = 1 << 20
NO_NAMELESS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL})  # open(2), O_TMPFILE
GET_FLAGS = 2 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 1  # ioctl_iflags(2): FS_IOC_GETFLAGS
FROZEN = 0x10 | 0x20  # FS_IMMUTABLE_FL, FS_APPEND_FL
# Bound to a file's content (integrity, capabilities) or not ours to give: everything else goes with the file.
LEFT_BEHIND = ("security.ima", "security.evm", "security.capability", "trusted.")


class FileRefused(Exception):
    """The file was not written, or may not be read, and is as it was; the text says why."""


class FileLate(Exception):
    """There was no time left, or another writer was at work: nothing was written, try again."""


class FileUncertain(Exception):
    """The new content is in place, but the disk did not confirm that it will stay."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it stands: its content, permission bits, owner, and extended attributes (access lists among them)."""

    content: bytes
    mode: int
    uid: int
    gid: int
    attributes: tuple[tuple[str, bytes], ...] = field(default=())

    @property
    def narrowed(self) -> bool:
        """Whether a rewrite takes permissions away: more than owner and a reading group could see the secret."""
        return self.mode & ~WIDEST_MODE != 0


def previous(path: Path) -> Path:
    """Where the version before the last change is kept."""
    return path.with_name(f".{path.name}.previous")


def check_place(path: Path) -> None:
    """Raise FileRefused if anybody else could swap the file or what is above it."""
    if not path.is_absolute():
        raise FileRefused(f"{path}: not an absolute path")
    with _trusting():
        path_trust.check_way(path)


def check_writable(directory: Path) -> None:
    """Raise FileRefused if we could not make a file in `directory` and see what is there; writes nothing."""
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise FileRefused(f"{directory}: the service user may not read and write it")


def check_replaceable(path: Path, found: Found | None) -> None:
    """Raise FileRefused if a new file like `found` could not take the place of `path`; nothing is seen of the trial.

    A file without a name is given the size, the owner, the attributes and the mode that the new one would have, and
    is gone when it is closed.  Where the file system knows no such files nothing is learnt.
    """
    if found is not None and _frozen(path):
        raise FileRefused(f"{path}: marked as immutable or append-only: chattr -ia {path}")
    try:
        fd = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in NO_NAMELESS:
            return
        raise FileRefused(f"{path}: cannot be replaced: {_why(error)}") from None
    try:
        _fill(fd, bytes(len(found.content)) if found else b"", found)
    except OSError as error:
        raise FileRefused(f"{path}: cannot be replaced by one of the same owner and size: {_why(error)}") from None
    finally:
        os.close(fd)


def _frozen(path: Path) -> bool:
    """Whether chattr keeps the file from being renamed over, which no mode shows; no, if nobody can tell."""
    flags = bytearray(struct.calcsize("l"))
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            fcntl.ioctl(fd, GET_FLAGS, flags)
        finally:
            os.close(fd)
    return bool(int.from_bytes(flags[:4], sys.byteorder) & FROZEN)


def check_command(argv: tuple[str, ...], own: tuple[Path, ...] = ()) -> None:
    """Raise FileRefused unless only root or we can change the program, and every file that its arguments name.

    `own`: files that the program is there to read, and that are looked at elsewhere.
    """
    with _trusting():
        path_trust.check_program(Path(argv[0]))
        for argument in argv[1:]:
            if Path(argument) not in own:
                path_trust.check_argument(argument)


@contextlib.contextmanager
def _trusting() -> Iterator[None]:
    try:
        yield
    except NotTrusted as found:
        raise FileRefused(f"{found}; {found.fix}" if found.fix else str(found)) from None


def read(path: Path, private: bool = False) -> Found | None:
    """The file, or None if there is none.  Refuses links and special files; `private`: others' eyes too."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise FileRefused(f"{path}: {_why(error)}") from None
    try:
        return _found(path, fd, private)
    except OSError as error:
        raise FileRefused(f"{path}: {_why(error)}") from None
    finally:
        os.close(fd)


def _found(path: Path, fd: int, private: bool) -> Found:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused(f"{path}: not a regular file")
    if status.st_nlink > 1:
        raise FileRefused(f"{path}: has a second name (hard link), which a rename would leave behind")
    if private and (status.st_uid != os.geteuid() or status.st_mode & 0o077):
        raise FileRefused(f"{path}: must belong to the service user and be closed to others: chmod 600 {path}")
    with open(fd, "rb", closefd=False) as file:
        content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise FileRefused(f"{path}: larger than {SIZE_LIMIT} bytes")
    return Found(content, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, _attributes(fd))


def _attributes(fd: int) -> tuple[tuple[str, bytes], ...]:
    try:
        names = [one for one in os.listxattr(fd) if not one.startswith(LEFT_BEHIND)]
        return tuple((name, os.getxattr(fd, name)) for name in sorted(names))
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS):  # a file system that has none
            return ()
        raise


def rewrite(path: Path, change: Callable[[bytes], bytes], deadline: Deadline, *, keep: bool = False) -> None:
    """Replace the content by `change(content)` in one rename; owner and mode stay, never wider than 0640.

    A missing file counts as empty and is born 0600.  `keep`: what another content replaces stays as `previous(path)`.
    Other writers of the same directory that use this function wait for each other.  Raises FileRefused and FileLate
    (nothing changed) and FileUncertain.
    """
    check_place(path)
    with _locked(path.parent, deadline) as directory:
        _sweep(directory, path)
        found = read(path)
        content = change(found.content if found else b"")
        if deadline.over:
            raise FileLate(f"{path}: no time left, not written")
        with _prepared(directory, path, content, found) as switch:
            if keep and found is not None and found.content != content:
                with _prepared(directory, previous(path), found.content, found) as put_aside:
                    put_aside()
            switch()


@contextlib.contextmanager
def _prepared(directory: int, path: Path, content: bytes, found: Found | None) -> Iterator[Callable[[], None]]:
    """The content on the disk beside `path`, and what puts it in its place.  Raises FileRefused, FileUncertain."""
    temporary = f".{path.name}.rotator-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(temporary, flags, 0o600, dir_fd=directory)
        try:
            _fill(fd, content, found)
        finally:
            os.close(fd)
        yield lambda: _switch(directory, temporary, path)
    except OSError as error:
        raise FileRefused(f"{path}: {_why(error)}; the file is as it was") from None
    finally:
        with contextlib.suppress(OSError):  # gone, if it was put in its place
            os.unlink(temporary, dir_fd=directory)


def _switch(directory: int, temporary: str, path: Path) -> None:
    os.rename(temporary, path.name, src_dir_fd=directory, dst_dir_fd=directory)
    try:
        os.fsync(directory)
    except OSError as error:
        raise FileUncertain(f"{path}: written, but the disk did not confirm it: {_why(error)}") from None


def _fill(fd: int, content: bytes, found: Found | None) -> None:
    if found is not None:
        if (found.uid, found.gid) != (os.geteuid(), os.getegid()):
            os.fchown(fd, found.uid, found.gid)
        for name, value in found.attributes:
            _give(fd, name, value)
        os.fchmod(fd, found.mode & WIDEST_MODE)  # last: an access list in the attributes has its own idea of the mode
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
    os.fsync(fd)


def _give(fd: int, name: str, value: bytes) -> None:
    """The attribute, unless the new file was born with it (an SELinux label).  Raises OSError, naming it."""
    with contextlib.suppress(OSError):
        if os.getxattr(fd, name) == value:
            return
    try:
        os.setxattr(fd, name, value)
    except OSError as error:
        raise OSError(error.errno, f"its attribute {name} cannot be kept: {_why(error)}") from None


def _sweep(directory: int, path: Path) -> None:
    """Remove what a killed run left: our own temporary files for this file.  Runs under the lock."""
    names = (path.name, previous(path).name)
    try:
        entries = os.listdir(directory)
    except OSError as error:
        raise FileRefused(f"{path.parent}: {_why(error)}") from None
    for entry in entries:
        if TEMPORARY.search(entry) and any(entry.startswith(f".{name}.rotator-") for name in names):
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


def _why(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return "a name that no file can have"
    if error.errno == errno.ELOOP:
        return "a symbolic link"
    return (error.strerror or type(error).__name__).lower()
