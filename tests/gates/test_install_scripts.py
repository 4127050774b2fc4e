"""scripts/: which Python is taken, what is said where there is none, and whose files are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
NO_PYTHON = "exit 127"  # a version manager's shim for a Python it does not have
ONE_COMMAND = "apt-get update -qq && apt-get install -y -qq python3-venv"


def _python(version: int, *, complete: bool = True) -> str:
    """A Python 3.`version`: knows its version, and whether ensurepip is there; builds a folder."""
    age = f"echo 3{version:02d}" if version >= 11 else "exit 1"
    return (
        f'case "$*" in *version_info*) {age} ;; *ensurepip*) exit {0 if complete else 1} ;;'
        f' --version) echo "Python 3.{version}" ;; *) echo "3.{version} $*" >>"$LOG" ;; esac'
    )


class Machine:
    """A machine whose PATH holds exactly the programs it was given."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.log = folder / "bin", folder / "log"
        self.bin.mkdir()

    def add(self, **programs: str) -> Machine:
        """Put shell programs on PATH; `_` in a name stands for `-`, and `v` before a number for a point."""
        for name, body in programs.items():
            path = self.bin / name.replace("_", "-").replace("v", ".")
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)
        return self

    def make_venv(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run scripts/make-venv here."""
        environment = {"PATH": str(self.bin), "LOG": str(self.log), **environment}
        command = ["/bin/sh", str(SCRIPTS / "make-venv"), "there"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def did(self) -> list[str]:
        """What the programs on PATH were made to do."""
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An empty machine."""
    return Machine(tmp_path)


def test_the_newest_python_that_works_is_taken(machine: Machine) -> None:
    """A shim without its Python, an old Python and one that cannot build are passed over."""
    machine.add(python3v14=NO_PYTHON, python3v13=_python(13, complete=False))
    machine.add(python3v12=_python(12), python3=_python(11))
    assert machine.make_venv().returncode == 0
    assert machine.did() == ["3.12 -m venv --clear there"]


def test_a_python_can_be_named(machine: Machine) -> None:
    """PYTHON says which one, whatever else is newer."""
    machine.add(python3v13=_python(13), mine=_python(11))
    machine.make_venv(PYTHON="mine")
    assert machine.did() == ["3.11 -m venv --clear there"]


def test_without_a_python_it_says_what_was_found(machine: Machine) -> None:
    """An old Python is named, and nothing is installed behind anybody's back."""
    result = machine.add(python3=_python(9), apt_get='echo "apt-get $*" >>"$LOG"', id="echo 0").make_venv()
    assert (result.returncode, machine.did()) == (2, [])
    assert "needs Python 3.11 or newer; found: Python 3.9" in result.stderr


def test_an_ordinary_user_is_told_the_one_command(machine: Machine) -> None:
    """Where venv cannot work and we are not root, one command is printed and nothing is tried."""
    machine.add(python3=_python(11, complete=False), apt_get='echo "apt-get $*" >>"$LOG"', id="echo 1000")
    result = machine.make_venv()
    assert (result.returncode, machine.did()) == (2, [])
    assert result.stderr == f"python3 -m venv cannot work here; as root, once:  {ONE_COMMAND}\n"


def test_root_gets_the_missing_package(machine: Machine) -> None:
    """As root the package is installed by name, then the environment is built."""
    complete = f"cat >{machine.bin}/python3 <<'END'\n#!/bin/sh\n{_python(11)}\nEND"
    apt = f'echo "apt-get $*" >>"$LOG"\n[ "$1" = update ] || {complete}'
    machine.add(python3=_python(11, complete=False), apt_get=apt, id="echo 0", cat='exec /bin/cat "$@"')
    result = machine.make_venv()
    assert result.returncode == 0, result.stderr
    assert machine.did() == ["apt-get update -qq", "apt-get install -y -qq python3-venv", "3.11 -m venv --clear there"]


def test_a_failing_installation_fails_loudly(machine: Machine) -> None:
    """If Debian's package cannot be had, no half-built environment is called done."""
    machine.add(python3=_python(11, complete=False), apt_get="echo 'E: no network' >&2; exit 100", id="echo 0")
    result = machine.make_venv()
    assert (result.returncode, machine.did()) == (100, [])
    assert "E: no network" in result.stderr


def _link(program: str, folder: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(SCRIPTS / "link-command"), program, str(folder)]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_the_command_is_linked_and_linked_again(tmp_path: Path) -> None:
    """A second installation, or one from a moved checkout, takes the link over."""
    for checkout in ("/old", "/new", "/new"):
        assert _link(f"{checkout}/.venv/bin/rotator", tmp_path / "bin").returncode == 0
    assert (tmp_path / "bin" / "rotator").readlink() == Path("/new/.venv/bin/rotator")


@pytest.mark.parametrize("link", [False, True], ids=["a file", "a link to something else"])
def test_a_foreign_file_is_left_alone(tmp_path: Path, link: bool) -> None:
    """Another program of that name is never replaced, and the failure says what still works."""
    theirs = tmp_path / "rotator"
    if link:
        theirs.symlink_to("/opt/theirs/rotator")
    else:
        theirs.write_text("theirs")
    result = _link("/here/.venv/bin/rotator", tmp_path)
    assert result.returncode == 1
    assert f"{theirs} is not ours and was left alone; the command is /here/.venv/bin/rotator" in result.stderr
    assert theirs.readlink() == Path("/opt/theirs/rotator") if link else theirs.read_text() == "theirs"


def test_a_folder_off_the_path_is_said_to_be_so(tmp_path: Path) -> None:
    """Whoever types `rotator` next and would not find it is told why."""
    on_path = f"{os.environ['PATH']}:{tmp_path}"
    assert "not on PATH" in _link("/here/.venv/bin/rotator", tmp_path).stdout
    assert "not on PATH" not in _link("/here/.venv/bin/rotator", tmp_path, PATH=on_path).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="policy-rc.d is Debian's")
def test_ci_reads_as_a_script() -> None:
    """The script that CI runs has no syntax error in a branch that this machine does not take."""
    subprocess.run(["bash", "-n", str(SCRIPTS.parent / ".ci" / "run")], check=True)
