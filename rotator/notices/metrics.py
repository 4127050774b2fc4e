"""Metrics for Prometheus' node exporter: one text file for all commands and users, replaced by one rename.

Each command knows a part; the rest is read back from the file, so that the monthly audit's last success is still there
after a rotation.  The form: https://prometheus.io/docs/instrumenting/exposition_formats/ (the last line ends too).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HELP = {
    "rotator_key_age_seconds": "Age of the access key that the user's consumers hold, when rotator last looked.",
    "rotator_active_keys": "Active access keys of the user, when rotator last looked.",
    "rotator_open_rotation_seconds": "How long the open rotation of the user has been open; 0 if none is.",
    "rotator_last_success_timestamp_seconds": "When the command last ended with exit code 0.",
    "rotator_last_exit_code": "The exit code that the command last ended with.",
    "rotator_suppressed_addresses": "Addresses on SES's suppression list, by reason.",
}
Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels]
Samples = Mapping[Sample, float]

LINE = re.compile(r"(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>[0-9.e+-]+)")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
LOCK_S, LOCK_PAUSE_S = 5.0, 0.05
READABLE = 0o644  # the exporter is another user, and nothing here is secret
SIZE_LIMIT = 1 << 20


def sample(name: str, **labels: str) -> Sample:
    """One series; `name` is one of HELP."""
    if name not in HELP:
        raise ValueError(f"no metric is called {name}")
    return name, tuple(sorted(labels.items()))


def rendered(samples: Samples) -> str:
    """The file's text, names in the order of HELP; all of them are counted in whole seconds, keys or codes."""
    lines: list[str] = []
    for name, text in HELP.items():
        of_name = sorted((labels, value) for (one, labels), value in samples.items() if one == name)
        if of_name:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_braces(labels)} {value:.0f}" for labels, value in of_name]
    return "\n".join(lines) + "\n"


def _braces(labels: Labels) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def parsed(text: str) -> dict[Sample, float]:
    """The series of a text of ours; what cannot be read, or has another name, is left out."""
    found: dict[Sample, float] = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        if match is None or match["name"] not in HELP:
            continue
        labels = tuple((name, _plain(value)) for name, value in LABEL.findall(match["labels"] or ""))
        with contextlib.suppress(ValueError):
            found[match["name"], labels] = float(match["value"])
    return found


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda one: "\n" if one[1] == "n" else one[1], value)


def merged(before: Samples, now: Samples, users: frozenset[str]) -> dict[Sample, float]:
    """What the file says from now on: all of `now`, and what others wrote; users who left the file are gone."""
    kept = {series: value for series, value in before.items() if _is_of(series, users)}
    return {**kept, **now}


def _is_of(series: Sample, users: frozenset[str]) -> bool:
    user = dict(series[1]).get("user")
    return user is None or user in users


def update(path: Path, now: Samples, users: frozenset[str], monotonic: Callable[[], float] = time.monotonic) -> None:
    """Write the file anew.  Raises OSError if that was not possible: then it is as it was."""
    with _locked(path.parent, monotonic):
        try:
            before = _read(path).decode("utf-8", "replace")
        except FileNotFoundError:
            before = ""
        _replace(path, rendered(merged(parsed(before), now, users)).encode())


def _read(path: Path) -> bytes:
    """What stands there; the directory may be shared, and a pipe that somebody laid there must not keep us waiting."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        return file.read(SIZE_LIMIT) or b""


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")  # the exporter reads *.prom, and not this
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, READABLE)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), READABLE)  # whatever the umask is
            file.write(content)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(directory: Path, monotonic: Callable[[], float]) -> Iterator[None]:
    """Commands that end in the same second must not lose each other's part."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    until = monotonic() + LOCK_S
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > until:
                    raise
                time.sleep(LOCK_PAUSE_S)
        yield
    finally:
        os.close(handle)
