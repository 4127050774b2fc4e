"""Run the tests against a mutant: in a fork of a process that has the libraries loaded and none of our modules.

Nothing is written to the tree: the fork imports the changed module in place of the one on the disk.  Chosen over
mutmut, which leaves decorated functions alone (the whole fold is made of them), and over cosmic-ray, which changes the
files themselves and starts a new interpreter for every mutant.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tests.mutants.sites import Mutant

Stage = tuple[str, ...]  # what pytest is given
LIVES = ("tests/rotation", "tests/schedules/test_any_life.py")
SCHEDULES = ("tests/schedules/test_planted_defects.py", "tests/schedules/test_schedules.py", "-k", "not two_faults")
WORDS = ("tests/config", "tests/cli")
TOLD_BY = (
    *(f"mail/{name}" for name in ("bounce", "bounce_mail", "exchange", "explain_bounce", "explain_reply")),
    *("mail/explanation", "mail/authentication_results", "mail/ses_event", "error_ids"),
)
BOUNCES = (
    "tests/core/test_bounce.py",
    "tests/core/test_bounce_edges.py",
    "tests/core/test_exchange.py",
    "tests/explain/test_explain_bounces.py",
)
EXPLAINED = ("tests/explain", "tests/audit/test_headers.py", "tests/gates/test_known_ids.py")
STAGES: dict[str, tuple[Stage, ...]] = {  # the first folder that a module lies in
    "rotator/core/rules": (("tests/core",), LIVES, SCHEDULES),
    "rotator/core/history/fold.py": (("tests/core",), LIVES, SCHEDULES),
    "rotator/core/evidence.py": (("tests/core",), LIVES, SCHEDULES),
    "rotator/core/situation.py": (("tests/core",), LIVES, SCHEDULES),
    **{f"rotator/core/{name}.py": (BOUNCES, EXPLAINED) for name in TOLD_BY},
    "rotator/core": (("tests/core",), LIVES, WORDS),
    "rotator/journal": (("tests/journal",), ("tests/rotation/test_old_journals.py",)),
    "rotator": (LIVES, SCHEDULES, WORDS),
}
EARLY = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # libraries are loaded before pytest is: that is the point
CHOSEN = ("-m", "not slow and not live", "--hypothesis-profile", "mutants")
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", *CHOSEN, *EARLY)
PATIENCE = 4  # a mutant may take so many times as long as the unchanged program, and
GRACE_S = 10


@dataclass(frozen=True, slots=True)
class Tried:
    """One mutant and what became of it: the stage that noticed it, or "" if none did."""

    mutant: Mutant
    killed_by: str


def stages(path: Path, most: int = 9) -> tuple[Stage, ...]:
    """The tests for a module, the quick ones first, and among them those that bear its name; `most` stages."""
    of = next(found for folder, found in STAGES.items() if str(path).startswith(folder))
    namesakes = sorted(str(one) for one in Path("tests").rglob(f"test_*{path.stem}*.py"))
    return tuple((*[one for one in namesakes if one.startswith(stage[0])], *stage) for stage in of[:most])


def prepare() -> None:
    """Load what every fork needs, and none of our own modules."""
    import cryptography.hazmat.primitives.ciphers.aead
    import hypothesis
    import pydantic
    import pytest
    import yaml

    assert all((cryptography, pydantic, pytest, yaml))
    hypothesis.settings.register_profile("mutants", database=None, derandomize=True, deadline=None, max_examples=30)


class ChangedModule(importlib.abc.MetaPathFinder):
    """Finds one module changed, and leaves every other to the usual finders."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, str(path.absolute()), tree

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> Any:
        if fullname != self._name:
            return None
        code = compile(self._tree, self._path, "exec", dont_inherit=True)
        loader = _Changed(fullname, self._path, code)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


class _Changed(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


def module_name(path: Path) -> str:
    """`rotator/core/history/fold.py` is `rotator.core.history.fold`."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def child(mutant: Mutant | None, stage: Stage, limit_s: int) -> int:
    """Fork; the child runs one stage and exits with pytest's code.  Returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.alarm(limit_s)  # nobody handles it: the fork dies of an endless loop
    os.setpgid(0, 0)
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    for name in [name for name in sys.modules if name.partition(".")[0] in {"rotator", "tests"}]:
        del sys.modules[name]
    code = 3
    try:
        if mutant is not None:
            sys.meta_path.insert(0, ChangedModule(module_name(mutant.path), mutant.path, mutant.tree()))
        import pytest

        code = int(pytest.main([*PYTEST, *stage]))
    finally:
        os._exit(code)


def measure(path: Path, most: int) -> tuple[int, ...]:
    """How long each stage of a module may take, from a run of the unchanged program.  Raises SystemExit if it fails."""
    limits = []
    for stage in stages(path, most):
        began = time.monotonic()
        _, status = os.waitpid(child(None, stage, 3600), 0)
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"the unchanged program fails: pytest {' '.join(stage)}")
        limits.append(int((time.monotonic() - began) * PATIENCE) + GRACE_S)
    return tuple(limits)


def try_all(mutants: Iterable[Mutant], workers: int, limits: dict[Path, tuple[int, ...]]) -> Iterator[Tried]:
    """Run every mutant through its stages until one notices it, `workers` at a time."""
    running: dict[int, tuple[Mutant, int]] = {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield from _try_all(mutants, workers, limits, running)
    finally:
        for pid in running:
            _end_group(pid)


def _try_all(
    mutants: Iterable[Mutant], workers: int, limits: dict[Path, tuple[int, ...]], running: dict[int, tuple[Mutant, int]]
) -> Iterator[Tried]:
    waiting = iter(mutants)
    more = True
    while more or running:
        while more and len(running) < workers:
            mutant = next(waiting, None)
            more = mutant is not None
            if mutant is not None:
                running[child(mutant, stages(mutant.path)[0], limits[mutant.path][0])] = (mutant, 0)
        if not running:
            return
        pid, status = os.wait()
        mutant, number = running.pop(pid)
        _end_group(pid)
        of = stages(mutant.path)[: len(limits[mutant.path])]
        if os.waitstatus_to_exitcode(status) != 0:
            yield Tried(mutant, _named(of[number]))
        elif number + 1 < len(of):
            running[child(mutant, of[number + 1], limits[mutant.path][number + 1])] = (mutant, number + 1)
        else:
            yield Tried(mutant, "")


def _named(stage: Stage) -> str:
    return " ".join(stage)


def _end_group(pid: int) -> None:
    """Whatever the fork's tests had started ends with it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def ours(folders: Sequence[str]) -> list[Path]:
    """The modules of some folders or files, sorted."""
    found: set[Path] = set()
    for one in map(Path, folders):
        found |= set(one.rglob("*.py")) if one.is_dir() else {one}
    return sorted(found)
