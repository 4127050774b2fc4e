"""One answer to "who could change this?", whoever asks: configuration, journal, seal key, program, password file."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from rotator.cli.main import main_inner
from rotator.config.files import make_directory, read_safely, write_new
from rotator.core.errors import RotatorError, SealError
from rotator.journal.private_files import open_private
from rotator.path_trust import NotTrusted, check_way
from rotator.services import private_file
from rotator.services.private_file import FileRefused
from rotator.wiring.first_use import make_seal_key

SOMEBODY = 12345
Arrange = Callable[[Path], Path]


def mode(bits: int, levels: int = 1) -> Arrange:
    """A directory so many levels above the file has this mode."""

    def change(path: Path) -> Path:
        list(path.parents)[levels - 1].chmod(bits)
        return path

    return change


def given_away(path: Path) -> Path:
    """The directory is somebody else's."""
    os.chown(path.parent, SOMEBODY, -1)
    return path


def through_a_link(path: Path, owner: int = -1) -> Path:
    """The file is reached through a link above its directory."""
    link = path.parents[2] / "link"
    link.symlink_to(path.parents[1])
    os.chown(link, owner, -1, follow_symlinks=False)
    return link / path.parent.name / path.name


def through_two_links(path: Path) -> Path:
    """A link of ours leads to a link of somebody else, which leads to the right place today."""
    there = through_a_link(path, SOMEBODY).parents[1]
    ours = path.parents[2] / "ours"
    ours.symlink_to(there)
    return ours / path.parent.name / path.name


CASES: dict[str, tuple[Arrange, str]] = {
    "as it should be": (lambda path: path, ""),
    "the group writes its directory": (mode(0o770), "others may write"),
    "everybody writes its directory": (mode(0o707), "others may write"),
    "its directory is sticky": (mode(0o1777), "others may write"),
    "everybody writes the one above": (mode(0o777, 2), "others may write"),
    "the one above is sticky": (mode(0o1777, 2), ""),
    "its directory is somebody else's": (given_away, f"uid {SOMEBODY}"),
    "a link of ours above it": (through_a_link, ""),
    "somebody else's link above it": (lambda path: through_a_link(path, SOMEBODY), f"uid {SOMEBODY}"),
    "somebody else's link behind one of ours": (through_two_links, f"uid {SOMEBODY}"),
}


def as_configuration(path: Path) -> None:
    """How the configuration file is read."""
    path.chmod(0o600)
    read_safely(str(path))


def as_seal_key(path: Path) -> None:
    """How journal and seal key are opened."""
    path.chmod(0o600)
    os.close(open_private(path, os.O_RDONLY, SealError))


def as_program(path: Path) -> None:
    """How a hook is judged."""
    path.chmod(0o700)
    private_file.check_command((str(path),))


def as_password_file(path: Path) -> None:
    """How a password file is judged."""
    private_file.check_place(path)


def as_argument(path: Path) -> None:
    """How a script is judged that an interpreter is given."""
    private_file.check_command(("/bin/sh", str(path)))


USES = (as_configuration, as_seal_key, as_program, as_password_file, as_argument)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize(("arrange", "words"), CASES.values(), ids=CASES.keys())
def test_everybody_gets_the_same_answer(
    tmp_path: Path, arrange: Arrange, words: str, use: Callable[[Path], None]
) -> None:
    """What is safe for one is safe for all, and what is not names the same thing."""
    path = tmp_path.resolve() / "one" / "two" / "file"
    path.parent.mkdir(mode=0o700, parents=True)
    path.write_text("")
    path.chmod(0o700)
    path = arrange(path)
    if not words:
        use(path)
        return
    with pytest.raises((RotatorError, FileRefused), match=words):
        use(path)


ODD = {
    "a loop of links": "loop/below/file",
    "a file where a directory should be": "plain/file",
    "nothing there": "nowhere/file",
    "a name that no file can have": "a\0b/file",
}


@pytest.mark.parametrize("name", ODD.values(), ids=ODD.keys())
def test_what_cannot_be_looked_at_is_told(tmp_path: Path, name: str) -> None:
    """A sentence, never an exception of the system."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "plain").touch()
    with pytest.raises(NotTrusted) as caught:
        check_way(tmp_path.resolve() / name, link_is_fine=True)
    assert str(caught.value)


NAMES = {
    "a name that is too long": "x" * 300,
    "below a file": "plain/below",
    "below a loop of links": "loop/below",
    "below nothing": "nowhere/below",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_no_odd_path_is_a_bug(tmp_path: Path, name: str) -> None:
    """A seal key, a hand-over, a first file: wherever a person says, the answer is an error in words, or it works."""
    path = tmp_path.resolve() / name
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "plain").touch()
    uses: list[Callable[[str], object]] = [make_seal_key, lambda one: write_new(one, "x"), _first_file]
    for use in uses:
        with suppress(RotatorError):
            use(str(path))
    with pytest.raises(RotatorError):
        main_inner(["handover", "jada", "alias", "--out", str(path), "-c", str(path)])


def _first_file(path: str) -> None:
    make_directory(path)
    write_new(f"{path}/config.yaml", "version: 1\n")
