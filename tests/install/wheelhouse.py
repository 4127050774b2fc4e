"""Wheels of what is installed here, put together again: a package index in a directory, without any network.

A wheel is a zip of the files that its RECORD names.  Commands are left out (an installer writes them), and so are
Google's descriptions of services that nothing here uses, which are nine tenths of all bytes.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path, PurePosixPath

from tests.gates.source_tree import ROOT
from tests.test_packaging import LOCKS, _pins

DESCRIPTIONS, USED = "googleapiclient/discovery_cache/documents", "gmail.v1.json"


def build(directory: Path, source: Path = ROOT) -> Path:
    """Our own wheel, built as a release is; returns it."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    (wheel,) = directory.glob("rotator-*.whl")
    return wheel


def fill(directory: Path) -> None:
    """The wheel of everything in run.lock that is installed; what is for other systems is not."""
    for name in _pins(LOCKS["run"]):
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        _repack(found, directory)


def _repack(found: metadata.Distribution, directory: Path) -> None:
    tags = [line.split()[1] for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag:")]
    name = found.metadata["Name"].replace("-", "_").replace(".", "_")
    with zipfile.ZipFile(directory / f"{name}-{found.version}-{_joined(tags)}.whl", "w") as wheel:
        for file in found.files or []:
            if _belongs(file):
                wheel.write(str(found.locate_file(file)), str(file))


def _joined(tags: list[str]) -> str:
    """`py2.py3-none-any` for the tags `py2-none-any` and `py3-none-any`."""
    parts = zip(*(tag.split("-") for tag in tags), strict=True)
    return "-".join(".".join(dict.fromkeys(part)) for part in parts)


def _belongs(file: PurePosixPath) -> bool:
    if file.parts[0] == ".." or file.suffix == ".pyc" or file.name in ("INSTALLER", "REQUESTED"):
        return False
    return str(file.parent) != DESCRIPTIONS or file.name == USED
