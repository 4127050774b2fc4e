"""What is shipped: locks that name no place, a complete list of needs, a wheel of the product alone."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import rotator
from tests.gates.source_tree import MODULES, imports, layer

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = {name: (ROOT / "requirements" / f"{name}.lock").read_text("utf-8") for name in ("run", "dev")}
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9a-z.!+]+)(?P<marker> ; [^;\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")

COME_WITH_THEIR_CLIENTS = {"botocore", "google", "httplib2", "oauthlib", "pydantic_core"}


def _normal(requirement: str) -> str:
    """The name of a requirement as locks spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]).lower()


def _pins(lock: str) -> dict[str, str]:
    """Name and version of everything in a lock; fails at a line that is neither a pin nor a hash."""
    lines = [(line, PIN.fullmatch(line)) for line in lock.splitlines()]
    assert [line for line, pin in lines if not pin and not HASH.fullmatch(line)] == []
    return {pin["name"]: pin["version"] for _, pin in lines if pin}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(name: str) -> None:
    """A lock names no index, host or folder: it says what is installed, never from where."""
    assert _pins(LOCKS[name])
    assert len(re.findall(r"== *\S+.*\\\n +--hash=", LOCKS[name])) == len(PIN.findall(LOCKS[name]))


def test_both_locks_agree() -> None:
    """`make test` and `make install` share one environment, so neither may undo the other."""
    run, dev = _pins(LOCKS["run"]), _pins(LOCKS["dev"])
    assert run.items() <= dev.items()


def test_the_locks_hold_all_that_is_asked_for() -> None:
    """A dependency added to pyproject.toml is locked in the same commit."""
    extras = PROJECT["optional-dependencies"]
    assert {_normal(need) for need in PROJECT["dependencies"]} <= _pins(LOCKS["run"]).keys()
    assert {_normal(need) for need in extras["sandbox"] + extras["dev"]} <= _pins(LOCKS["dev"]).keys()
    assert "moto" not in _pins(LOCKS["run"])


def test_moto_is_pinned_exactly() -> None:
    """The sandbox knows moto's insides, so moto is named exactly where it is asked for."""
    moto = [need for need in PROJECT["optional-dependencies"]["sandbox"] if need.startswith("moto")]
    assert moto == [f"moto=={_pins(LOCKS['dev'])['moto']}"]


def _libraries(*, sandbox: bool) -> set[str]:
    """The distributions that the product, or its sandbox, imports by name."""
    modules = [path for name, path in MODULES.items() if (layer(name) == "sandbox") is sandbox]
    tops = {other.partition(".")[0] for path in modules for other in imports(path)}
    shipped = packages_distributions()
    outside = tops - sys.stdlib_module_names - COME_WITH_THEIR_CLIENTS - {"rotator"}
    return {_normal(name) for top in outside for name in shipped.get(top, [top])}


def test_every_import_is_asked_for() -> None:
    """Nothing is imported that only happens to be installed."""
    run = {_normal(need) for need in PROJECT["dependencies"]}
    assert _libraries(sandbox=False) <= run | {_normal(need) for need in PROJECT["optional-dependencies"]["apprise"]}
    assert _libraries(sandbox=True) <= run | {_normal(need) for need in PROJECT["optional-dependencies"]["sandbox"]}


def test_the_wheel_holds_the_product_alone(tmp_path: Path) -> None:
    """What is installed is the package with its runbooks, its licence and one command; tests stay in the repository."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(f"rotator-{rotator.__version__}.dist-info/METADATA").decode()
        commands = archive.read(f"rotator-{rotator.__version__}.dist-info/entry_points.txt").decode()
    assert {name.partition("/")[0] for name in names} == {"rotator", f"rotator-{rotator.__version__}.dist-info"}
    assert f"rotator-{rotator.__version__}.dist-info/licenses/LICENSE" in names
    pages = {f"rotator/runbooks/{page.name}" for page in (ROOT / "runbooks").glob("*.md")}
    assert pages == {name for name in names if name.startswith("rotator/runbooks/")}
    assert "\n# rotator\n" in metadata
    assert commands.split() == ["[console_scripts]", "rotator", "=", "rotator.cli.main:main"]
