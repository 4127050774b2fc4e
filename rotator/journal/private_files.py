"""Files that only their owner may read or write: born private, refused when somebody else could reach them.

Which path is trusted is said in `rotator.path_trust`; what lies here must also be closed to others' eyes.  Every check
raises the error class it is given, with the path and the exact reason.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from rotator.core.errors import Exit, RotatorError
from rotator.path_trust import NotTrusted, check_way

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700
TEMPORARY = "rotator-"
OTHERS = stat.S_IRWXG | stat.S_IRWXO

_UNSAFE = "whoever can reach the journal or its key can read the passwords, or make this program act on a false memory"
_NAME_IT = "put the real thing in its place, or correct the path in the configuration"

Failure = type[RotatorError]


def _nothing(found: os.stat_result) -> int:
    return 0


def create_private(path: Path, error: Failure) -> int:
    """A descriptor of the new file `path`, 0600 whatever the umask.  Never opens what is already there."""
    refuse_unsafe_parents(path, error)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, PRIVATE_FILE)
        os.fchmod(descriptor, PRIVATE_FILE)
    except FileExistsError:
        raise error(f"{path} exists already and is never overwritten") from None
    except OSError as failure:
        raise error(f"{path} cannot be created: {failure.strerror}") from failure
    return descriptor


def create_whole(path: Path, content: bytes, error: Failure) -> None:
    """The new file `path`, 0600, with all of `content`: there at once, and on the disk when this returns.

    Written under another name and renamed; the directory's lock keeps two processes from doing so at once, and what
    a killed one left is removed.
    """
    refuse_unsafe_parents(path, error)
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as failure:
        raise error(f"{path.parent} cannot be opened: {failure.strerror}") from failure
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        for left in path.parent.glob(f".{path.name}.{TEMPORARY}*"):
            left.unlink()
        if os.path.lexists(path):
            raise error(f"{path} exists already and is never overwritten")
        _rename_whole(path, content, directory)
    except OSError as failure:
        raise error(f"{path} cannot be written: {failure.strerror}") from failure
    finally:
        os.close(directory)


def _rename_whole(path: Path, content: bytes, directory: int) -> None:
    temporary = path.with_name(f".{path.name}.{TEMPORARY}{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), PRIVATE_FILE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        os.fsync(directory)
    except OSError:
        for name in (temporary, path):
            name.unlink(missing_ok=True)
        raise


def open_private(path: Path, flags: int, error: Failure, allowed: Callable[[os.stat_result], int] = _nothing) -> int:
    """A descriptor of the trusted, private file `path`; O_NONBLOCK so that a FIFO cannot hold us."""
    refuse_unsafe_parents(path, error)
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, PRIVATE_FILE)
    except OSError as failure:
        if path.is_symlink():
            raise _unsafe(error, f"{path} cannot be opened: it is a symbolic link", _NAME_IT) from None
        raise error(f"{path} cannot be opened: {failure.strerror}") from failure
    try:
        found = os.fstat(descriptor)
        refuse_shared(path, found, error, allowed(found))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def refuse_shared(path: Path, found: os.stat_result, error: Failure, allowed: int = 0) -> None:
    """Raise unless `found` is a regular file of ours under one name, closed to others but for the bits `allowed`."""
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise _unsafe(error, f"{path} is {_kind(found)}, not a regular file", _NAME_IT)
    if not _trusted(found):
        raise _foreign(path, found, error)
    if found.st_nlink != 1:
        seen = f"{path} has {found.st_nlink} hard links: somebody else may reach it by another name"
        raise _unsafe(error, seen, f"find -samefile {path}, and remove the other name")
    if mode & OTHERS & ~allowed:
        raise _unsafe(error, f"{path} has mode {mode:04o}: others may reach it", f"chmod 600 {path}")


def refuse_unsafe_parents(path: Path, error: Failure) -> None:
    """Raise if the directory of `path` is a link, or if others could swap any directory above it."""
    try:
        check_way(path)
    except NotTrusted as found:
        raise error(str(found)) if found.errno else _unsafe(error, str(found), found.fix) from None


def make_private_directory(directory: Path, error: Failure) -> None:
    """Create `directory` and what is missing above it, each 0700 whatever the umask; existing ones stay as they are."""
    if os.path.isdir(directory):  # noqa: PTH112 - Path.is_dir() raises where it may not look
        return
    make_private_directory(directory.absolute().parent, error)
    try:
        directory.mkdir(PRIVATE_DIRECTORY)
        directory.chmod(PRIVATE_DIRECTORY)
        sync_directory(directory.parent)
    except FileExistsError:
        pass  # another process was quicker; the checks of its parents decide
    except OSError as failure:
        raise error(f"{directory} cannot be created: {failure.strerror}") from failure


def sync_directory(directory: Path) -> None:
    """Make new names in `directory` survive a power loss.  Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _trusted(found: os.stat_result) -> bool:
    return found.st_uid in (0, os.geteuid())


def _foreign(path: Path, found: os.stat_result, error: Failure) -> RotatorError:
    seen = f"{path} belongs to uid {found.st_uid}, not to root or uid {os.geteuid()}"
    fix = f"run the command as the owner (uid {found.st_uid}), or give the file to the user who runs it"
    return _unsafe(error, seen, fix)


def _unsafe(error: Failure, seen: str, fix: str) -> RotatorError:
    """A path that others could read, change or swap is a matter of set-up, like a wrong configuration."""
    unsafe = error(seen, why=_UNSAFE, fix=fix, id="unsafe-path", runbook="runbooks/configuration.md")
    unsafe.exit_code = Exit.USAGE
    return unsafe


def _kind(found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return "a symbolic link"
    return "a directory" if stat.S_ISDIR(found.st_mode) else "a special file"
