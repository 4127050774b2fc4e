"""The mutation runner notices what it should: it is checked on a module that is easy to see through."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.mutants.__main__ import CORE, SAMPLED, chosen, explanations
from tests.mutants.sites import mutants
from tests.mutants.trying import STAGES, module_name, ours, stages

SOURCE = '''
"""A text with 1 number."""

LIMIT: int = 60


def late(now: int, until: int, *, held: bool = False) -> bool:
    """Whether it is over."""
    assert now > 0
    if held:
        return False
    record(now)
    return now > until + LIMIT and not held
'''


def changes(tmp_path: Path) -> set[str]:
    """What would be tried on the source above."""
    path = tmp_path / "sample.py"
    path.write_text(SOURCE)
    return {one.says for one in mutants(path)}


def test_small_mistakes_are_made_everywhere(tmp_path: Path) -> None:
    """Each kind of mistake that the source allows is made once; texts, annotations and assertions are left alone."""
    assert changes(tmp_path) == {
        "60 → 61",
        "False → True",
        "if held → if not held",
        "return False → return None",
        "record(now) → None",
        "return now > until + LIMIT and (not held) → return None",
        "now > until + LIMIT and (not held) → now > until + LIMIT or not held",
        "now > until + LIMIT → now >= until + LIMIT",
        "until + LIMIT → until - LIMIT",
        "not held → not not held",
    }


def test_a_mutant_is_the_module_with_one_change(tmp_path: Path) -> None:
    """The changed module differs from the one on the disk in exactly what the mutant says."""
    path = tmp_path / "sample.py"
    path.write_text(SOURCE)
    (mutant,) = [one for one in mutants(path) if one.says == "60 → 61"]
    assert ast.unparse(mutant.tree()) == ast.unparse(ast.parse(SOURCE.replace("60", "61")))
    assert path.read_text() == SOURCE


def test_every_module_of_core_is_tried_against_tests() -> None:
    """Core is tried whole, and every stage of tests that a module is tried against exists."""
    paths = ours(CORE)
    assert Path("rotator/core/rules/incident.py") in paths
    assert len({one.path for one in chosen(CORE, 1.0, 1)}) >= 20
    for path in [*paths, *ours(SAMPLED)]:
        names = [name for stage in stages(path) for name in stage if name.startswith("tests/")]
        assert names
        assert [name for name in names if not Path(name).exists()] == []
    assert all(of for of in STAGES.values())
    assert module_name(Path("rotator/core/history/fold.py")) == "rotator.core.history.fold"


def test_a_sample_is_seeded() -> None:
    """The same seed tries the same mutants, another seed others."""
    first, again, other = (tuple(map(str, chosen(CORE, 0.02, seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_an_explained_mutant_exists_and_has_a_reason() -> None:
    """An explanation of a mutant that can no longer be made is out of date and goes."""
    possible = {(str(one.path), one.inside, one.says) for one in chosen((*CORE, *SAMPLED), 1.0, 1)}
    known = explanations()
    assert [one for one in known if one not in possible] == []
    assert [one for one, why in known.items() if len(why) < 20] == []


KILL_ONE = """
from tests.mutants.__main__ import *
prepare()
one = next(m for m in mutants(Path("rotator/core/durations.py")) if "return" in m.says)
sys.exit(run("one", [one], workers=1, most=1).killed)
"""


def test_a_changed_program_is_noticed() -> None:
    """The unchanged program passes its tests in a fork, and a changed one does not."""
    done = subprocess.run([sys.executable, "-c", KILL_ONE], check=False, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "1 mutants, 1 killed" in done.stdout
