"""Only root or the user who runs the program can have written the configuration."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rotator.config.files import LARGEST_BYTES, program_problems, read_safely, write_new
from rotator.config.loader import load
from rotator.core.errors import ConfigurationError
from tests.config.samples import NINE_LINES

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
SOMEBODY = 12345


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A good file in a good directory."""
    path = tmp_path / "etc" / "config.yaml"
    path.parent.mkdir(mode=0o755)
    path.write_text(NINE_LINES)
    path.chmod(0o644)
    return path


def test_a_file_of_ours_in_directories_of_ours_loads(config: Path) -> None:
    """Also below /tmp, which is sticky and root's."""
    assert load(config, {}).user(None).name == "jada-ses-smtp"


def _symlink(config: Path) -> None:
    config.rename(config.with_name("real"))
    config.symlink_to("real")


def _hard_link(config: Path) -> None:
    os.link(config, config.with_name("other"))


def _fifo(config: Path) -> None:
    config.unlink()
    os.mkfifo(config, 0o600)


def _directory(config: Path) -> None:
    config.unlink()
    config.mkdir(mode=0o755)


ATTACKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "the group can write it": (lambda path: path.chmod(0o664), "its group or others may write there"),
    "everybody can write it": (lambda path: path.chmod(0o646), "its group or others may write there"),
    "the group can write its directory": (lambda path: path.parent.chmod(0o775), "etc has mode .* others may write"),
    "everybody can write its directory": (lambda path: path.parent.chmod(0o757), "etc has mode .* others may write"),
    "it is a symbolic link": (_symlink, "is a symbolic link"),
    "it has a second name": (_hard_link, "has 2 hard links"),
    "it is a pipe that would hang us": (_fifo, "is not a regular file"),
    "it is a directory": (_directory, "is not a regular file"),
    "it is not there": (lambda path: path.unlink(), "cannot be read: No such file"),
    "it is huge": (lambda path: path.write_text("#" * (LARGEST_BYTES + 1)), "is larger than 256 KiB"),
    "it is no text": (lambda path: path.write_bytes(b"version: \xff"), "is not UTF-8 at byte 9"),
}


@pytest.mark.parametrize(("attack", "words"), ATTACKS.values(), ids=ATTACKS.keys())
def test_a_file_that_others_could_have_written_is_refused(
    config: Path, attack: Callable[[Path], object], words: str
) -> None:
    """Whoever writes it decides where the password goes."""
    attack(config)
    with pytest.raises(ConfigurationError, match=words) as caught:
        load(config, {})
    assert caught.value.fix


@needs_root
@pytest.mark.parametrize("what", ["file", "directory"])
def test_somebody_elses_file_is_refused(config: Path, what: str) -> None:
    """It must be root's or ours, and so must every directory."""
    os.chown(config if what == "file" else config.parent, SOMEBODY, -1)
    with pytest.raises(ConfigurationError, match="belongs to uid 12345, not to root or uid"):
        load(config, {})


def test_a_sticky_directory_is_fine_on_the_way_and_not_as_the_last(config: Path) -> None:
    """In root's /tmp nobody can replace what is ours, but anybody can put a file beside it."""
    config.parent.parent.chmod(0o1777)
    load(config, {})
    config.parent.chmod(0o1777)
    with pytest.raises(ConfigurationError, match="others may write"):
        load(config, {})


@needs_root
def test_a_sticky_directory_of_somebody_else_is_refused(config: Path) -> None:
    """Its owner can replace what is inside."""
    config.parent.parent.chmod(0o1777)
    os.chown(config.parent.parent, SOMEBODY, -1)
    with pytest.raises(ConfigurationError, match="belongs to uid 12345"):
        load(config, {})


def test_a_link_to_a_directory_is_followed_and_its_target_judged(config: Path) -> None:
    """A link of ours is fine, what it leads through must be safe as well."""
    link = config.parent.parent / "link"
    link.symlink_to("etc")
    load(link / "config.yaml", {})
    config.parent.chmod(0o777)
    with pytest.raises(ConfigurationError, match="its group or others may write"):
        load(link / "config.yaml", {})


