"""Reading a file that decides where secrets go, and making a new one.

Whoever can change the configuration can send the password elsewhere, so it, and every directory above it, belongs to
root or to the user who runs the program, and nobody else may write there.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from rotator.core import trust
from rotator.core.errors import ConfigurationError

LARGEST_BYTES = 256 * 1024  # a thousand users fit; a file that is larger is another file
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_safely(path: str) -> bytes:
    """The content of a regular file that only root or we can have written.  Raises ConfigurationError."""
    check_directories(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not hang us
    except OSError as error:
        raise _not_opened(path, error) from None
    try:
        _check_file(path, os.fstat(handle))
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise _not_opened(path, error) from None
    finally:
        os.close(handle)
    if len(content) > LARGEST_BYTES:
        raise ConfigurationError(f"{path} is larger than {LARGEST_BYTES // 1024} KiB", fix="is it the right file?")
    return content


def check_program(path: str) -> str | None:
    """Why a configured program may not be run, or None.  One that is not there is left to the moment of use."""
    try:
        status = Path(path).stat()
        check_directories(path)
        _check_owner(path, status)
        _check_mode(path, status)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"cannot be examined: {error.strerror}"
    except ConfigurationError as error:
        return f"is not safe: {error}"
    if not stat.S_ISREG(status.st_mode) or not status.st_mode & 0o111:
        return "is not an executable file"
    return None


def check_directories(path: str) -> None:
    """Raise ConfigurationError unless every directory above `path`, links followed or not, is safe."""
    if trust.has_control(path):
        raise ConfigurationError("the path holds a control character or an invisible one")
    given = Path(os.path.abspath(path)).parents  # noqa: PTH100 - resolve() would follow the links that are judged here
    followed = (Path(os.path.realpath(path)).parent / "x").parents
    for directory in dict.fromkeys([*given, *followed]):
        try:
            status = directory.lstat()
        except OSError as error:
            raise _not_opened(str(directory), error) from None
        _check_owner(str(directory), status)
        sticky_of_root = status.st_mode & stat.S_ISVTX and status.st_uid == 0  # /tmp: nobody can replace our entry
        if not stat.S_ISLNK(status.st_mode) and not sticky_of_root:
            _check_mode(str(directory), status)


def write_new(path: str, text: str) -> None:
    """Make the file, whole, 0600, and never over another.  Raises ConfigurationError."""
    check_directories(path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} exists and is never overwritten", fix="edit it, or move it away first, then run this again"
        ) from None
    except OSError as error:
        raise _not_opened(path, error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        Path(path).unlink(missing_ok=True)  # ours by O_EXCL; half a file would be read as a whole one
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}", fix="check the disk") from None


def _check_file(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"{path} is not a regular file", fix="name the configuration file itself")
    _check_owner(path, status)
    _check_mode(path, status)
    if status.st_nlink > 1:
        raise ConfigurationError(
            f"{path} has {status.st_nlink} hard links: it can be changed under another name",
            fix=f"make a copy that stands alone: cp {path} {path}.new && mv {path}.new {path}",
        )


def _check_owner(path: str, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise ConfigurationError(
            f"{path} belongs to uid {status.st_uid}; it must belong to root or to the user who runs this "
            f"(uid {os.geteuid()})",
            why="whoever can change the configuration can send the password elsewhere",
            fix=f"chown it, or run as its owner: chown root {path}",
        )


def _check_mode(path: str, status: os.stat_result) -> None:
    if status.st_mode & OTHERS_WRITE:
        raise ConfigurationError(
            f"{path} can be written by its group or by others (mode {stat.S_IMODE(status.st_mode):04o})",
            why="whoever can change the configuration can send the password elsewhere",
            fix=f"chmod go-w {path}",
        )


def _not_opened(path: str, error: OSError) -> ConfigurationError:
    if error.errno == errno.ELOOP:
        return ConfigurationError(f"{path} is a symbolic link", fix="name the file itself")
    fix = "write one: rotator config init" if error.errno == errno.ENOENT else "check the path and its permissions"
    return ConfigurationError(f"{path} cannot be read: {error.strerror}", fix=fix)
