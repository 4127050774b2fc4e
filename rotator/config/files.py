"""Reading a file that decides where secrets go, and making a new one.

Whoever can change the configuration can send the password elsewhere, so only root and the user who runs the program may
(`rotator.path_trust`).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from rotator import path_trust
from rotator.core import foreign_text
from rotator.core.errors import ConfigurationError
from rotator.path_trust import NotTrusted

LARGEST_BYTES = 256 * 1024  # a thousand users fit; a file that is larger is another file
WRITE_ONE, LOOK = "write one: rotator config init", "check the path and its permissions"


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


def program_problems(argv: Sequence[str], own: Sequence[str] = ()) -> Iterator[tuple[int, str]]:
    """Why a configured program, or a file in its arguments but `own`, may not be run: (index in `argv`, sentence).

    What is not there is left to the moment of use: a file for another machine can be checked here.
    """
    for index, argument in enumerate(argv):
        try:
            if index == 0:
                path_trust.check_program(Path(argument))
            elif argument not in own:
                path_trust.check_argument(argument)
        except NotTrusted as found:
            if found.errno not in (errno.ENOENT, errno.ENOTDIR):
                yield index, f"{'a file in its arguments' if index else 'the program'} is not safe: {found}"


def check_directories(path: str) -> None:
    """Raise ConfigurationError unless everything on the way to `path`, links included, is safe."""
    if foreign_text.has_control(path):
        raise ConfigurationError("the path holds a control character or an invisible one")
    try:
        path_trust.check_way(Path(path), link_is_fine=True)
    except NotTrusted as found:
        raise _not_safe(found) from None


def make_directory(path: str) -> None:
    """Make the directory, 0700, if it is not there.  Raises ConfigurationError."""
    if os.path.lexists(path):
        return
    try:
        check_directories(path)
        os.mkdir(path, mode=0o700)  # noqa: PTH102 - as the other calls here
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be made: {error.strerror}", fix=LOOK) from None


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
    try:
        path_trust.check_changeable(Path(path), status)
    except NotTrusted as found:
        raise _not_safe(found) from None
    if status.st_nlink > 1:
        raise ConfigurationError(
            f"{path} has {status.st_nlink} hard links: it can be changed under another name",
            fix=f"make a copy that stands alone: cp {path} {path}.new && mv {path}.new {path}",
        )


def _not_safe(found: NotTrusted) -> ConfigurationError:
    if found.errno:
        return ConfigurationError(str(found), fix=WRITE_ONE if found.errno == errno.ENOENT else LOOK)
    return ConfigurationError(
        str(found), why="whoever can change the configuration can send the password elsewhere", fix=found.fix
    )


def _not_opened(path: str, error: OSError) -> ConfigurationError:
    if error.errno == errno.ELOOP:
        return ConfigurationError(f"{path} is a symbolic link", fix="name the file itself")
    fix = WRITE_ONE if error.errno == errno.ENOENT else LOOK
    return ConfigurationError(f"{path} cannot be read: {error.strerror}", fix=fix)