@needs_root
def test_a_link_of_somebody_else_is_refused(config: Path) -> None:
    """In a sticky directory anybody can plant one, and turn it later."""
    link = config.parent.parent / "link"
    link.symlink_to("etc")
    os.chown(link, SOMEBODY, -1, follow_symlinks=False)
    with pytest.raises(ConfigurationError, match="link belongs to uid 12345"):
        load(link / "config.yaml", {})


def test_a_path_with_a_control_character_is_refused(tmp_path: Path) -> None:
    """It would stand in messages and crontabs."""
    with pytest.raises(ConfigurationError, match="control character"):
        read_safely(f"{tmp_path}/a\nb")


@pytest.fixture(params=[0o000, 0o077], ids=["umask 000", "umask 077"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The widest and the narrowest that people have."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_a_new_file_is_private_and_whole(tmp_path: Path, umask: int) -> None:
    """Whatever the umask."""
    path = tmp_path / "config.yaml"
    write_new(str(path), NINE_LINES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == NINE_LINES


@pytest.mark.parametrize("what", ["a file", "a link to nowhere"])
def test_a_new_file_never_replaces_another(tmp_path: Path, what: str) -> None:
    """Nor does it follow a link that somebody planted."""
    path, elsewhere = tmp_path / "config.yaml", tmp_path / "elsewhere"
    if what == "a file":
        path.write_text("mine")
    else:
        path.symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="exists and is never overwritten"):
        write_new(str(path), NINE_LINES)
    assert not elsewhere.exists()
    assert what != "a file" or path.read_text() == "mine"


def test_a_new_file_is_not_made_where_others_can_replace_it(tmp_path: Path) -> None:
    """The directory is judged first."""
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigurationError, match="others may write"):
        write_new(str(tmp_path / "config.yaml"), NINE_LINES)
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_in_a_missing_directory_is_told(tmp_path: Path) -> None:
    """Nothing is made on the way."""
    with pytest.raises(ConfigurationError, match="nowhere cannot be looked at"):
        write_new(str(tmp_path / "nowhere" / "config.yaml"), NINE_LINES)


PROGRAMS = {
    "ours and executable": (0o755, "", ""),
    "not executable": (0o644, "the program is not safe: {} is not an executable file", ""),
    "writable by others": (
        0o777,
        "the program is not safe: {} has mode 0777",
        "a file in its arguments is not safe: {}",
    ),
}


@pytest.mark.parametrize(("mode", "run", "read"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_and_what_it_reads_must_be_ours(tmp_path: Path, mode: int, run: str, read: str) -> None:
    """It will run with the rights of this program, and a script is run by the interpreter before it."""
    program = tmp_path / "postmap"
    program.write_text("#!/bin/sh\n")
    program.chmod(mode)
    asked = {run: ((str(program),), 0), read: (("/bin/sh", "-e", str(program)), 2)} if run else {}
    for words, (argv, at) in asked.items():
        found = list(program_problems(argv))
        assert [index for index, _ in found] == ([at] if words else [])
        assert all(words.format(program) in text for _, text in found)
    assert run or not list(program_problems([str(program)]))
    assert not list(program_problems(["/bin/sh", str(program)], own=[str(program)]))


def test_a_program_that_is_not_there_yet_is_no_mistake_of_the_file(tmp_path: Path) -> None:
    """A file for another machine can be checked here."""
    assert list(program_problems([str(tmp_path / "nowhere" / "postmap"), str(tmp_path / "script")])) == []


def test_the_loader_judges_the_programs_of_the_file(tmp_path: Path) -> None:
    """With the place in the file."""
    program = tmp_path / "postmap"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o777)
    consumer = f"{{type: credential_file, name: f, path: /x, format: postfix, after: [{program}]}}"
    config = tmp_path / "config.yaml"
    config.write_text(f"{NINE_LINES[: NINE_LINES.index('      - ')]}      - {consumer}\n")
    config.chmod(0o600)
    with pytest.raises(
        ConfigurationError, match="config.yaml:8:77: users.0.consumers.0.after.0: the program is not safe"
    ):
        load(config, {})
