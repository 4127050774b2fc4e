"""A built wheel, installed as people install it, on a machine that reaches nothing: pip (which pipx runs) and uv."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import rotator
from rotator.cli.commit import of_checkout
from tests.gates.source_tree import ROOT
from tests.install.wheelhouse import build, fill

UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
PATIENCE_S = 240
DATA = (".j2", ".css", ".md", ".txt", ".svg")


@dataclass(frozen=True, slots=True)
class Installed:
    """One installation: the command, and a directory that is no checkout to call it from."""

    command: Path
    home: Path

    def run(self, *arguments: str, code: int = 0) -> str:
        """Standard output of `rotator ARGUMENTS…`; nothing of this environment comes along."""
        nowhere = {"AWS_EC2_METADATA_DISABLED": "true"}  # no credentials are looked for beyond this machine
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home)} | nowhere
        done = subprocess.run(
            [str(self.command), *arguments], cwd=self.home, env=environment, check=False, capture_output=True,
            text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel and the wheels of all that it needs, in one directory."""
    directory = tmp_path_factory.mktemp("wheelhouse")
    fill(directory)
    build(directory)
    return directory


def _do(*command: str, **environment: str) -> None:
    done = subprocess.run(
        command, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"} | environment, check=False,
        capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def by_uv(wheelhouse: Path, home: Path) -> Path:
    """`uv tool install`, with everything it writes below `home`."""
    if UV is None:
        pytest.skip("needs uv")
    places = {f"UV_{name}": str(home / name.lower()) for name in ("TOOL_DIR", "TOOL_BIN_DIR", "CACHE_DIR")}
    source = ("--offline", "--no-index", "--find-links", str(wheelhouse), "--python", sys.executable)
    _do(UV, "tool", "install", "--no-config", *source, "rotator", **places)
    return home / "tool_bin_dir" / "rotator"


def by_pip(wheelhouse: Path, home: Path) -> Path:
    """What pipx does: an environment of its own, and pip in it."""
    _do(sys.executable, "-m", "venv", str(home / "venv"))
    source = ("--no-index", "--find-links", str(wheelhouse), "--no-compile", "--disable-pip-version-check")
    _do(str(home / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", *source, "rotator")
    return home / "venv" / "bin" / "rotator"


WAYS = {"uv tool install": by_uv, "pip, as pipx runs it": by_pip}


@pytest.fixture(scope="module", params=list(WAYS))
def installed(request: pytest.FixtureRequest, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed one way or the other."""
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o700)
    return Installed(WAYS[request.param](wheelhouse, home), home)


def test_it_starts_and_says_what_it_is(installed: Installed) -> None:
    """Help, and the version with the commit that the wheel was built from."""
    assert installed.run("--help").startswith("Usage: rotator ")
    told = json.loads(installed.run("--version", "--json"))
    assert (told["version"], told["commit"] or "") == (rotator.__version__, of_checkout(ROOT))
    assert told["commit_of"] == ("build" if told["commit"] else None)
    assert all(told["libraries"].values())


def test_its_pages_came_along(installed: Installed) -> None:
    """`explain` shows a page where no checkout is."""
    assert "# " in installed.run("explain", "runbooks/smtp-535.md")


def test_it_makes_and_reads_a_configuration(installed: Installed) -> None:
    """The schema, a file from nothing, the policy for it, a crontab, a report: every library and data file is there."""
    config, state = installed.home / "config.yaml", installed.home / "state"
    installed.run("config", "schema")
    installed.run(
        "config", "init", "-c", str(config), "--state", str(state), "--account", "123456789012", "--user",
        "jada-ses-smtp", "--mailbox", "jada@example.com", "--alias", "admin@example.com", "--no-input",
    )  # fmt: skip
    installed.run("config", "check", "-c", str(config))
    assert "iam:CreateAccessKey" in installed.run("config", "policy", "-c", str(config))
    assert str(installed.command) in installed.run("schedule", "cron", "-c", str(config))
    page = installed.home / "report.html"
    installed.run("report", "-c", str(config), "-o", str(page))
    told = page.read_text("utf-8")
    assert "jada-ses-smtp: no journal here" in told
    assert (ROOT / "rotator" / "report" / "style.css").read_text("utf-8").splitlines()[0] in told


def test_without_the_sandbox_s_libraries_it_says_so(installed: Installed) -> None:
    """The sandbox is an extra; whoever calls it without reads how to get it, and no traceback."""
    done = subprocess.run(
        [str(installed.command), "sandbox", "demo"], cwd=installed.home, env={"PATH": "/usr/bin:/bin"}, check=False,
        capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode != 0
    assert "rotator[sandbox]" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_wheel_has_every_file_that_is_no_module(wheelhouse: Path) -> None:
    """Templates, styles and pages are read at run time; one that was forgotten would be missed only then."""
    (wheel,) = wheelhouse.glob("rotator-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    source = {str(path.relative_to(ROOT)) for path in (ROOT / "rotator").rglob("*") if path.suffix in DATA}
    others = {path.suffix for path in (ROOT / "rotator").rglob("*") if path.is_file()} - {".py", ".pyc", *DATA}
    assert source - names == set()
    assert others == set()


def test_a_wheel_made_from_a_source_archive_knows_the_commit_too(tmp_path: Path) -> None:
    """The archive carries it from the repository to wherever the wheel is built."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE_S)
    shutil.unpack_archive(next(tmp_path.glob("*.tar.gz")), tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert not (source / ".git").exists()
    with zipfile.ZipFile(build(tmp_path / "wheel", source)) as archive:
        names = [name for name in archive.namelist() if name == "rotator/commit.txt"]
        told = archive.read(names[0]).decode().split()[:1] if names else []
    assert "".join(told) == of_checkout(ROOT)
