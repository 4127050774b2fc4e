"""Who could change, swap or read a path: one answer for the configuration, the journal, its seal, programs, passwords.

A path is trusted if everything on the way to it, directories and links alike, belongs to root or to the user who runs
this, and nobody else may write there.  A sticky directory of root (/tmp) is fine on the way, because nobody can
replace what is ours in it, but never as the directory of the file itself, where anybody can put a file beside it.
Links of root or ours are followed and what they lead through is judged as well.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
HEAD, BINARY = 256, b"\x7fELF"  # execve(2)
SCRIPT = re.compile(rb"#![ \t]*([^ \t\n]+)")
FORMATS = "/proc/sys/fs/binfmt_misc"
MOST_LINKS = 40  # Linux: path_resolution(7)


class NotTrusted(Exception):
    """What is wrong with a path, as a sentence; `fix` mends it; `errno` if the system would not let us look."""

    def __init__(self, seen: str, fix: str = "", errno: int | None = None) -> None:
        super().__init__(seen)
        self.fix, self.errno = fix, errno


def check_way(path: Path, *, link_is_fine: bool = False) -> None:
    """Raise NotTrusted unless nobody else can put another file in the place of `path`; it need not be there.

    `link_is_fine`: the directory of the file may be reached by a link; never for files that are written.
    """
    directory = Path(os.path.abspath(path)).parent  # noqa: PTH100 - resolve() would follow the links judged here
    if not link_is_fine and directory.is_symlink():
        real = os.path.realpath(directory)
        raise NotTrusted(f"{directory} is a symbolic link", f"name the real directory: {real}")
    way = list(_way(directory))
    for place, status in way:
        _check_place(place, status, is_last=place == way[-1][0])


def check_owner(path: Path, status: os.stat_result) -> None:
    """Raise NotTrusted unless the thing belongs to root or to us."""
    if status.st_uid not in (0, os.geteuid()):
        seen = f"{path} belongs to uid {status.st_uid}, not to root or uid {os.geteuid()} who runs this"
        raise NotTrusted(seen, f"chown root {path}, or run this as its owner")


def check_changeable(path: Path, status: os.stat_result) -> None:
    """Raise NotTrusted if anybody but root and us could change the file."""
    check_owner(path, status)
    if status.st_mode & OTHERS_WRITE:
        raise NotTrusted(_open(path, status), f"chmod go-w {path}")


def check_program(path: Path) -> None:
    """Raise NotTrusted unless `path` is a program that starts and that only root or we can change.

    It may be a link (/bin/sh).  The interpreter that a script names is a program as well.
    """
    _check_file(path)
    if not os.access(path, os.X_OK):
        raise NotTrusted(f"{path} is not an executable file", f"chmod u+x {path}")
    head = _head(path)
    script = SCRIPT.match(head)
    if script is None:
        if head and not head.startswith(BINARY) and not _other_formats():
            raise NotTrusted(f"{path} does not start: it has no first line #!", "begin it with #!/bin/sh, say")
        return
    interpreter = Path(os.fsdecode(script[1]))
    try:
        _check_file(interpreter)
    except NotTrusted as found:
        raise NotTrusted(f"{path} begins with #!{str(interpreter)!r}: {found}", found.fix, found.errno) from None
    if not os.access(interpreter, os.X_OK):
        raise NotTrusted(f"{path} begins with #!{interpreter}, which is not executable", "name a program there")


def check_argument(argument: str) -> None:
    """Raise NotTrusted if a program's argument names a file that is there and that others can change.

    An interpreter runs its first file, and a program may run or believe any: nobody can tell which.
    """
    if argument.startswith("/") and "\0" not in argument and os.path.isfile(argument):  # noqa: PTH113 - no loop error
        _check_file(Path(argument))


def _head(path: Path) -> bytes:
    """The first bytes of a program; nothing, if it may be run and not read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""


def _other_formats() -> bool:
    """Whether this system was told to start anything but programs and scripts."""
    try:
        return bool(set(os.listdir(FORMATS)) - {"register", "status"})  # noqa: PTH208 - names alone are wanted
    except OSError:
        return False


def _check_file(path: Path) -> None:
    if not path.is_absolute():
        raise NotTrusted(f"{path} is not an absolute path", "name it by its whole path")
    check_way(path, link_is_fine=True)
    *_, (real, status) = _way(path)
    if not stat.S_ISREG(status.st_mode):
        raise NotTrusted(f"{path} is not an executable file", "name the file itself")
    check_way(real, link_is_fine=True)
    check_changeable(real, status)


def _way(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """What the system goes through to `path`: each directory, each link, then the thing itself.  Raises NotTrusted."""
    here, rest, links = Path("/"), list(path.parts[1:]), 0
    yield here, _looked_at(here)
    while rest:
        part = rest.pop(0)
        if part == "..":
            here = here.parent
            continue
        place = here / part
        status = _looked_at(place)
        yield place, status
        if not stat.S_ISLNK(status.st_mode):
            here = place
            continue
        if (links := links + 1) > MOST_LINKS:
            raise NotTrusted(f"{path} cannot be looked at: a loop of symbolic links", errno=errno.ELOOP)
        target = _target(place)
        here = Path("/") if target.is_absolute() else here
        rest[:0] = [one for one in target.parts if one != "/"]


def _looked_at(place: Path) -> os.stat_result:
    try:
        return place.lstat()
    except (OSError, ValueError) as error:
        raise _unseen(place, error) from None


def _target(link: Path) -> Path:
    try:
        return link.readlink()
    except OSError as error:
        raise _unseen(link, error) from None


def _unseen(place: Path, error: OSError | ValueError) -> NotTrusted:
    why = error.strerror if isinstance(error, OSError) else "a name that no file can have"
    return NotTrusted(f"{place} cannot be looked at: {why}", errno=getattr(error, "errno", None))


def _check_place(place: Path, status: os.stat_result, *, is_last: bool) -> None:
    check_owner(place, status)
    if stat.S_ISLNK(status.st_mode):
        return
    if not stat.S_ISDIR(status.st_mode):
        raise NotTrusted(f"{place} is not a directory", "correct the path")
    sticky_of_root = bool(status.st_mode & stat.S_ISVTX) and status.st_uid == 0 and not is_last
    if status.st_mode & OTHERS_WRITE and not sticky_of_root:
        raise NotTrusted(_open(place, status), f"chmod go-w {place}")


def _open(path: Path, status: os.stat_result) -> str:
    return f"{path} has mode {stat.S_IMODE(status.st_mode):04o}: its group or others may write there"
