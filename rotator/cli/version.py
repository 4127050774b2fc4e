"""`rotator --version`: what runs here, for whoever reports a bug or reads a report of one.

Versions are read from what is installed; none of the libraries is imported for it.
"""

from __future__ import annotations

import platform
import sqlite3
from importlib import metadata
from pathlib import Path

import rotator
from rotator.cli.commit import Commit, commit
from rotator.cli.render import Screen

SCHEMA = "rotator/version/1"
# What decides how AWS, Google, DNS and the terminal behave.
LIBRARIES = (
    "boto3", "botocore", "cryptography", "google-api-python-client", "google-auth", "dnspython",
    "pydantic", "typer", "rich",
)  # fmt: skip
NAME_WIDTH = 26


def lines() -> list[str]:
    """Version, commit, Python, SQLite and libraries, for people."""
    rows = [
        ("commit", _built().text),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()})"),
        ("SQLite", sqlite3.sqlite_version),
        *((name, _installed(name) or "not installed") for name in LIBRARIES),
    ]
    return [f"rotator {rotator.__version__}", *(f"  {name:<{NAME_WIDTH}}{text}" for name, text in rows)]


def show(screen: Screen) -> None:
    """Print them, or the same as JSON."""
    screen.out("\n".join(lines()))
    built = _built()
    screen.document(
        SCHEMA,
        {
            "ok": True,
            "version": rotator.__version__,
            "commit": built.id or None,
            "commit_of": built.of or None,
            "changed": built.changed if built.of == "build" else None,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "libraries": {name: _installed(name) for name in LIBRARIES},
        },
    )
    screen.finish(0)


def _built() -> Commit:
    return commit(Path(rotator.__file__).parent)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
