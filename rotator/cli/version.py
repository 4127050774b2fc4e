"""`rotator --version`: what runs here, for whoever reports a bug or reads a report of one.

Versions are read from what is installed; none of the libraries is imported for it.
"""

from __future__ import annotations

import platform
import sqlite3
from importlib import metadata
from pathlib import Path

import rotator
from rotator.cli.commit import commit
from rotator.cli.render import Screen

SCHEMA = "rotator/version/1"
# What decides how AWS, Google, DNS and the terminal behave.
LIBRARIES = (
    "boto3", "botocore", "cryptography", "google-api-python-client", "google-auth", "dnspython", "checkdmarc",
    "pydantic", "typer", "rich",
)  # fmt: skip
NAME_WIDTH = 26


def show(screen: Screen) -> None:
    """Print version, commit, Python, SQLite and libraries."""
    built = commit(Path(rotator.__file__).parent)
    libraries = {name: _installed(name) for name in LIBRARIES}
    rows = [
        ("commit", built.text),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()})"),
        ("SQLite", sqlite3.sqlite_version),
        *((name, version or "not installed") for name, version in libraries.items()),
    ]
    screen.out("\n".join([f"rotator {rotator.__version__}", *(f"  {name:<{NAME_WIDTH}}{text}" for name, text in rows)]))
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
            "libraries": libraries,
        },
    )


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
